import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerStore } from '../../../src/store/workerStore.ts';
import { storeWorkerPath, wasmPath } from '../../harness/store.ts';
import { seeded } from '../../store/simulatedDisk.ts';
import { askSqlite, ensureSqliteCommand } from '../../store/sqliteCommand.ts';
import { WriterProcess } from '../../store/writerProcess.ts';

const kills = process.env.KANDEV_STRESS === '1' ? 100 : 20;
/** So many boards are worked on at once. */
const boards = 2;
/** A snapshot after each forty changes or so. */
const triggers = { journalBytes: 40_000 };

let place: string;

beforeAll(async () => {
  await ensureSqliteCommand();
  place = await mkdtemp(join(tmpdir(), 'kandev-kill-'));
}, 300_000);

afterAll(() => rm(place, { recursive: true, force: true }));

/** What a copy of the board has, as the native SQLite sees it. */
async function exportedIds(folder: string): Promise<string[]> {
  const copy = join(folder, '..', 'copy.db');
  const notices: string[] = [];
  const store = await WorkerStore.open({
    folder,
    workerPath: await storeWorkerPath(),
    wasmPath,
    onNotice: ({ severity, message }) => notices.push(`${severity}: ${message}`),
  });
  await store.exportCopy(copy);
  await store.close();
  expect(notices.filter((notice) => notice.startsWith('error'))).toEqual([]);
  expect(await askSqlite(copy, 'PRAGMA integrity_check; PRAGMA foreign_key_check')).toEqual(['ok']);
  expect(await askSqlite(copy, 'SELECT task_id FROM task_events EXCEPT SELECT id FROM tasks')).toEqual([]);
  return askSqlite(copy, 'SELECT id FROM tasks');
}

/** Kills a writer again and again, and looks each time whether the board has all that was reported as done. */
async function killAgainAndAgain(board: number): Promise<number> {
  const random = seeded(board + 1);
  const folder = join(place, String(board), 'database');
  const done = new Set<string>();
  for (let kill = 0; kill < kills / boards; kill++) {
    const writer = await WriterProcess.start({ folder, triggers });
    writer.tell(`flood board-${board}-life-${kill}-`);
    await writer.hasDone(Math.floor(random() * 150));
    await delay(random() * 5);
    await writer.kill();
    for (const id of writer.done) done.add(id);
    const stored = new Set(await exportedIds(folder));
    expect([...done].filter((id) => !stored.has(id))).toEqual([]);
  }
  return done.size;
}

describe('a board whose process is killed', () => {
  it(
    `has every card that was reported as done, after each of ${kills} kills`,
    async () => {
      const done = await Promise.all(Array.from({ length: boards }, (_, board) => killAgainAndAgain(board)));
      expect(done.reduce((sum, count) => sum + count)).toBeGreaterThan(kills * 20);
    },
    kills * 10_000,
  );
});
