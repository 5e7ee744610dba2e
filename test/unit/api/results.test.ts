import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Results } from '../../../src/api/results.ts';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import type { KandevEvent } from '../../../src/model/events.ts';
import type { Run, RunState } from '../../../src/model/run.ts';
import { Boards } from '../../../src/tasks/boards.ts';
import { TaskService } from '../../../src/tasks/taskService.ts';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { WorkspacePlace } from '../../../src/workspaces/workspaces.ts';
import { temporaryStore } from '../../harness/store.ts';
import { newRun } from '../../store/cards.ts';
import { commitFiles, gitIn, makeFixture, write, type Fixture } from '../workspaces/fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;
let place: Awaited<ReturnType<typeof temporaryStore>>;
let store: Awaited<ReturnType<typeof place.open>>;
let tasks: TaskService;
let commands: ReturnType<Results['commands']>;
let queries: ReturnType<Results['queries']>;
let events: KandevEvent[];

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  place = await temporaryStore();
  store = await place.open({});
  const bus = new LocalEventBus('test', (error) => {
    throw error;
  });
  events = [];
  bus.subscribe('>', (event) => events.push(event));
  tasks = new TaskService(store, bus, new Boards(store, bus));
  const results = new Results(
    { store, events: bus, tasks, workspaces, orchestrator: { whileStill: (work) => work() } },
    () => 'ann',
  );
  commands = results.commands();
  queries = results.queries();
});

afterEach(async () => {
  await store.close();
  await place.remove();
  await fixture.remove();
});

const folder = (): WorkspacePlace => ({ kind: 'folder', folder: fixture.project });
const clone = (): WorkspacePlace => ({
  ...{ kind: 'clone', folder: fixture.project, branch: null, includeUncommitted: true },
});
const text = (file: string): Promise<string> => readFile(path.join(fixture.project, file), 'utf8');

async function makeCard(title = 'Fix the login'): Promise<string> {
  const input = {
    title,
    description: '',
    state: 'BACKLOG',
    priority: 'normal',
    agentTypeId: 'demo',
  } as const;
  return (await tasks.create({ ...input, labels: [] }, 'ann')).id;
}

let runs = 0;

/** A whole run of a card, whose work is done here instead of by an agent. */
async function run(
  taskId: string,
  where: WorkspacePlace,
  files: Record<string, string | null>,
  state: RunState = 'READY',
): Promise<string> {
  runs += 1;
  const runId = `run-${runs}`;
  const { title } = await tasks.get(taskId);
  await store.write('run.insert', { run: { ...newRun(runId, taskId), state, createdAt: runs } });
  const request = { workspaceId: taskId, runId, title, place: where, copyIn: [], exclude: [], setup: null };
  const { root } = await workspaces.prepare(request);
  for (const [file, content] of Object.entries(files)) {
    if (content === null) await rm(path.join(root, file));
    else await write(root, { [file]: content });
  }
  const changes = await workspaces.finish(runId);
  const total = { files: changes.files.length, added: changes.added, removed: changes.removed };
  await store.write('run.update', { runId, to: null, patch: { changes: total }, at: runs });
  return runId;
}

const shownOf = async (taskId: string): Promise<Run['changes'] | undefined> =>
  (await store.query('cards', { taskIds: [taskId] }))[0]?.run?.changes;
const told = (): unknown[] => events.flatMap(({ type, data }) => (type === 'result.changed' ? [data] : []));

