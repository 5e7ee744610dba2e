import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import type { TaskState } from '../../../src/model/task.ts';
import type { Store, StoreChange } from '../../../src/store/store.ts';
import { storageFolder } from '../../../src/store/storageFolder.ts';
import { Boards } from '../../../src/tasks/boards.ts';
import { TaskService } from '../../../src/tasks/taskService.ts';
import { newRun } from '../../store/cards.ts';
import { temporaryStore, type TemporaryStore } from '../../harness/store.ts';

let place: TemporaryStore;
let store: Store;
let boards: Boards;
let tasks: TaskService;

beforeEach(async () => {
  place = await temporaryStore();
  await reopen();
});

afterEach(async () => {
  await store.close();
  await place.remove();
});

async function reopen(): Promise<void> {
  store = await place.open();
  const events = new LocalEventBus('test', () => undefined);
  boards = new Boards(store, events);
  tasks = new TaskService(store, events, boards);
}

function newCard(title: string, state: 'BACKLOG' | 'TODO' = 'BACKLOG') {
  return tasks.create(
    { title, description: '', state, priority: 'normal', agentTypeId: null, labels: ['a', 'b'] },
    'ann',
  );
}

async function titlesOf(state: string): Promise<string[]> {
  const board = await boards.get();
  const cards = await store.query('boardCards', { boardId: board.id });
  return cards.filter(({ task }) => task.state === state).map(({ task }) => task.title);
}

const change = (eventId: string, at = Date.now()) => ({ actor: 'ann', why: null, at, eventId });

describe('the columns of the board', () => {
  it('are as their user wants them again after it was closed, each changed by itself', async () => {
    const { id } = await boards.get();
    await Promise.all([
      boards.setColumn(id, 'todo', { title: 'Next', limit: 3 }),
      boards.setColumn(id, 'backlog', { isHidden: true }),
      boards.setColumn(id, 'done', { isCollapsed: true }),
    ]);
    await store.close();
    await reopen();
    const { columns } = await boards.get();
    expect(columns.find((column) => column.id === 'todo')).toMatchObject({ title: 'Next', limit: 3 });
    expect(columns.find((column) => column.id === 'backlog')).toMatchObject({
      title: 'Backlog',
      isHidden: true,
    });
    expect(columns.find((column) => column.id === 'done')).toMatchObject({ isCollapsed: true });
  });

  it('are not all hidden, and not made up', async () => {
    const { id } = await boards.get();
    for (const column of ['backlog', 'todo', 'in-progress', 'review'])
      await boards.setColumn(id, column, { isHidden: true });
    await expect(boards.setColumn(id, 'done', { isHidden: true })).rejects.toThrow(
      'One column has to be left',
    );
    await expect(boards.setColumn(id, 'nowhere', { limit: 1 })).rejects.toThrow('no longer exists');
  });
});

