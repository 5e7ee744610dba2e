import { chown, readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { AgentCheckFailed, checkAgent, type AgentCheck } from '../../src/agents/checkAgent.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import type { AgentType } from '../../src/model/agentType.ts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { neverAborted, RecordedProgress, requestFor, testEngine, testManager } from './agents.ts';

let agents: AgentManager;
let image = '';
let storageFolder = '';
let folder = '';

beforeAll(async () => {
  agents = await testManager();
  image = `kandev-test/demo-check:${testRunId()}`;
  await importMachineImage(dockerHost(), image, { '/opt/agent.js': await readFile(await demoAgentFile()) });
  storageFolder = await makeFolder('check-storage');
  folder = await makeFolder('check-project');
  if (process.getuid?.() === 0) await chown(folder, 12_345, 23_456);
});

interface Checked {
  flags?: readonly string[];
  type?: Partial<AgentType>;
  check?: Partial<AgentCheck>;
}

/** Checks the demo agent, and makes sure that nothing is left of that. */
async function check({ flags = [], type = {}, check: more = {} }: Checked = {}) {
  const command = ['node', '/opt/agent.js', ...flags];
  const { agentType } = requestFor(folder, command, { image, ...type });
  try {
    return await checkAgent({
      agents,
      agentType,
      environment: {},
      folder,
      storageFolder,
      clientVersion: '0.0.0-test',
      timeoutMs: 20_000,
      progress: new RecordedProgress(),
      signal: neverAborted(),
      ...more,
    });
  } finally {
    expect(await readdir(storageFolder)).toEqual([]);
    expect(await containers()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  }
}

async function containers(): Promise<string[]> {
  const engine = await testEngine();
  const filters = { label: [`${containerLabels.testRun}=${testRunId()}`] };
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters }),
  );
  return found.flatMap(({ Names }) => Names).filter((name) => name.includes('check-'));
}

describe('checking an agent', () => {
  it('says who it is, what it can do, and how long it took', async () => {
    const report = await check();
    expect(report).toMatchObject({
      agent: { name: 'kandev-demo-agent', version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string },
      protocolVersion: 1,
      capabilities: { loadSession: true, session: { resume: true, list: true } },
      signIn: { kind: 'ready' },
    });
    const mode = report.options.find(({ category }) => category === 'mode');
    expect(mode?.choices.map(({ id }) => id)).toContain('plan');
    expect(report.startMs).toBeGreaterThan(0);
    expect(report.initializeMs).toBeGreaterThan(0);
    expect(report.startMs + report.initializeMs).toBeLessThan(20_000);
  });

  it('measures how long it takes to answer', async () => {
    expect((await check({ flags: ['--slow-initialize', '700'] })).initializeMs).toBeGreaterThan(700);
  });

  it('says that a sign-in is needed, and by which ways', async () => {
    const report = await check({ flags: ['--auth'] });
    expect(report.signIn).toMatchObject({ kind: 'needed', message: expect.stringMatching(/./) as string });
    expect(report.options).toEqual([]);
    expect(report.authMethods.length).toBeGreaterThan(0);
  });

  it('signs in where a variable is set for that', async () => {
    const type = { signIn: { automatic: [{ variable: 'KEY', method: await methodOfDemo() }] } };
    const environment = { KEY: 'x' };
    expect((await check({ flags: ['--auth'], type, check: { environment } })).signIn).toEqual({
      kind: 'ready',
    });
    const other = { signIn: { automatic: [{ variable: 'KEY', method: 'none-of-its' }] } };
    expect((await check({ flags: ['--auth'], type: other, check: { environment } })).signIn).toMatchObject({
      kind: 'needed',
    });
  });

  it('does not know whether an agent is signed in that tells only at its prompt', async () => {
    const report = await check({ flags: ['--auth-at-prompt'], type: { signIn: { missingUntil: 'prompt' } } });
    expect(report.signIn).toEqual({ kind: 'unknown' });
  });

  it('says how an agent ended that did', async () => {
    const flags = ['--exit-before-initialize', '3', '--stderr', 'no licence found'];
    const failed: unknown = await check({ flags }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(AgentCheckFailed);
    expect(failed).toMatchObject({
      error: { reason: 'closed' },
      exit: { exitCode: 3, oomKilled: false },
      initialized: false,
      stderr: expect.stringContaining('no licence found') as string,
    });
  });

  it.each([
    ['says nothing', ['--silent'], 'timeout'],
    ['speaks another version', ['--protocol-version', '99'], 'protocol-version'],
  ])('says that an agent %s', async (_what, flags, reason) => {
    await expect(check({ flags, check: { timeoutMs: 2_000 } })).rejects.toMatchObject({
      name: 'AgentCheckFailed',
      error: { reason },
      exit: null,
      initialized: false,
    });
  });

  it('can be given up', async () => {
    const abort = new AbortController();
    const reason = new Error('closed by the user');
    const progress = new RecordedProgress();
    progress.starting = () => {
      abort.abort(reason);
    };
    await expect(check({ flags: ['--silent'], check: { signal: abort.signal, progress } })).rejects.toBe(
      reason,
    );
  });

  it('says what is wrong with the image', async () => {
    const type = { image: '127.0.0.1:1/nothing/there:1' };
    await expect(check({ type })).rejects.toMatchObject({ failure: { reason: 'registry-unreachable' } });
  });
});

/** The demo agent's own way to sign in by a request. */
async function methodOfDemo(): Promise<string> {
  const { authMethods } = await check({ flags: ['--auth'] });
  const method = authMethods.find(({ type }) => type === 'agent');
  if (!method) throw new Error('The demo agent has no way to sign in by a request.');
  return method.id;
}