describe('the result of a card in the folder', () => {
  let taskId: string;
  let runId: string;

  beforeEach(async () => {
    await commitFiles(fixture, { 'a.txt': '1\n2\n3\n', 'old.txt': 'old\n' });
    taskId = await makeCard();
    runId = await run(taskId, folder(), { 'a.txt': '1\ntwo\n3\n', 'new.txt': 'new\n', 'old.txt': null });
  });

  it('is there for review, with its runs and both sides of each file', async () => {
    const info = await queries['result.info']({ taskId });
    expect(info).toMatchObject({ kind: 'folder', root: fixture.project, runs: [{ id: runId }], undos: [] });
    const changes = await queries['result.changes']({ span: { runId } });
    expect(changes.files.map(({ kind, path: file }) => `${kind} ${file}`)).toEqual([
      'modified a.txt',
      'added new.txt',
      'deleted old.txt',
    ]);
    const file = async (side: 'before' | 'after', name: string): Promise<string | null> => {
      const content = await queries['result.file']({ span: { runId }, side, path: name });
      return content === null ? null : Buffer.from(content, 'base64').toString();
    };
    expect(await file('before', 'a.txt')).toBe('1\n2\n3\n');
    expect(await file('after', 'a.txt')).toBe('1\ntwo\n3\n');
    expect(await file('before', 'new.txt')).toBeNull();
    expect(await file('after', 'old.txt')).toBeNull();
  });

  it('is with that of later runs, and of whoever else was at work in the folder, since the card was begun', async () => {
    await run(taskId, folder(), { 'b.txt': 'b\n' });
    await write(fixture.project, { 'mine.txt': 'mine\n' });
    const { files } = await queries['result.changes']({ span: { taskId } });
    expect(files.map(({ path: file }) => file)).toEqual(['a.txt', 'b.txt', 'mine.txt', 'new.txt', 'old.txt']);
    const before = await queries['result.file']({ span: { taskId }, side: 'before', path: 'old.txt' });
    expect(Buffer.from(before ?? '', 'base64').toString()).toBe('old\n');
  });

  it('is none for a card that nobody has worked on', async () => {
    expect(await queries['result.info']({ taskId: await makeCard() })).toBeNull();
  });

  it('is taken back file by file, and the rest, the index and the run stay as they are', async () => {
    await fixture.git('add', 'a.txt');
    const outcome = await commands['result.rollBack']({ runId, paths: ['a.txt', 'old.txt'] });
    expect(outcome).toMatchObject({ done: true, paths: ['a.txt', 'old.txt'], branchMoved: null });
    expect([await text('a.txt'), await text('old.txt'), await text('new.txt')]).toEqual([
      '1\n2\n3\n',
      'old\n',
      'new\n',
    ]);
    expect(await fixture.git('show', ':a.txt')).toContain('two');
    expect(await queries['result.info']({ taskId })).toMatchObject({ rolledBack: [] });
    await commands['result.undo']({ taskId, undoId: outcome.undoId ?? '' });
    expect(await text('a.txt')).toBe('1\ntwo\n3\n');
    await write(fixture.project, { 'a.txt': 'mine\n' });
    const refused = await commands['result.rollBack']({ runId, paths: ['a.txt'] });
    expect(refused).toMatchObject({ done: false, conflicts: [{ path: 'a.txt', reason: 'changed' }] });
    expect(await text('a.txt')).toBe('mine\n');
  });

  it('is rolled back and brought back, and the card’s figures follow', async () => {
    expect(await shownOf(taskId)).toEqual({ files: 3, added: 2, removed: 2 });
    const outcome = await commands['result.rollBack']({ runId });
    expect(outcome).toMatchObject({ done: true, conflicts: [], paths: ['a.txt', 'new.txt', 'old.txt'] });
    expect(await text('a.txt')).toBe('1\n2\n3\n');
    expect(await shownOf(taskId)).toEqual({ files: 0, added: 0, removed: 0 });
    await expect(commands['result.rollBack']({ runId })).rejects.toThrow('rolled back already');

    expect(await queries['result.undos']({})).toMatchObject([
      { undoId: outcome.undoId, taskId, title: 'Fix the login', what: 'rollBack' },
    ]);
    await commands['result.undo']({ taskId, undoId: outcome.undoId ?? '' });
    expect(await text('a.txt')).toBe('1\ntwo\n3\n');
    expect(await shownOf(taskId)).toEqual({ files: 3, added: 2, removed: 2 });
    expect(told()).toEqual([
      { taskId, what: 'rollBack', actor: 'ann' },
      { taskId, what: 'undo', actor: 'ann' },
    ]);
  });

  it('is not rolled back over what the user has changed since, unless they say so', async () => {
    await write(fixture.project, { 'a.txt': '1\ntwo\nmine\n' });
    const conflicts = [{ path: 'a.txt', reason: 'changed' }];
    expect(await commands['result.rollBack']({ runId })).toMatchObject({
      done: false,
      undoId: null,
      conflicts,
    });
    expect(await text('new.txt')).toBe('new\n');
    expect(told()).toEqual([]);

    const kept = await commands['result.rollBack']({ runId, conflicts: 'keep' });
    expect(kept).toMatchObject({ done: true, conflicts });
    expect(await text('a.txt')).toBe('1\ntwo\nmine\n');
    // Of what the run has changed, one file is left.
    expect(await shownOf(taskId)).toEqual({ files: 1, added: 1, removed: 1 });

    await commands['result.undo']({ taskId, undoId: kept.undoId ?? '' });
    expect(await commands['result.rollBack']({ runId, conflicts: 'overwrite' })).toMatchObject({
      done: true,
    });
    expect(await text('a.txt')).toBe('1\n2\n3\n');
  });

  it('says when the branch is not where it was, and moves it only when told to', async () => {
    const before = await fixture.git('rev-parse', 'HEAD');
    await fixture.git('commit', '--quiet', '--all', '--message', 'Mine');
    const after = await fixture.git('rev-parse', 'HEAD');
    expect(await commands['result.rollBack']({ runId })).toMatchObject({
      done: false,
      branchMoved: { from: { branch: 'main', commit: before }, to: { branch: 'main', commit: after } },
    });
    expect(await commands['result.rollBack']({ runId, branch: 'keep' })).toMatchObject({ done: true });
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(after);
  });

  it('is committed, and nothing else with it', async () => {
    await write(fixture.project, { 'mine.txt': 'mine\n' });
    const { commit } = await commands['result.commit']({ span: { runId }, message: 'Fix the login' });
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(commit);
    expect(await fixture.git('show', '--format=%s', '--name-status', commit)).toBe(
      'Fix the login\n\nM\ta.txt\nA\tnew.txt\nD\told.txt',
    );
    expect(await fixture.git('status', '--porcelain')).toBe('?? mine.txt');
  });

  it('becomes a branch without switching to it', async () => {
    const info = await queries['result.info']({ taskId });
    const name = info?.proposedBranch ?? '';
    expect(name).toMatch(/^kandev\/fix-the-login-/);
    const { commit } = await commands['result.createBranch']({ span: { runId }, name, message: 'Fix' });
    expect(await fixture.git('rev-parse', name)).toBe(commit);
    expect(await fixture.git('branch', '--show-current')).toBe('main');
  });

  it('is left alone while an agent is at work, on it or on another card in the folder', async () => {
    await store.write('run.insert', { run: { ...newRun('busy', taskId), state: 'RUNNING', createdAt: 1e6 } });
    const atWork = { failure: { reason: 'run-active', action: { kind: 'stop', taskId } } };
    await expect(commands['result.rollBack']({ runId })).rejects.toMatchObject(atWork);
    await expect(commands['result.commit']({ span: { runId }, message: 'x' })).rejects.toMatchObject(atWork);
    await store.write('run.update', { runId: 'busy', to: 'STOPPED', patch: {}, at: 1 });

    const other = await makeCard('Another');
    await run(other, folder(), { 'b.txt': 'b\n' }, 'RUNNING');
    await expect(commands['result.rollBack']({ runId })).rejects.toMatchObject({
      failure: { reason: 'run-active', action: { kind: 'stop', taskId: other } },
    });
    expect(await text('a.txt')).toBe('1\ntwo\n3\n');
  });

  it('can be called off', async () => {
    const rolling = commands['result.rollBack']({ runId, operation: 'mine' });
    await commands['result.cancel']({ operation: 'mine' });
    await expect(rolling).rejects.toMatchObject({ failure: { reason: 'cancelled' } });
    expect(await text('a.txt')).toBe('1\ntwo\n3\n');
    expect(await shownOf(taskId)).toEqual({ files: 3, added: 2, removed: 2 });
    await commands['result.cancel']({ operation: 'over' });
  });
});