describe('taking a move back', () => {
  const takeBack = (taskId: string, to: TaskState, beforeTaskId: string | null = null) =>
    tasks.changeState(taskId, { to, actor: 'ann', isUndo: true, beforeTaskId });

  it('leads to where the card came from, also where the table knows no such way, and is told in its history', async () => {
    const [first, second] = [await newCard('first'), await newCard('second')];
    await tasks.changeState(first.id, { to: 'COMPLETED', actor: 'ann' });
    await tasks.changeState(first.id, { to: 'TODO', actor: 'ann' });
    await takeBack(first.id, 'COMPLETED');
    expect(await titlesOf('COMPLETED')).toEqual(['first']);
    const history = await store.query('taskHistory', { taskId: first.id });
    expect(history.at(-1)).toMatchObject({
      ...{ from: 'TODO', to: 'COMPLETED', actor: 'ann' },
      why: 'A move was taken back',
    });
    await tasks.changeState(second.id, { to: 'IN_PROGRESS', actor: 'ann' });
    await tasks.changeState(second.id, { to: 'REVIEW', actor: 'ann' });
    await tasks.changeState(second.id, { to: 'COMPLETED', actor: 'ann' });
    await takeBack(second.id, 'REVIEW');
    expect(await titlesOf('REVIEW')).toEqual(['second']);
  });

  it('goes on to the moves before, each once', async () => {
    const card = await newCard('card');
    const way = ['TODO', 'IN_PROGRESS', 'REVIEW', 'COMPLETED'] as const;
    for (const to of way) await tasks.changeState(card.id, { to, actor: 'ann' });
    for (const to of ['REVIEW', 'IN_PROGRESS', 'TODO', 'BACKLOG'] as const) await takeBack(card.id, to);
    expect(await titlesOf('BACKLOG')).toEqual(['card']);
    await expect(takeBack(card.id, 'TODO')).rejects.toThrow('something else has happened');
    await tasks.changeState(card.id, { to: 'TODO', actor: 'ann' });
    await takeBack(card.id, 'BACKLOG');
    expect(await titlesOf('BACKLOG')).toEqual(['card']);
  });

  it('is refused when something else has happened since, and when there was no such move', async () => {
    const card = await newCard('card');
    const refused = /something else has happened/;
    await expect(takeBack(card.id, 'REVIEW')).rejects.toThrow(refused);
    await tasks.changeState(card.id, { to: 'COMPLETED', actor: 'ann' });
    await tasks.changeState(card.id, { to: 'TODO', actor: 'kandev' });
    await expect(takeBack(card.id, 'BACKLOG')).rejects.toThrow(refused);
    expect(await titlesOf('TODO')).toEqual(['card']);
  });
});

describe('the board database', () => {
  it('has everything again after it was closed and opened', async () => {
    const card = await newCard('first');
    await tasks.changeState(card.id, { to: 'TODO', actor: 'ann', why: 'ready', heldBecause: 'not yet' });
    await store.close();
    await reopen();
    const [stored] = await store.query('cards', { taskIds: [card.id] });
    expect(stored?.task).toMatchObject({
      title: 'first',
      state: 'TODO',
      heldBecause: 'not yet',
      labels: ['a', 'b'],
    });
    const history = await store.query('taskHistory', { taskId: card.id });
    expect(history.map(({ from, to, actor, why }) => [from, to, actor, why])).toEqual([
      [null, 'BACKLOG', 'ann', null],
      ['BACKLOG', 'TODO', 'ann', 'ready'],
    ]);
  });

  it('has on the disk what was reported as done, without being closed', async () => {
    await newCard('kept');
    const other = await place.open();
    const [board] = await other.query('boards', {});
    const cards = await other.query('boardCards', { boardId: board?.id ?? '' });
    expect(cards.map(({ task }) => task.title)).toEqual(['kept']);
    await other.close();
  });

  it('saves changes that come together with one another', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => newCard(`card ${index}`)));
    await store.close();
    await reopen();
    expect(await titlesOf('BACKLOG')).toHaveLength(50);
  });

  it('tells of changes when the disk has them, by tables and with a rising number', async () => {
    const changes: StoreChange[] = [];
    const subscription = store.onDidChange((value) => changes.push(value));
    await newCard('told');
    const tables = new Set(changes.flatMap((value) => value.tables));
    expect([...tables].sort()).toEqual(['boards', 'task_events', 'tasks']);
    const revisions = changes.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    subscription.dispose();
    const told = changes.length;
    await newCard('not told');
    expect(changes).toHaveLength(told);
  });

  it('refuses a change of state that the table forbids, and leaves no trace of it', async () => {
    const card = await newCard('stays');
    await expect(tasks.changeState(card.id, { to: 'REVIEW', actor: 'ann' })).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
    expect((await tasks.get(card.id)).state).toBe('BACKLOG');
    expect(await store.query('taskHistory', { taskId: card.id })).toHaveLength(1);
  });

  it('puts a card before another one, again and again, without losing the order', async () => {
    const first = await newCard('first');
    await newCard('last');
    const moving = await newCard('moving');
    const other = await newCard('other');
    for (let turn = 0; turn < 120; turn++) {
      await tasks.place(moving.id, other.id);
      await tasks.place(other.id, moving.id);
    }
    await tasks.place(moving.id, first.id);
    expect(await titlesOf('BACKLOG')).toEqual(['moving', 'first', 'last', 'other']);
  });

  it('puts a card that changes its column where it was dropped', async () => {
    const below = await newCard('below', 'TODO');
    await newCard('lowest', 'TODO');
    const card = await newCard('dropped');
    await tasks.changeState(card.id, { to: 'TODO', actor: 'ann', beforeTaskId: below.id });
    expect(await titlesOf('TODO')).toEqual(['dropped', 'below', 'lowest']);
  });

  it('answers nothing after it was closed, and says why', async () => {
    await store.close();
    await expect(newCard('late')).rejects.toMatchObject({ failure: { reason: 'storage' } });
    await expect(store.query('boards', {})).rejects.toThrow('being closed');
  });
});

