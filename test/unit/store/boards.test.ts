import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import type { Store } from '../../../src/store/store.ts';
import { Boards } from '../../../src/tasks/boards.ts';
import { TaskService } from '../../../src/tasks/taskService.ts';
import { temporaryStore, type TemporaryStore } from '../../harness/store.ts';
import { newRun } from '../../store/cards.ts';

let place: TemporaryStore;
let store: Store;
let boards: Boards;
let tasks: TaskService;
let told: string[];

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
  told = [];
  events.subscribe('>', ({ type }) => told.push(type));
  boards = new Boards(store, events);
  tasks = new TaskService(store, events, boards);
}

const names = async () => (await boards.list()).map(({ name }) => name);

function card(title: string, boardId?: string, state: 'BACKLOG' | 'TODO' = 'BACKLOG') {
  return tasks.create(
    { title, boardId, description: '', state, priority: 'normal', agentTypeId: 'demo', labels: [] },
    'ann',
  );
}

async function titlesOn(boardId: string): Promise<string[]> {
  return (await store.query('boardCards', { boardId })).map(({ task }) => task.title);
}

describe('boards', () => {
  it('stand in the order that their user gives them, also after they were closed', async () => {
    for (const name of ['Next', 'Later']) await boards.create({ name });
    expect(await names()).toEqual(['Board', 'Next', 'Later']);
    const [first, next, later] = await boards.list();
    await boards.place(later?.id ?? '', first?.id ?? '');
    await boards.place(first?.id ?? '', null);
    expect(await names()).toEqual(['Later', 'Next', 'Board']);
    await boards.rename(next?.id ?? '', 'Soon');
    await store.close();
    await reopen();
    expect(await names()).toEqual(['Later', 'Soon', 'Board']);
  });

  it('are made once, however often they are asked for by one id', async () => {
    const one = await boards.create({ id: 'mine', name: 'Mine' });
    expect(await boards.create({ id: 'mine', name: 'Mine' })).toEqual(one);
    expect(await names()).toEqual(['Board', 'Mine']);
  });

  it('have each its own name, default workspace and columns', async () => {
    const other = await boards.create({ name: 'Other' });
    await expect(boards.create({ name: 'Other' })).rejects.toThrow('There is a board “Other” already');
    await expect(boards.rename(other.id, 'Board')).rejects.toThrow('already');
    await boards.setColumn(other.id, 'todo', { title: 'Next' });
    await boards.setWorkspaceMode(other.id, 'copy');
    const [first, second] = await boards.list();
    expect(first).toMatchObject({ workspaceMode: 'folder' });
    expect(first?.columns[1]?.title).toBe('To Do');
    expect(second).toMatchObject({ workspaceMode: 'copy' });
    expect(second?.columns[1]?.title).toBe('Next');
    expect((await card('New', other.id)).workspaceMode).toBe('copy');
  });

  it('that do not exist are neither changed nor given cards', async () => {
    await boards.list();
    await expect(boards.rename('nowhere', 'X')).rejects.toThrow('no longer exists');
    await expect(card('New', 'nowhere')).rejects.toThrow('no longer exists');
  });
});

