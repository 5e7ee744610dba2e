import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { containerLabels } from '../../src/agents/labels.ts';
import type { CardView } from '../../src/model/cardView.ts';
import { isBusy } from '../../src/model/run.ts';
import { makeDist } from '../agents/board.ts';
import { HostProcess } from '../harness/hostProcess.ts';
import type { HostOptions } from '../harness/host.mts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { testEngine } from './agents.ts';

// Every kill costs the start of a process and of its board.
vi.setConfig({ testTimeout: 180_000 });

const kills = 5;
const agreeWithinMs = 10_000;
const image = `kandev-test/killed:${testRunId()}`;
let options: HostOptions;
let host: HostProcess;

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, { '/agent.js': await readFile(await demoAgentFile()) });
  options = {
    storageFolder: await makeFolder('storage'),
    folder: await makeFolder('folder'),
    distFolder: await makeDist(),
    dockerHost: dockerHost(),
    installation: `${testRunId()}-kills`,
    agents: [{ id: 'demo', name: 'Demo', image, command: ['node', '/agent.js'], cpus: 1, memoryMb: 256 }],
    maxConcurrentRuns: kills,
    whenClosed: 'keepRunning',
  };
  host = await HostProcess.start(options);
  await host.execute('credentials.share', { ids: [] });
});

afterAll(() => host.close());

async function start(): Promise<string> {
  const description = '```kandev-script\nmessage Working\ndelay 2s\nmessage Done\n```';
  const { id } = await host.execute('task.create', {
    ...{ title: 'Killed', description, agentTypeId: 'demo', workspaceMode: 'copy' },
  });
  await host.execute('task.start', { taskId: id });
  return id;
}

async function onEngine(): Promise<{ containers: { runId: string; running: boolean }[]; volumes: string[] }> {
  const engine = await testEngine();
  const filters = { label: [`${containerLabels.installation}=${options.installation}`] };
  const [containers, volumes] = await Promise.all([
    engine.call('listing containers', (docker) => docker.listContainers({ all: true, filters })),
    engine.call('listing volumes', (docker) => docker.listVolumes({ filters })),
  ]);
  return {
    containers: containers.map(({ Labels, State }) => ({
      runId: Labels[containerLabels.run] ?? '',
      running: State === 'running',
    })),
    volumes: volumes.Volumes.map(({ Name }) => Name),
  };
}

/** In which points database and engine say different things. */
async function disagreements(): Promise<string[]> {
  const { cards } = await host.query('boards', {});
  const { containers } = await onEngine();
  const runs = new Map(cards.flatMap(({ run }) => (run === null ? [] : [[run.id, run] as const])));
  const strays = containers
    .filter(({ runId }) => {
      const run = runs.get(runId);
      return run === undefined || (!isBusy(run.state) && run.state !== 'READY');
    })
    .map(({ runId }) => `a container of ${runId}, which is over`);
  const missing = [...runs.values()]
    .filter(({ state }) => state === 'RUNNING' || state === 'WAITING' || state === 'READY')
    .filter(({ id }) => !containers.some(({ runId, running }) => runId === id && running))
    .map(({ id, state }) => `${id} is ${state} without a container`);
  const idle = cards
    .filter(({ task, run }) => task.state === 'IN_PROGRESS' && !(run && isBusy(run.state)))
    .map(({ task }) => `nothing runs for ${task.id}, which is in progress`);
  return [...strays, ...missing, ...idle];
}

const isReviewed = ({ task }: CardView): boolean => task.state === 'REVIEW' || task.state === 'FAILED';

it(`${kills} kills at any moment of a start: database and engine agree soon, and nothing is left that should not be`, async () => {
  const taskIds: string[] = [];
  for (let n = 0; n < kills; n++) {
    taskIds.push(await start());
    // While its workspace is made, its container is created or started, its agent greeted, told, heard.
    await sleep(Math.random() * 1_500);
    await host.kill();
    host = await HostProcess.start(options);
    await expect.poll(disagreements, { timeout: agreeWithinMs }).toEqual([]);
  }
  for (const taskId of taskIds) {
    const { task, run } = await host.card(taskId);
    // One that was stopped before it had been told anything waits in the queue, or for its user's word.
    if (task.state === 'TODO' && task.heldBecause !== null) await host.execute('task.start', { taskId });
    const card = await host.until(taskId, isReviewed);
    expect(card.task.state, JSON.stringify(run)).toBe('REVIEW');
  }
  expect(await host.query('leftovers', {})).toEqual([]);
  for (const taskId of taskIds) await host.execute('task.delete', { taskId });
  expect(await onEngine()).toEqual({ containers: [], volumes: [] });
  const trees = path.join(options.storageFolder, 'workspaces', 'trees');
  expect(await readdir(trees)).toHaveLength(kills);
  await host.execute('workspaces.clear', {});
  expect((await host.query('workspaces', {})).entries).toEqual([]);
  expect(await readdir(trees)).toEqual([]);
});
