import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import type { SnapshotStore } from '../../../src/store/snapshotStore.ts';
import { storageFolder } from '../../../src/store/storageFolder.ts';
import { TaskService } from '../../../src/tasks/taskService.ts';
import { temporaryStore, type TemporaryStore } from '../../harness/store.ts';

let place: TemporaryStore;
let store: SnapshotStore;
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
  tasks = new TaskService(store, new LocalEventBus('test', () => undefined));
}

function newCard(title: string, state: 'BACKLOG' | 'TODO' = 'BACKLOG') {
  return tasks.create(
    { title, description: '', state, priority: 'normal', agentTypeId: null, labels: ['a', 'b'] },
    'ann',
  );
}

async function titlesOf(state: string): Promise<string[]> {
  const board = await tasks.board();
  const cards = await store.query('boardCards', { boardId: board.id });
  return cards.filter(({ task }) => task.state === state).map(({ task }) => task.title);
}

describe('the board database', () => {
  it('has everything again after it was closed and opened', async () => {
    const card = await newCard('first');
    await tasks.changeState(card.id, { to: 'TODO', actor: 'ann', why: 'ready', heldBecause: 'not yet' });
    await store.close();
    await reopen();
    const [stored] = await store.query('cards', { taskIds: [card.id] });
    expect(stored?.task).toMatchObject({ title: 'first', state: 'TODO', heldBecause: 'not yet', labels: ['a', 'b'] });
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

  it('forgets the runs and the history of a card that is deleted', async () => {
    const card = await newCard('gone');
    await tasks.delete(card.id);
    expect(await store.query('taskHistory', { taskId: card.id })).toEqual([]);
    await expect(tasks.get(card.id)).rejects.toMatchObject({ failure: { reason: 'not-found' } });
  });

  it('sets a file that is no database aside, and begins anew at the next opening', async () => {
    await newCard('unreadable');
    await store.close();
    await writeFile(place.path, 'this is not a database, and never was one'.repeat(50));
    await expect(place.open()).rejects.toMatchObject({ failure: { reason: 'storage' } });
    const aside = (await readdir(dirname(place.path))).find((name) => name.includes('broken'));
    expect(await readFile(`${dirname(place.path)}/${aside ?? ''}`, 'utf8')).toContain('never was one');
    await reopen();
    expect(await titlesOf('BACKLOG')).toEqual([]);
  });
});

describe('the folder of a workspace’s data', () => {
  const id = '0123456789abcdef0123456789abcdef';

  it('is the same one while an earlier extension host still holds the first', () => {
    expect(storageFolder(`/data/${id}-1/kandev.kandev`)).toBe(`/data/${id}/kandev.kandev`);
    expect(storageFolder(`/data/${id}/kandev.kandev`)).toBe(`/data/${id}/kandev.kandev`);
    expect(storageFolder('/data/8aa3c03-2/kandev.kandev')).toBe('/data/8aa3c03/kandev.kandev');
    expect(storageFolder('/data/-3f2a-1/kandev.kandev')).toBe('/data/-3f2a/kandev.kandev');
    expect(storageFolder('/data/-3f2a/kandev.kandev')).toBe('/data/-3f2a/kandev.kandev');
  });

  it('keeps a name that only looks alike', () => {
    expect(storageFolder('/data/my-project-1/kandev.kandev')).toBe('/data/my-project-1/kandev.kandev');
  });
});