describe('a board that is deleted', () => {
  it('comes back to its place with its cards, and not with those that were deleted before', async () => {
    const other = await boards.create({ name: 'Other' });
    await boards.create({ name: 'Last' });
    const gone = await card('Gone before', other.id);
    await card('Queued', other.id, 'TODO');
    await tasks.delete(gone.id, 'ann');
    told.splice(0);
    await boards.delete(other.id, 'ann');
    expect(told).toEqual(['board.deleted', 'task.deleted']);
    expect(await names()).toEqual(['Board', 'Last']);
    // Nothing of it is started any more.
    expect(await store.query('waitingTasks', {})).toEqual([]);
    expect((await boards.deleted()).map(({ board, cards }) => [board.name, cards])).toEqual([['Other', 1]]);
    await store.close();
    await reopen();
    await boards.restore(other.id, 'ann');
    expect(told).toEqual(['board.created', 'task.created']);
    expect(await names()).toEqual(['Board', 'Other', 'Last']);
    expect(await titlesOn(other.id)).toEqual(['Queued']);
    expect(await boards.deleted()).toEqual([]);
    const history = await store.query('taskHistory', { taskId: (await idOf('Queued')) ?? '' });
    expect(history.map(({ why }) => why)).toEqual([
      null,
      'Deleted with its board',
      'Restored with its board',
    ]);
  });

  it('cannot be the last one', async () => {
    const { id } = await boards.get();
    await expect(boards.delete(id, 'ann')).rejects.toMatchObject({ failure: { reason: 'refused' } });
    expect(await names()).toEqual(['Board']);
  });

  it('has no agent at work on it', async () => {
    const other = await boards.create({ name: 'Other' });
    const { id } = await card('Working', other.id);
    await store.write('run.insert', { run: newRun('run', id) });
    await expect(boards.delete(other.id, 'ann')).rejects.toMatchObject({
      failure: { reason: 'run-active', action: { kind: 'stop', taskId: id } },
    });
    expect(await titlesOn(other.id)).toEqual(['Working']);
    await store.write('run.update', { runId: 'run', to: 'STOPPED', patch: {}, at: Date.now() });
    await boards.delete(other.id, 'ann');
  });

  it('leaves a card that is wanted back to the first of the others', async () => {
    const other = await boards.create({ name: 'Other' });
    const { id } = await card('Wanted', other.id);
    await card('Here');
    await boards.delete(other.id, 'ann');
    expect((await tasks.deleted()).map(({ task, board }) => [task.title, board])).toEqual([
      ['Wanted', { name: 'Other', isDeleted: true }],
    ]);
    await tasks.restore(id, 'ann');
    const first = await boards.get();
    expect(await titlesOn(first.id)).toEqual(['Here', 'Wanted']);
    // The card is not taken from there when the board comes back after all.
    await boards.restore(other.id, 'ann');
    expect(await titlesOn(other.id)).toEqual([]);
  });

  it('is gone for good with its cards when its time is over', async () => {
    const other = await boards.create({ name: 'Other' });
    await card('Old', other.id);
    await boards.delete(other.id, 'ann');
    await store.write('task.purgeDeleted', { before: Date.now() + 1 });
    expect(await boards.deleted()).toEqual([]);
    await expect(boards.restore(other.id, 'ann')).rejects.toThrow('no longer among the deleted ones');
  });
});

describe('a card', () => {
  it('goes to another board, into its column there, and back to where it was', async () => {
    const first = await boards.get();
    const other = await boards.create({ name: 'Other' });
    for (const title of ['One', 'Two', 'Three']) await card(title);
    await card('There', other.id);
    const two = (await idOf('Two')) ?? '';
    told.splice(0);
    const moved = await tasks.setBoard({ taskId: two, boardId: other.id, beforeTaskId: null }, 'ann');
    expect(moved).toMatchObject({ boardId: other.id, state: 'BACKLOG' });
    expect(told).toEqual(['task.updated']);
    expect(await titlesOn(other.id)).toEqual(['There', 'Two']);
    const [{ why } = { why: null }] = (await store.query('taskHistory', { taskId: two })).slice(-1);
    expect(why).toBe('Moved to the board “Other”');
    const beforeTaskId = (await idOf('Three')) ?? '';
    await tasks.setBoard({ taskId: two, boardId: first.id, beforeTaskId }, 'ann');
    expect(await titlesOn(first.id)).toEqual(['One', 'Two', 'Three']);
  });

  it('depends on the same cards wherever it stands', async () => {
    const other = await boards.create({ name: 'Other' });
    const first = await card('First');
    const second = await card('Second');
    await tasks.setDependencies(second.id, [first.id]);
    await tasks.setBoard({ taskId: second.id, boardId: other.id, beforeTaskId: null }, 'ann');
    const [stored] = await store.query('cards', { taskIds: [second.id] });
    expect(stored?.dependencies.map(({ title }) => title)).toEqual(['First']);
  });
});

async function idOf(title: string): Promise<string | undefined> {
  return (await store.query('allCards', {})).find(({ task }) => task.title === title)?.task.id;
}
