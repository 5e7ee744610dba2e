/** What becomes of containers by what is done with cards, and what cards say when something is wrong with them. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CardView } from '../../src/model/cardView.ts';
import type { WorkspaceMode } from '../../src/model/task.ts';
import { makeDist, openBoard, type TestBoard } from '../agents/board.ts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { makeRepository } from '../harness/repository.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { containersOf } from './agents.ts';

const run = promisify(execFile);
const image = `kandev-test/cards:${testRunId()}`;
const startTimeoutSeconds = 3;
let distFolder = '';
let folder = '';
let board: TestBoard;

const demo = ['node', '/opt/kandev/agent.js'];
// The brackets keep the shell from finding itself.
const killKeeper =
  'for each in /proc/[0-9]*; do grep -q keeper[.]js $each/cmdline && kill -9 ${each#/proc/}; done';
const agents = [
  { id: 'demo-agent', name: 'Demo agent', image, command: demo },
  {
    id: 'silent',
    name: 'Silent agent',
    image,
    command: [...demo, '--silent', '--stderr', 'Loading the model'],
  },
  {
    id: 'full',
    name: 'Greedy agent',
    image,
    command: ['sh', '-c', 'cat /dev/zero > everything || exit 1'],
  },
];

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, {
    '/opt/kandev/agent.js': await readFile(await demoAgentFile()),
  });
  distFolder = await makeDist();
  folder = await makeRepository('cards');
  board = await openBoard(distFolder, {
    folder,
    environment: {},
    agents,
    startTimeoutSeconds,
    whenClosed: 'keepRunning',
  });
});

afterAll(() => board.close());

interface Start {
  on?: TestBoard;
  agentTypeId?: string;
  title?: string;
  workspaceMode?: WorkspaceMode;
}

async function start(
  script: readonly string[],
  { on = board, agentTypeId = 'demo-agent', title = 'A card', workspaceMode = 'folder' }: Start = {},
): Promise<string> {
  const description = ['```kandev-script', ...script, '```'].join('\n');
  const input = { title, description, agentTypeId, workspaceMode };
  const { id: taskId } = await on.kandev.execute('task.create', input);
  await on.kandev.execute('task.start', { taskId });
  return taskId;
}

const inState =
  (...states: string[]) =>
  ({ task }: CardView): boolean =>
    states.includes(task.state);
const runOf = ({ run: of }: CardView): string => of?.id ?? '';

/** Its container goes after the card: how long that takes is the engine's. */
const isGone = (runId: string): Promise<void> =>
  vi.waitFor(async () => {
    expect(await containersOf(runId)).toEqual([]);
  }, 10_000);

describe('the container of a card', () => {
  it.each([
    ['deleted', (taskId: string) => board.kandev.execute('task.delete', { taskId })],
    ['done', (taskId: string) => board.kandev.execute('task.move', { taskId, to: 'COMPLETED' })],
    ['put away', (taskId: string) => board.kandev.execute('task.move', { taskId, to: 'CANCELLED' })],
  ])('that is in Review is kept for another message, and goes when the card is %s', async (_what, act) => {
    const taskId = await start(['message Done']);
    const card = await board.until(taskId, inState('REVIEW'));
    expect(await containersOf(runOf(card))).toHaveLength(1);
    await act(taskId);
    await isGone(runOf(card));
  });

  it('that an agent works in goes with the card', async () => {
    const taskId = await start(['message Begun', 'hang']);
    const card = await board.until(taskId, ({ run: of }) => of?.state === 'RUNNING');
    expect(await containersOf(runOf(card))).toHaveLength(1);
    await board.kandev.execute('task.delete', { taskId });
    await isGone(runOf(card));
  });
});

