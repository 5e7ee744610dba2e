import { readFile } from 'node:fs/promises';
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

const agreeWithinMs = 10_000;
const image = `kandev-test/windows:${testRunId()}`;
let options: HostOptions;
/** Two windows of one folder, of which one leads. */
let windows: HostProcess[] = [];

/** When the window that leads is killed: so soon after the card is so far. */
const moments: readonly (readonly [string, (card: CardView) => boolean, number])[] = [
  ['while the run is started', () => true, 1_500],
  ['in mid-turn', ({ run }) => run?.activity === 'Working', 300],
  ['while the agent waits for its user', ({ permissions }) => permissions.length > 0, 100],
  ['while the work is over', ({ task }) => task.state === 'REVIEW', 0],
];

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, { '/agent.js': await readFile(await demoAgentFile()) });
  options = {
    storageFolder: await makeFolder('storage'),
    folder: await makeFolder('folder'),
    distFolder: await makeDist(),
    dockerHost: dockerHost(),
    installation: `${testRunId()}-windows`,
    agents: [{ id: 'demo', name: 'Demo', image, command: ['node', '/agent.js'], cpus: 1, memoryMb: 256 }],
    maxConcurrentRuns: moments.length,
    whenClosed: 'keepRunning',
    isShared: true,
  };
  windows = [await HostProcess.start(options), await HostProcess.start(options)];
  await anyone().execute('credentials.share', { ids: [] });
});

afterAll(async () => {
  for (const window of windows) await window.close();
});

const anyone = (): HostProcess => {
  const found = windows[Math.floor(Math.random() * windows.length)];
  if (!found) throw new Error('All windows are gone.');
  return found;
};

/** Kills the window that leads, as a crash does; the other one has to take over, and a new one joins it. */
async function killLeader(): Promise<void> {
  const roles = await Promise.all(windows.map((window) => window.role()));
  expect([...roles].sort()).toEqual(['follower', 'leader']);
  const leader = windows[roles.indexOf('leader')];
  const [survivor] = windows.filter((window) => window !== leader);
  if (!survivor) throw new Error('There is no other window.');
  await leader?.kill();
  windows = [survivor];
  await expect
    .poll(() => disagreements(survivor, options.installation), { timeout: agreeWithinMs })
    .toEqual([]);
  expect(await survivor.role()).toBe('leader');
  windows.push(await HostProcess.start(options));
}

async function answer({ permissions }: CardView): Promise<void> {
  for (const {
    id: requestId,
    options: [first],
  } of permissions) {
    await anyone().execute('permission.answer', { requestId, optionId: first?.optionId ?? null });
  }
}

/** Sees to it that a card comes to its end, whatever its run was cut off in. */
async function bringToReview(taskId: string): Promise<CardView> {
  for (;;) {
    const card = await anyone().until(
      taskId,
      ({ task, permissions }) =>
        permissions.length > 0 ||
        task.state === 'REVIEW' ||
        task.state === 'FAILED' ||
        (task.state === 'TODO' && task.heldBecause !== null),
    );
    if (card.permissions.length > 0) await answer(card);
    else if (card.task.state === 'TODO') await anyone().execute('task.start', { taskId });
    else return card;
  }
}

it('a window that leads is killed again and again: nothing is doubled, nothing is lost, and the other one goes on', async () => {
  const description = '```kandev-script\nmessage Working\ndelay 500ms\npermission "Go on"\nmessage Done\n```';
  const taskIds: string[] = [];
  for (const [what, isSoFar, withinMs] of moments) {
    const { id } = await anyone().execute('task.create', {
      ...{ title: what, description, agentTypeId: 'demo', workspaceMode: 'copy' },
    });
    taskIds.push(id);
    await anyone().execute('task.start', { taskId: id });
    if (what === 'while the work is over') await bringToReview(id);
    else await anyone().until(id, isSoFar);
    await sleep(Math.random() * withinMs);
    await killLeader();
    const { task, run } = await bringToReview(id);
    expect(task.state, `${what}: ${JSON.stringify(run)}`).toBe('REVIEW');
  }
  const { cards } = await anyone().query('boards', {});
  expect(cards.map(({ task }) => task.id).sort()).toEqual([...taskIds].sort());
  for (const taskId of taskIds) {
    const { run, permissions } = await anyone().card(taskId);
    const entries = await anyone().query('run.transcript', { runId: run?.id ?? '' });
    const texts = (kind: string): string[] =>
      entries.flatMap((entry) => (entry.kind === kind ? [entry.text] : []));
    expect(texts('message')).toEqual(['Working', 'Done']);
    expect(texts('user')).toHaveLength(1);
    expect(texts('turn_end')).toHaveLength(1);
    expect(permissions).toEqual([]);
  }
  const { containers } = await onEngine(options.installation);
  const runIds = containers.map(({ runId }) => runId);
  expect(new Set(runIds).size).toBe(runIds.length);
  for (const taskId of taskIds) await anyone().execute('task.delete', { taskId });
  expect(await onEngine(options.installation)).toEqual({ containers: [], volumes: [] });
  expect(await anyone().query('leftovers', {})).toEqual([]);
});
