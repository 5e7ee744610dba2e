import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { containerLabels } from '../../src/agents/labels.ts';
import type { CardView } from '../../src/model/cardView.ts';
import type { TranscriptEntry } from '../../src/model/transcript.ts';
import { removeContainersOfRun } from '../harness/containers.ts';
import { HostProcess } from '../harness/hostProcess.ts';
import type { HostOptions } from '../harness/host.mts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { makeDist } from '../agents/board.ts';
import { containersOf, testEngine } from './agents.ts';

// Every kill costs the start of a process and of its board.
vi.setConfig({ testTimeout: 120_000 });

const kills = 20;
let distFolder = '';
const image = `kandev-test/counting:${testRunId()}`;
let host: HostProcess | null = null;
let options: HostOptions;

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, { '/agent.js': await readFile(await demoAgentFile()) });
  distFolder = await makeDist();
});

afterEach(async () => {
  await host?.kill().catch(() => undefined);
  host = null;
  // They outlive whoever started them, and would be there for the next tests.
  await removeContainersOfRun();
});

async function begin(
  installation: string,
  { share = 1, whenClosed = 'keepRunning' }: { share?: number; whenClosed?: HostOptions['whenClosed'] } = {},
): Promise<HostProcess> {
  options = {
    storageFolder: await makeFolder('storage'),
    folder: await makeFolder('folder'),
    distFolder,
    dockerHost: dockerHost(),
    installation: `${testRunId()}-${installation}`,
    agents: [
      {
        id: 'counting',
        name: 'Counting agent',
        image,
        command: ['node', '/agent.js'],
        cpus: share,
        memoryMb: 256,
      },
    ],
    maxConcurrentRuns: 20,
    whenClosed,
  };
  host = await HostProcess.start(options);
  await host.execute('credentials.share', { ids: [] });
  return host;
}

async function restart(change: Partial<HostOptions> = {}): Promise<HostProcess> {
  options = { ...options, ...change };
  host = await HostProcess.start(options);
  return host;
}

async function killAndStart(before: HostProcess): Promise<HostProcess> {
  await before.kill();
  return restart();
}

async function start(
  on: HostProcess,
  script: readonly string[],
  workspaceMode: 'folder' | 'copy' = 'folder',
): Promise<string> {
  const description = ['```kandev-script', ...script, '```'].join('\n');
  const { id } = await on.execute('task.create', {
    title: 'Count',
    description,
    agentTypeId: 'counting',
    workspaceMode,
  });
  await on.execute('task.start', { taskId: id });
  return id;
}

const works = ({ run }: CardView): boolean => run?.state === 'RUNNING' || run?.state === 'WAITING';
const isReviewed = ({ task }: CardView): boolean => task.state === 'REVIEW' || task.state === 'FAILED';

function said(entries: readonly TranscriptEntry[]): string {
  return entries.flatMap(({ kind, text }) => (kind === 'message' ? [text] : [])).join('');
}

function chunks(count: number): string {
  return Array.from({ length: count }, (_none, index) => `chunk ${index + 1} of ${count}\n`).join('');
}

async function containersOfInstallation(): Promise<string[]> {
  const engine = await testEngine();
  const label = [`${containerLabels.installation}=${options.installation}`];
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  return found.map(({ Id }) => Id);
}

