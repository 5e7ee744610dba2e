import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultColumns } from '../../../src/model/board.ts';
import type { Notice } from '../../../src/model/failure.ts';
import type { Store } from '../../../src/store/store.ts';
import type { WorkerStore } from '../../../src/store/workerStore.ts';
import { temporaryStore, type TemporaryStore } from '../../harness/store.ts';
import { boardId, newRun, newTask } from '../../store/cards.ts';
import { askSqlite, ensureSqliteCommand } from '../../store/sqliteCommand.ts';

let place: TemporaryStore;
let notices: Notice[];
const opened: WorkerStore[] = [];

beforeAll(ensureSqliteCommand, 300_000);

beforeEach(async () => {
  place = await temporaryStore();
  notices = [];
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await place.remove();
});

async function open(options: Parameters<TemporaryStore['open']>[0] = {}): Promise<WorkerStore> {
  const store = await place.open({ onNotice: (notice) => notices.push(notice), ...options });
  opened.push(store);
  return store;
}

async function insertBoard(store: Store): Promise<void> {
  await store.write('board.insert', {
    board: { id: boardId, name: 'Board', columns: defaultColumns, workspaceMode: 'folder' },
    at: 1,
  });
}

async function idsIn(store: Store): Promise<string[]> {
  return (await store.query('boardCards', { boardId })).map(({ task }) => task.id);
}

describe('the store', () => {
  it('throws what the database refuses as it was thrown there', async () => {
    const store = await open();
    await insertBoard(store);
    await expect(
      store.write('task.delete', { taskId: 'none', change: newTask('x').change }),
    ).rejects.toMatchObject({
      name: 'UserError',
      failure: { reason: 'not-found', message: 'This card no longer exists.' },
    });
    await expect(store.write('run.insert', { run: newRun('run', 'none') })).rejects.toThrow('FOREIGN KEY');
  });

  it('exports a copy that another SQLite opens, over one that is there', async () => {
    const store = await open();
    await insertBoard(store);
    await store.write('task.insert', newTask('exported'));
    const copy = join(dirname(place.folder), 'copy.db');
    await writeFile(copy, 'an older copy');
    await store.exportCopy(copy);
    expect(await askSqlite(copy, 'PRAGMA integrity_check; SELECT id FROM tasks')).toEqual(['ok', 'exported']);
    const nowhere = join(place.folder, 'no', 'such', 'folder', 'copy.db');
    await expect(store.exportCopy(nowhere)).rejects.toMatchObject({ failure: { reason: 'storage' } });
  });

  it('takes a snapshot of its own accord when the journal is long, and forgets the old files', async () => {
    const store = await open({ triggers: { journalBytes: 20_000 } });
    await insertBoard(store);
    for (let index = 0; index < 200; index++) await store.write('task.insert', newTask(`card ${index}`));
    await store.close();
    const names = await readdir(place.folder);
    expect(names.filter((name) => /^snapshot-\d+\.db$/.test(name)).length).toBeLessThanOrEqual(3);
    expect(names.filter((name) => name.startsWith('journal')).length).toBeLessThan(10);
    expect(names).not.toContain('journal-1.log');
    expect(await idsIn(await open())).toHaveLength(200);
    expect(notices).toEqual([]);
  });

  it('takes one, and the backup of the day, when nothing has changed for a while', async () => {
    const store = await open({ triggers: { idleMs: 20 } });
    await insertBoard(store);
    await store.write('task.insert', newTask('card'));
    await expect.poll(() => store.listBackups()).toMatchObject([{ kind: 'daily' }]);
    const [backup] = await store.listBackups();
    const file = await readFile(join(place.folder, 'backups', `${backup?.id ?? ''}.db`));
    expect(file.length).toBe(backup?.bytes);
  });

  it('restores a backup, makes one of the state before, and tells of the change', async () => {
    const store = await open();
    await insertBoard(store);
    await store.write('task.insert', newTask('first'));
    await store.snapshot();
    await store.write('task.insert', newTask('second'));
    const [before] = await store.listBackups();
    const told = new Promise<void>((resolve) => {
      store.onDidChange(({ tables }) => {
        if (tables.includes('users')) resolve();
      });
    });
    const [, , late] = await Promise.all([
      store.restoreBackup(before?.id ?? ''),
      told,
      store.write('task.insert', newTask('while it was restored')),
    ]);
    expect(late.id).toBe('while it was restored');
    expect(await idsIn(store)).toEqual(['first', 'while it was restored']);
    const kinds = (await store.listBackups()).map(({ kind, cards }) => [kind, cards]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ['daily', 1],
        ['restore', 2],
      ]),
    );
    const [restore] = (await store.listBackups()).filter(({ kind }) => kind === 'restore');
    await store.restoreBackup(restore?.id ?? '');
    expect(await idsIn(store)).toEqual(['first', 'second']);
    await store.close();
    expect(await idsIn(await open())).toEqual(['first', 'second']);
    expect(notices).toEqual([]);
  });

  it('restores no backup that was damaged, and none that is a path', async () => {
    const store = await open();
    await insertBoard(store);
    await store.snapshot();
    const [backup] = await store.listBackups();
    const path = join(place.folder, 'backups', `${backup?.id ?? ''}.db`);
    const bytes = await readFile(path);
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    for (const id of [backup?.id ?? '', '../snapshot-1', 'daily-1']) {
      await expect(store.restoreBackup(id)).rejects.toThrow('damaged or gone');
    }
    expect(await store.query('boards', {})).toHaveLength(1);
  });

  it('says what is wrong when its folder cannot be one', async () => {
    await mkdir(dirname(place.folder), { recursive: true });
    await writeFile(place.folder, 'a file');
    await expect(open()).rejects.toMatchObject({ failure: { reason: 'storage' } });
  });

  it('says so when its thread ends, to everybody who waits', async () => {
    const store = await open({ wasmPath: '/no/such/file' }).catch((error: unknown) => error);
    expect(store).toMatchObject({ message: expect.stringContaining('ENOENT') as string });
  });
});

describe('a window that may no longer write', () => {
  it('reports nothing as done any more, though it be written, and closes the board', async () => {
    let mayWrite = true;
    const store = await open({ fence: () => mayWrite });
    await insertBoard(store);
    const late = store.write('task.insert', newTask('late'));
    mayWrite = false;
    await expect(late).rejects.toThrow('Another window has opened this board');
    await expect(store.query('boards', {})).rejects.toThrow('Another window');
    expect(notices.map(({ severity }) => severity)).toEqual(['error']);
  });

  it('writes nothing more', async () => {
    let mayWrite = true;
    const store = await open({ fence: () => mayWrite });
    await insertBoard(store);
    await store.write('task.insert', newTask('there'));
    mayWrite = false;
    await expect(store.write('task.insert', newTask('refused'))).rejects.toThrow('Another window');
    await store.close();
    expect(await idsIn(await open())).toEqual(['there']);
  });

  it('is told so when another one opens the board, with its next change', async () => {
    const first = await open();
    await insertBoard(first);
    const second = await open();
    await second.write('task.insert', newTask('of the second'));
    await expect(first.write('task.insert', newTask('of the first'))).rejects.toThrow('Another window');
    expect(notices.map(({ message }) => message)).toEqual([
      expect.stringContaining('Another window') as string,
    ]);
    expect(await idsIn(second)).toEqual(['of the second']);
  });
});
