import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerStore } from '../../../src/store/workerStore.ts';
import { defaultColumns } from '../../../src/model/board.ts';
import { boardId, newRun, newTask } from '../../store/cards.ts';
import { temporaryStore, type TemporaryStore } from '../../harness/store.ts';

let place: TemporaryStore;
let store: WorkerStore;

beforeEach(async () => {
  place = await temporaryStore();
  store = await place.open();
  await store.write('board.insert', {
    board: { id: boardId, name: 'Board', columns: defaultColumns, workspaceMode: 'folder' },
    at: 1,
  });
  for (const id of ['a', 'b']) await store.write('task.insert', newTask(id));
});

afterEach(async () => {
  await store.close();
  await place.remove();
});

const changed = (afterVersion: number) => store.query('changedCards', { afterVersion, limit: 10 });
const versionOf = async (id: string) => (await store.query('cards', { taskIds: [id] }))[0]?.version ?? 0;

describe('the version of a card', () => {
  it('rises with every change of it, over all cards', async () => {
    const first = await changed(0);
    expect(first.cards.map(({ task }) => task.id)).toEqual(['a', 'b']);
    const last = first.cards.at(-1)?.version ?? 0;
    await store.write('task.update', { taskId: 'a', patch: { title: 'A' }, at: 2 });
    await store.write('task.setDependencies', { taskId: 'a', dependsOn: ['b'], at: 3 });
    const { cards } = await changed(last);
    expect(cards.map(({ task }) => task.title)).toEqual(['A']);
    expect(await versionOf('a')).toBe(last + 2);
    expect((await changed(last + 2)).cards).toEqual([]);
  });

  it('is told of cards that were deleted, too, and is never used again', async () => {
    const change = { actor: 'ann', why: null, at: 2, eventId: 'gone' };
    const before = await versionOf('b');
    await store.write('task.delete', { taskId: 'b', change });
    expect(await changed(before)).toEqual({
      cards: [],
      deleted: [{ taskId: 'b', boardId, version: before + 1 }],
    });
    await store.write('task.purgeDeleted', { before: 10 });
    await store.write('task.insert', newTask('c'));
    expect(await versionOf('c')).toBeGreaterThan(before + 1);
  });

  it('is the same after the database was opened again', async () => {
    await store.write('task.update', { taskId: 'a', patch: { title: 'A' }, at: 2 });
    const before = await versionOf('a');
    await store.close();
    store = await place.open();
    expect(await versionOf('a')).toBe(before);
  });

  it('lets nobody overwrite what they have not seen', async () => {
    const seen = await versionOf('a');
    await store.write('task.update', { taskId: 'a', patch: { title: 'Mine' }, at: 2, ifVersion: seen });
    const late = { actor: 'bob', why: null, at: 3, eventId: 'late' };
    for (const write of [
      () => store.write('task.update', { taskId: 'a', patch: { title: 'His' }, at: 3, ifVersion: seen }),
      () => store.write('task.place', { taskId: 'a', beforeTaskId: null, at: 3, ifVersion: seen }),
      () => store.write('task.delete', { taskId: 'a', change: late, ifVersion: seen }),
    ]) {
      await expect(write()).rejects.toMatchObject({ failure: { reason: 'changed' } });
    }
    expect((await changed(0)).cards.find(({ task }) => task.id === 'a')?.task.title).toBe('Mine');
  });
});

describe('the entries of a card’s transcripts', () => {
  it('are told once in each form that somebody asks for, also those that change in their place', async () => {
    await store.write('run.insert', { run: newRun('run', 'a') });
    const entry = (seq: number, text: string) => ({
      seq,
      runId: 'run',
      taskId: 'a',
      turn: 1,
      kind: 'message' as const,
      key: null,
      text,
      data: null,
      at: 1,
    });
    const record = (...entries: ReturnType<typeof entry>[]) =>
      store.write('run.progress', { runId: 'run', entries, activity: null });
    const read = (afterRev: number) => store.query('changedEntries', { taskId: 'a', afterRev, limit: 10 });
    await record(entry(1, 'one'), entry(2, 'two'));
    const first = await read(0);
    expect(first.map(({ entry: { text } }) => text)).toEqual(['one', 'two']);
    await record(entry(1, 'one, and more'), entry(3, 'three'));
    const then = await read(first.at(-1)?.rev ?? 0);
    expect(then.map(({ entry: { text } }) => text)).toEqual(['one, and more', 'three']);
    expect(await read(then.at(-1)?.rev ?? 0)).toEqual([]);
  });
});