describe('an agent whose extension host is killed', () => {
  it(`goes on in its container: ${kills} kills in mid-turn, and no message is lost or doubled`, async () => {
    let current = await begin('kills');
    const taskId = await start(current, ['stream 3000 chunks every 13ms']);
    await current.until(taskId, works);
    const { run } = await current.card(taskId);
    const container = run?.containerId;
    for (let n = 0; n < kills; n++) {
      // Wherever that is: in the middle of a message, of a write, of taking over.
      await sleep(Math.random() * 700);
      current = await killAndStart(current);
    }
    const card = await current.until(taskId, isReviewed);
    expect(card.task.state).toBe('REVIEW');
    expect(card.run?.id).toBe(run?.id);
    expect(card.run?.containerId).toBe(container);
    const entries = await current.transcript(taskId);
    expect(said(entries)).toBe(chunks(3000));
    expect(entries.filter(({ kind }) => kind === 'turn_end')).toHaveLength(1);
    expect(entries.filter(({ kind }) => kind === 'user')).toHaveLength(1);
    expect(await containersOfInstallation()).toEqual([container]);
    await current.execute('task.move', { taskId, to: 'COMPLETED' });
    await current.close();
    expect(await containersOfInstallation()).toEqual([]);
  }, 240_000);

  it('is found again when it has asked, also while nobody was there, and gets its answers', async () => {
    let current = await begin('asking');
    const taskId = await start(current, [
      'message before',
      'permission "First" kind=execute command="one"',
      'on allow message first allowed',
      'delay 2s',
      'permission "Second" kind=execute command="two"',
      'on allow message second allowed',
    ]);
    const { permissions } = await current.until(taskId, (card) => card.permissions.length > 0);
    const [first] = permissions;
    current = await killAndStart(current);
    const again = await current.until(taskId, (card) => card.permissions.length > 0 && works(card));
    expect(again.permissions).toHaveLength(1);
    expect(again.permissions[0]).toMatchObject({ id: first?.id, title: first?.title });
    await current.until(taskId, ({ run }) => run?.state === 'WAITING');
    await answerFirst(current, again);
    await current.until(taskId, ({ permissions: open }) => open.length === 0);
    await current.kill();
    await sleep(2_500);
    current = await restart();
    const second = await current.until(taskId, (card) => card.permissions.length > 0);
    expect(second.permissions.map(({ title }) => title)).toEqual(['Second']);
    await answerFirst(current, second);
    await current.until(taskId, isReviewed);
    const text = said(await current.transcript(taskId));
    expect(text).toBe('beforefirst allowedsecond allowed');
    await current.close();
  });

  it('has ended its turn meanwhile: its card is in Review, and it takes a message', async () => {
    let current = await begin('ended');
    const taskId = await start(current, ['message working', 'delay 1500ms', 'message done']);
    await current.until(taskId, works);
    await current.kill();
    await sleep(2_500);
    current = await restart();
    const { run } = await current.until(taskId, isReviewed);
    expect(said(await current.transcript(taskId))).toBe('workingdone');
    current = await killAndStart(current);
    const script = ['```kandev-script', 'message and more', '```'].join('\n');
    await current.execute('task.prompt', { taskId, text: script });
    const after = await current.until(taskId, (card) => isReviewed(card) && card.run?.turns === 2);
    expect(after.run?.id).toBe(run?.id);
    expect(said(await current.transcript(taskId))).toBe('workingdoneand more');
    await current.close();
  });

  it('has crashed meanwhile: its card says so, with its last words', async () => {
    let current = await begin('crashed');
    const taskId = await start(current, ['message working', 'delay 1500ms', 'crash 3 out of ideas']);
    await current.until(taskId, works);
    await current.kill();
    await sleep(2_500);
    current = await restart();
    const { run } = await current.until(taskId, ({ run: last }) => last?.state === 'FAILED');
    expect(run?.failure?.message).toMatch(/ended with exit code 3 .*out of ideas/);
    await current.close();
    expect(await containersOf(run?.id ?? '')).toEqual([]);
  });

  it('has lost its container meanwhile: its card says so', async () => {
    let current = await begin('removed');
    const taskId = await start(current, ['message working', 'permission "Go on"']);
    const { run } = await current.until(taskId, ({ permissions }) => permissions.length > 0);
    await current.kill();
    const engine = await testEngine();
    await engine.call('removing', (docker) =>
      docker.getContainer(run?.containerId ?? '').remove({ force: true }),
    );
    current = await restart();
    const failed = await current.until(taskId, ({ run: last }) => last?.state === 'FAILED');
    expect(failed.run?.failure?.message).toContain('was removed while VS Code was closed');
    // Nobody waits for an answer any more.
    expect(failed.permissions).toEqual([]);
    await current.close();
  });

  it('is one of ten, and all of them go on', async () => {
    // With a whole processor each, the queue would let them in two by two on a small machine.
    let current = await begin('ten', { share: 0.2 });
    const taskIds: string[] = [];
    for (let n = 0; n < 10; n++) taskIds.push(await start(current, ['stream 400 chunks every 50ms'], 'copy'));
    for (const taskId of taskIds) await current.until(taskId, works);
    for (let n = 0; n < 3; n++) {
      await sleep(1_000);
      current = await killAndStart(current);
    }
    for (const taskId of taskIds) {
      await current.until(taskId, isReviewed);
      expect(said(await current.transcript(taskId))).toBe(chunks(400));
    }
    expect(await containersOfInstallation()).toHaveLength(10);
    for (const taskId of taskIds) await current.execute('task.move', { taskId, to: 'COMPLETED' });
    await current.close();
    expect(await containersOfInstallation()).toEqual([]);
  }, 240_000);
});

describe('a window that is closed', () => {
  it('leaves its agents at work, and those it was just starting to the next', async () => {
    let current = await begin('closed');
    const taskId = await start(current, ['stream 200 chunks every 20ms']);
    await current.until(taskId, works);
    const starting = await start(current, ['message started'], 'copy');
    await current.close();
    current = await restart();
    await current.until(taskId, isReviewed);
    expect(said(await current.transcript(taskId))).toBe(chunks(200));
    await current.until(starting, isReviewed);
    expect(said(await current.transcript(starting))).toBe('started');
    await current.close();
  });

  it('ends its agents where the user wants that, also when it is killed before it is done', async () => {
    let current = await begin('stopped', { whenClosed: 'stop' });
    const taskId = await start(current, ['message working', 'hang']);
    await current.until(taskId, works);
    const closing = current.close().catch(() => undefined);
    // It tells the agent to stop, and gives it a while.
    await current.until(taskId, ({ task }) => task.state === 'TODO');
    await current.kill();
    await closing;
    current = await restart({ whenClosed: 'keepRunning' });
    const { task, run } = await current.card(taskId);
    expect(task).toMatchObject({
      state: 'TODO',
      heldBecause: 'VS Code was closed while the agent was at work.',
    });
    expect(run?.state).toBe('STOPPED');
    await vi.waitFor(async () => {
      expect(await containersOfInstallation()).toEqual([]);
    });
    await current.close();
  });
});

async function answerFirst(on: HostProcess, { permissions }: CardView): Promise<void> {
  const [request] = permissions;
  const option = request?.options.find(({ kind }) => kind === 'allow_once');
  await on.execute('permission.answer', {
    requestId: request?.id ?? '',
    optionId: option?.optionId ?? '',
  });
}
