/** Each agent that Kandev brings along, for real, as far as it goes without an account: npm run test:agents. */
import { chown, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentManager } from '../../src/agents/agentManager.ts';
import { checkAgent, type AgentReport } from '../../src/agents/checkAgent.ts';
import type { Engine } from '../../src/agents/engine.ts';
import { builtInAgentTypes, resolveAgentTypes } from '../../src/agents/registry.ts';
import { removeStateVolume, stateVolumeName } from '../../src/agents/stateVolume.ts';
import type { AgentType } from '../../src/model/agentType.ts';
import { engineAt } from '../harness/images.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { copyOf, makeDist } from './board.ts';

interface Expected {
  id: string;
  name: string;
  signIn: AgentReport['signIn']['kind'];
  /** With these it is taken to be signed in; nothing is reached at that address. */
  environment?: Readonly<Record<string, string>>;
}

const nowhere = 'http://127.0.0.1:9';
const agents: readonly Expected[] = [
  { id: 'auggie-cli', name: 'auggie', signIn: 'needed' },
  {
    id: 'gemini',
    name: 'gemini-cli',
    signIn: 'needed',
    environment: { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: nowhere },
  },
  { id: 'claude', name: '@agentclientprotocol/claude-agent-acp', signIn: 'unknown' },
  { id: 'codex', name: '@agentclientprotocol/codex-acp', signIn: 'needed' },
  { id: 'copilot', name: 'Copilot', signIn: 'needed' },
  { id: 'opencode', name: 'OpenCode', signIn: 'ready' },
  {
    id: 'qwen',
    name: 'qwen-code',
    signIn: 'needed',
    environment: { OPENAI_API_KEY: 'none', OPENAI_BASE_URL: `${nowhere}/v1`, OPENAI_MODEL: 'none' },
  },
];

let engine: Engine;
let distFolder = '';
let folder = '';
let manager: AgentManager;
const used = new Set<string>();

beforeAll(async () => {
  engine = await engineAt(dockerHost());
  distFolder = await makeDist();
  folder = await makeFolder('project');
  if (process.getuid?.() === 0) await chown(folder, 1000, 1000);
  manager = new AgentManager({
    engineSetting: () => dockerHost(),
    storageFolder: await makeFolder('storage'),
    distFolder,
    owner: { installation: `test-${testRunId()}`, workspace: 'agents', owner: 'test' },
    environment: process.env,
  });
});

afterAll(async () => {
  for (const id of used) await removeStateVolume(engine, stateVolumeName(id));
});

function copy(id: string): AgentType {
  const type = builtInAgentTypes.find((candidate) => candidate.id === id);
  if (!type) throw new Error(`There is no agent type ${id}.`);
  const entry = copyOf(type, distFolder);
  used.add(entry.id);
  const [own] = resolveAgentTypes([entry]).types.filter((candidate) => candidate.id === entry.id);
  if (!own) throw new Error(`The setting does not take ${id}.`);
  return own;
}

async function check(id: string, environment: Readonly<Record<string, string>>): Promise<AgentReport> {
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  const progress = { activity: keep, log: keep, stderr: keep, starting: () => undefined };
  try {
    return await checkAgent({
      agents: manager,
      agentType: copy(id),
      environment,
      folder,
      storageFolder: await makeFolder('check'),
      clientVersion: '0.0.0-test',
      timeoutMs: 60_000,
      progress,
      signal: new AbortController().signal,
    });
  } catch (error) {
    throw new Error(lines.slice(-40).join('\n'), { cause: error });
  }
}

/** The version that the Dockerfile installs. */
async function pinnedVersion(id: string): Promise<string> {
  const dockerfile = await readFile(path.join(distFolder, 'agents', id, 'Dockerfile'), 'utf8');
  return /\S@(\d+\.\d+\.\d+)/.exec(dockerfile)?.[1] ?? '';
}

describe.each(agents)('$id', ({ id, name, signIn }) => {
  it('starts in its own image, says who it is, and whether it needs a sign-in', async () => {
    const report = await check(id, {});
    const size = await imageMegabytes(copy(id).image);
    const times = `${Math.round(report.startMs)} ms to start, ${Math.round(report.initializeMs)} ms to initialize`;
    console.log(`${id} ${report.agent?.version ?? '?'}: ${size} MB, ${times}`);
    expect(report.agent?.name).toBe(name);
    expect(report.agent?.version).toContain(await pinnedVersion(id));
    expect(report.signIn.kind).toBe(signIn);
    expect(report.capabilities.loadSession).toBe(true);
    if (signIn !== 'needed') expectFirstMode(id, report);
  }, 600_000);
});

describe.each(agents.filter(({ environment }) => environment))(
  '$id with its variables',
  ({ id, environment }) => {
    it('opens a session, and has its first mode', async () => {
      const report = await check(id, environment ?? {});
      expect(report.signIn.kind).toBe('ready');
      expectFirstMode(id, report);
    });
  },
);

function expectFirstMode(id: string, { options }: AgentReport): void {
  const { firstMode } = copy(id);
  if (firstMode === null) return;
  const modes = options.find(({ category, id: option }) => category === 'mode' || option === 'mode');
  expect(modes?.choices.map((choice) => choice.id)).toContain(firstMode);
}

async function imageMegabytes(image: string): Promise<number> {
  const { Size } = await engine.call('looking at the image', (docker) => docker.getImage(image).inspect());
  return Math.round(Size / 1e6);
}
