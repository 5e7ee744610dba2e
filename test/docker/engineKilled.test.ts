import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { containerLabels } from '../../src/agents/labels.ts';
import type { CardView } from '../../src/model/cardView.ts';
import { makeDist } from '../agents/board.ts';
import { HostProcess } from '../harness/hostProcess.ts';
import type { HostOptions } from '../harness/host.mts';
import { importMachineImage } from '../harness/images.ts';
import { KillableEngine } from '../harness/killableEngine.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';

// An engine takes seconds to start, and does so three times.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const image = 'kandev-test/survivor:latest';
let engine: KillableEngine;
let options: HostOptions;
let host: HostProcess;

beforeAll(async () => {
  // So that containers outlive the engine, as many set it up; the other way is tried by stopping them by hand.
  engine = await KillableEngine.start(['--live-restore']);
  await importMachineImage(engine.dockerHost, image, { '/agent.js': await readFile(await demoAgentFile()) });
  options = {
    storageFolder: await makeFolder('storage'),
    folder: await makeFolder('folder'),
    distFolder: await makeDist(),
    dockerHost: engine.dockerHost,
    installation: `${testRunId()}-engine`,
    agents: [{ id: 'demo', name: 'Demo', image, command: ['node', '/agent.js'], cpus: 1, memoryMb: 256 }],
    maxConcurrentRuns: 5,
    whenClosed: 'keepRunning',
  };
  host = await HostProcess.start(options);
  await host.execute('credentials.share', { ids: [] });
});

afterEach(async () => {
  for (const { Id } of await containers()) {
    await engine.engine.call('removing', (docker) => docker.getContainer(Id).remove({ force: true }));
  }
});

afterAll(async () => {
  await host.close();
  await engine.stop();
});

async function containers() {
  const label = [`${containerLabels.installation}=${options.installation}`];
  return engine.engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
}

async function start(script: readonly string[]): Promise<string> {
  const { id } = await host.execute('task.create', {
    title: 'Survive',
    description: ['```kandev-script', ...script, '```'].join('\n'),
    agentTypeId: 'demo',
    workspaceMode: 'copy',
  });
  await host.execute('task.start', { taskId: id });
  await host.until(id, ({ run }) => run?.state === 'RUNNING');
  return id;
}

const isOver = ({ task }: CardView): boolean => task.state === 'REVIEW' || task.state === 'FAILED';

async function said(taskId: string): Promise<string> {
  const entries = await host.transcript(taskId);
  return entries.flatMap(({ kind, text }) => (kind === 'message' ? [text] : [])).join('');
}

describe('an engine that is killed in mid-run', () => {
  it('and keeps its containers has lost nothing of what their agents say, also for a new window', async () => {
    const taskId = await start(['stream 200 chunks every 50ms']);
    await engine.kill();
    await sleep(500);
    await engine.startAgain();
    await host.kill();
    host = await HostProcess.start(options);
    const card = await host.until(taskId, isOver);
    expect(card.task.state).toBe('REVIEW');
    const all = Array.from({ length: 200 }, (_none, index) => `chunk ${index + 1} of 200\n`).join('');
    expect(await said(taskId)).toBe(all);
    await host.execute('task.delete', { taskId });
    expect(await containers()).toEqual([]);
  });

  it('and takes them along ends their runs in words; a message goes on, and nothing is left', async () => {
    const taskId = await start(['message Before', 'hang']);
    const { run } = await host.card(taskId);
    const { State } = await engine.engine.call('looking', (docker) =>
      docker.getContainer(run?.containerId ?? '').inspect(),
    );
    await engine.kill();
    process.kill(State.Pid, 'SIGKILL');
    await engine.startAgain();
    const failed = await host.until(taskId, isOver);
    expect(failed.task.state).toBe('FAILED');
    expect(failed.run?.failure?.message).toMatch(/ended|stopped|removed/);
    await host.execute('task.prompt', { taskId, text: '```kandev-script\nmessage After\n```' });
    await host.until(taskId, ({ task }) => task.state === 'REVIEW');
    expect(await said(taskId)).toBe('After');
    await host.execute('task.delete', { taskId });
    expect(await containers()).toEqual([]);
  });
});
