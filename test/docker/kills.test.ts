import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { CardView } from '../../src/model/cardView.ts';
import { makeDist } from '../agents/board.ts';
import { HostProcess } from '../harness/hostProcess.ts';
import type { HostOptions } from '../harness/host.mts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { disagreements, onEngine } from './agreement.ts';

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

const isReviewed = ({ task }: CardView): boolean => task.state === 'REVIEW' || task.state === 'FAILED';

it(`${kills} kills at any moment of a start: database and engine agree soon, and nothing is left that should not be`, async () => {
  const taskIds: string[] = [];
  for (let n = 0; n < kills; n++) {
    taskIds.push(await start());
    // While its workspace is made, its container is created or started, its agent greeted, told, heard.
    await sleep(Math.random() * 1_500);
    await host.kill();
    host = await HostProcess.start(options);
    await expect
      .poll(() => disagreements(host, options.installation), { timeout: agreeWithinMs })
      .toEqual([]);
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
  expect(await onEngine(options.installation)).toEqual({ containers: [], volumes: [] });
  const trees = path.join(options.storageFolder, 'workspaces', 'trees');
  expect(await readdir(trees)).toHaveLength(kills);
  await host.execute('workspaces.clear', {});
  expect((await host.query('workspaces', {})).entries).toEqual([]);
  expect(await readdir(trees)).toEqual([]);
});