describe('a card whose agent', () => {
  it('works where another one does waits, says for whom, and is started when that has ended', async () => {
    const first = await start(['message Begun', 'hang'], { title: 'The first' });
    await board.until(first, ({ run: of }) => of?.state === 'RUNNING');
    const second = await start(['message Mine'], { title: 'The second' });
    const waiting = await board.until(second, ({ queue }) => queue !== null);
    expect(waiting.queue?.why).toBe('Waits for “The first”, which works in the folder');
    expect(waiting.run).toBeNull();
    await board.kandev.execute('task.stop', { taskId: first });
    const done = await board.until(second, inState('REVIEW'));
    expect(done.queue).toBeNull();
    await board.kandev.execute('task.stop', { taskId: second });
  });

  it('says nothing after its start says so, with its last words, and its container is gone', async () => {
    const taskId = await start(['message Never'], { agentTypeId: 'silent' });
    const card = await board.until(taskId, inState('FAILED'));
    expect(card.run?.failure).toMatchObject({
      reason: 'no-answer',
      message: `Silent agent did not answer within ${startTimeoutSeconds} seconds of being started. It was stopped.`,
      detail: 'Loading the model',
      action: { kind: 'retry', taskId },
    });
    await isGone(runOf(card));
  });

  it('kills what runs it is told of as one that has ended, and nothing is left', async () => {
    // The first process of a container takes no such signal from within.
    const taskId = await start([
      'message Here',
      'terminal kill -9 1; echo still here',
      `terminal ${killKeeper}`,
    ]);
    const card = await board.until(taskId, inState('FAILED'));
    expect(card.run?.failure).toMatchObject({
      reason: 'crashed',
      message: expect.stringMatching(
        /^Demo agent ended with exit code 137 in the middle of its work\./,
      ) as string,
      action: { kind: 'retry', taskId },
    });
    const entries = await board.kandev.query('run.transcript', { runId: runOf(card) });
    expect(entries.map(({ text }) => text)).toContain('Here');
    await isGone(runOf(card));
  });
});

/** Only root can make a small disk; where tests cannot, there is nothing to fill. */
const disks: string[] = [];

async function smallDisk(name: string): Promise<string> {
  const disk = path.join(await makeFolder(name), 'disk');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', disk]);
  disks.push(disk);
  return disk;
}

describe.runIf(process.getuid?.() === 0)('a disk that is full', () => {
  let other: TestBoard | null = null;

  afterEach(async () => {
    await other?.close();
    other = null;
    for (const disk of disks.splice(0)) await run('umount', ['--lazy', disk]);
  });

  it('with the folder on it ends the agent, which the card says; what was there is as it was', async () => {
    const disk = await smallDisk('full-folder');
    await writeFile(path.join(disk, 'mine.txt'), 'mine\n');
    other = await openBoard(distFolder, { folder: disk, environment: {}, agents });
    const taskId = await start([], { on: other, agentTypeId: 'full' });
    const card = await other.until(taskId, inState('FAILED'));
    expect(card.run?.failure).toMatchObject({
      reason: 'disk-full',
      message: expect.stringContaining('Greedy agent had no room left to write.') as string,
    });
    expect(await readFile(path.join(disk, 'mine.txt'), 'utf8')).toBe('mine\n');
    await isGone(runOf(card));
  });

  it.each(['folder', 'clone', 'copy'] as const)(
    'with Kandev’s storage on it refuses a %s in words, and leaves nothing half-made',
    async (workspaceMode) => {
      const source = workspaceMode === 'copy' ? await makeFolder('source') : await makeRepository('source');
      await writeFile(path.join(source, 'mine.txt'), 'mine\n');
      await writeFile(path.join(source, 'large.bin'), Buffer.alloc(4_000_000, 'x'));
      const disk = await smallDisk('full-storage');
      other = await openBoard(distFolder, { folder: source, environment: {}, agents, storageFolder: disk });
      // Room for the board, and not for the files.
      await run('sh', [
        '-c',
        `dd if=/dev/zero of=${disk}/filler bs=1k 2>/dev/null; truncate -s -1M ${disk}/filler`,
      ]);
      await run('sh', ['-c', `head -c 3000000 /dev/urandom > ${source}/noise.bin`]);
      const taskId = await start(['message Never'], { on: other, workspaceMode });
      const card = await other.until(taskId, inState('FAILED'));
      expect(card.run?.failure?.message).toMatch(/disk is full/i);
      expect(await readFile(path.join(source, 'mine.txt'), 'utf8')).toBe('mine\n');
      expect((await stat(path.join(source, 'noise.bin'))).size).toBe(3_000_000);
      const trees = await readdir(path.join(disk, 'workspaces', 'trees')).catch(() => []);
      expect(trees).toEqual([]);
      await isGone(runOf(card));
    },
  );
});