describe('deleted cards', () => {
  it('are on no board and in no queue, but among the deleted ones', async () => {
    const card = await newCard('gone', 'TODO');
    await tasks.delete(card.id, 'ann');
    expect(await titlesOf('TODO')).toEqual([]);
    expect(await store.query('waitingTasks', {})).toEqual([]);
    await expect(tasks.get(card.id)).rejects.toMatchObject({ failure: { reason: 'not-found' } });
    await expect(tasks.update(card.id, { title: 'x' })).rejects.toMatchObject({
      failure: { reason: 'not-found' },
    });
    const deleted = await store.query('deletedTasks', {});
    expect(deleted.map(({ task }) => task.title)).toEqual(['gone']);
  });

  it('come back to their place with all they had, and their history says so', async () => {
    await newCard('above');
    const card = await newCard('back');
    await newCard('below');
    await store.write('task.delete', { taskId: card.id, change: change('gone', 5) });
    await store.write('task.restore', { taskId: card.id, change: change('back', 6) });
    expect(await titlesOf('BACKLOG')).toEqual(['above', 'back', 'below']);
    expect(await store.query('deletedTasks', {})).toEqual([]);
    const history = await store.query('taskHistory', { taskId: card.id });
    expect(history.map(({ why }) => why)).toEqual(expect.arrayContaining(['Deleted', 'Restored', null]));
    await expect(
      store.write('task.restore', { taskId: card.id, change: change('again') }),
    ).rejects.toMatchObject({ failure: { reason: 'not-found' } });
  });

  it('are forgotten with their history when their time is over, and not before', async () => {
    const [early, late] = [await newCard('early'), await newCard('late')];
    await store.write('run.insert', { run: newRun('run-of-early', early.id) });
    await store.write('run.insert', { run: newRun('run-of-late', late.id) });
    await store.write('task.delete', { taskId: early.id, change: change('1', 1000) });
    await store.write('task.delete', { taskId: late.id, change: change('2', 2000) });
    expect(await store.write('task.purgeDeleted', { before: 2000 })).toEqual({
      taskIds: [early.id],
      runIds: ['run-of-early'],
    });
    expect(await store.query('taskHistory', { taskId: early.id })).toEqual([]);
    const left = await store.query('deletedTasks', {});
    expect(left.map(({ task, deletedAt }) => [task.title, deletedAt])).toEqual([['late', 2000]]);
  });
});

describe('the folder of a workspace’s data', () => {
  const id = '0123456789abcdef0123456789abcdef';

  it('is the same one while an earlier extension host still holds the first', () => {
    expect(storageFolder(`/data/${id}-1/kandev.kandev`)).toBe(`/data/${id}/kandev.kandev`);
    expect(storageFolder(`/data/${id}/kandev.kandev`)).toBe(`/data/${id}/kandev.kandev`);
  });

  it('keeps a name that only looks alike', () => {
    expect(storageFolder('/data/my-project-1/kandev.kandev')).toBe('/data/my-project-1/kandev.kandev');
  });
});