describe('the result of a card in a clone', () => {
  let taskId: string;

  beforeEach(async () => {
    await commitFiles(fixture, { 'a.txt': '1\n2\n3\n', 'b.txt': 'b\n' });
    taskId = await makeCard();
    await run(taskId, clone(), { 'a.txt': '1\ntwo\n3\n', 'new.txt': 'new\n' });
  });

  it('is applied to the folder, and taken back again', async () => {
    const outcome = await commands['result.apply']({ taskId });
    expect(outcome).toMatchObject({ done: true, paths: ['a.txt', 'new.txt'], conflicts: [] });
    expect(await text('a.txt')).toBe('1\ntwo\n3\n');
    expect(await fixture.git('log', '--format=%s')).toBe('First');
    await commands['result.undo']({ taskId, undoId: outcome.undoId ?? '' });
    expect(await text('a.txt')).toBe('1\n2\n3\n');
    expect(await fixture.git('status', '--porcelain')).toBe('');
    expect(await shownOf(taskId)).toEqual({ files: 2, added: 2, removed: 1 });
  });

  it('is not mixed with work that is not committed or not saved, unless the user says so', async () => {
    await write(fixture.project, { 'a.txt': '1\n2\nthree\n' });
    expect(await commands['result.apply']({ taskId })).toMatchObject({
      done: false,
      blocked: [{ path: 'a.txt', reason: 'uncommitted' }],
    });
    fixture.unsaved.push(path.join(fixture.project, 'a.txt'));
    expect(await commands['result.apply']({ taskId, uncommitted: 'merge' })).toMatchObject({
      done: false,
      blocked: [{ path: 'a.txt', reason: 'unsaved' }],
    });
    expect(told()).toEqual([]);
    fixture.unsaved.pop();
    // Lines beside each other are in conflict, as git sees it.
    const merged = await commands['result.apply']({ taskId, uncommitted: 'merge' });
    expect(merged).toMatchObject({ done: true, conflicts: ['a.txt'] });
    expect(await fixture.git('diff', '--name-only', '--diff-filter=U')).toBe('a.txt');
    await commands['result.undo']({ taskId, undoId: merged.undoId ?? '' });
    expect(await text('a.txt')).toBe('1\n2\nthree\n');
    expect(await fixture.git('status', '--porcelain')).toBe(' M a.txt');
  });

  it('is merged, or leaves a merge that waits for the user', async () => {
    await write(fixture.project, { 'a.txt': '1\nzwei\n3\n' });
    await fixture.git('commit', '--quiet', '--all', '--message', 'Mine');
    expect(await commands['result.merge']({ taskId, message: 'Fix the login' })).toMatchObject({
      result: 'conflicts',
      conflicts: ['a.txt'],
    });
    expect(await fixture.git('rev-parse', '--verify', 'MERGE_HEAD')).toMatch(/^[0-9a-f]{40}$/);
    await fixture.git('merge', '--abort');

    await fixture.git('reset', '--quiet', '--hard', 'HEAD~1');
    expect(await commands['result.merge']({ taskId, message: 'Fix the login' })).toMatchObject({
      result: 'fast-forward',
    });
    expect(await commands['result.merge']({ taskId, message: 'Fix the login' })).toMatchObject({
      result: 'nothing-to-merge',
    });
    expect(told()).toHaveLength(2);
  });

  it('is committed to its own branch', async () => {
    const info = await queries['result.info']({ taskId });
    const { commit } = await commands['result.commit']({ span: { taskId }, message: 'Fix the login' });
    expect(await fixture.git('rev-parse', info?.branch ?? '')).toBe(commit);
    expect(await text('a.txt')).toBe('1\n2\n3\n');
  });

  it('is discarded and brought back, and the card’s figures follow', async () => {
    const root = (await queries['result.info']({ taskId }))?.root ?? '';
    const outcome = await commands['result.discard']({ taskId });
    expect(outcome.done).toBe(true);
    expect(await readFile(path.join(root, 'a.txt'), 'utf8')).toBe('1\n2\n3\n');
    expect(await shownOf(taskId)).toEqual({ files: 0, added: 0, removed: 0 });
    await commands['result.undo']({ taskId, undoId: outcome.undoId ?? '' });
    expect(await readFile(path.join(root, 'a.txt'), 'utf8')).toBe('1\ntwo\n3\n');
    expect(await shownOf(taskId)).toEqual({ files: 2, added: 2, removed: 1 });
  });

  it('is not sent anywhere: its branch is in the folder’s repository', async () => {
    await expect(commands['result.push']({ taskId, branch: 'x', message: 'x' })).rejects.toThrow(
      'Make a branch, and push it with git.',
    );
  });
});

describe('the result of a card in a copy', () => {
  it('leaves files as they are that both sides have changed', async () => {
    await write(fixture.project, { 'a.txt': '1\n2\n3\n', 'b.txt': 'b\n' });
    const taskId = await makeCard();
    await run(taskId, { kind: 'copy', folder: fixture.project }, { 'a.txt': '1\ntwo\n3\n', 'b.txt': 'B\n' });
    await writeFile(path.join(fixture.project, 'a.txt'), '1\nzwei\n3\n');
    const outcome = await commands['result.apply']({ taskId });
    expect(outcome).toMatchObject({ done: true, paths: ['b.txt'], conflicts: ['a.txt'] });
    expect(await text('a.txt')).toBe('1\nzwei\n3\n');
    expect(await text('b.txt')).toBe('B\n');
    await expect(commands['result.commit']({ span: { taskId }, message: 'x' })).rejects.toThrow(
      'not in a git repository',
    );
  });
});

describe('the result of a card in a repository from elsewhere', () => {
  it('is sent there as a branch', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    const taskId = await makeCard();
    const bare = path.join(fixture.folder, 'bare.git');
    execFileSync('git', ['clone', '--quiet', '--bare', fixture.project, bare]);
    await run(taskId, { kind: 'repository', url: `file://${bare}`, branch: null }, { 'a.txt': 'one\n' });
    const { commit } = await commands['result.push']({ taskId, branch: 'fix', message: 'Fix the login' });
    expect(await gitIn(bare, fixture.environment, 'rev-parse', 'fix')).toBe(commit);
    await expect(commands['result.apply']({ taskId })).rejects.toThrow('Send its branch there instead.');
  });
});
