import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import { defaultColumns } from '../../src/model/board.ts';
import { factsOf, writeDatabaseFile } from '../../src/store/databaseFile.ts';
import { DatabaseFolder } from '../../src/store/databaseFolder.ts';
import { nodeDisk } from '../../src/store/disk.ts';
import { migrate } from '../../src/store/migrations.ts';
import { putProgress } from '../../src/store/runLinks.ts';
import { insertRun } from '../../src/store/runWrites.ts';
import { SqlDatabase } from '../../src/store/sqlDatabase.ts';
import { insertBoard } from '../../src/store/boardWrites.ts';
import { insertTask } from '../../src/store/taskWrites.ts';
import { WorkerStore } from '../../src/store/workerStore.ts';
import { storeWorkerPath, wasmPath } from '../../test/harness/store.ts';
import { boardId, runId, sampleEntry, sampleRun, sampleTask } from './sampleRows.ts';

const wasm = await readFile(wasmPath);
const sqlJs = await initSqlJs({ wasmBinary: Uint8Array.from(wasm).buffer });

export interface SampleSize {
  cards: number;
  /** Of what agents have said: entries of 8 KB, as the recorder seals them. */
  megabytes?: number;
}

/** A board with cards in all states, each third with a run, and what one of the runs has said. */
export function sampleBoard({ cards, megabytes = 0 }: SampleSize): SqlDatabase {
  const db = new SqlDatabase(sqlJs, null);
  migrate(db);
  db.transaction(() => {
    insertBoard(db, {
      board: { id: boardId, name: 'Board', columns: defaultColumns, workspaceMode: 'folder' },
      at: 1,
    });
    for (let index = 0; index < cards; index++) {
      const task = sampleTask(index);
      insertTask(db, { task, change: { actor: 'ann', why: null, at: index, eventId: `event-${index}` } });
      if (index % 3 === 0) insertRun(db, { run: sampleRun(`run-${index}`, task.id, 1) });
    }
    insertRun(db, { run: sampleRun(runId, 'card-0', 2) });
    for (let seq = 1; seq <= megabytes * 128; seq++) {
      putProgress(db, { runId, entries: [sampleEntry(-seq, 'x'.repeat(8000))], activity: null });
    }
  });
  return db;
}

/** The file of such a board, for any SQLite. */
export function sampleFile(size: SampleSize): Uint8Array {
  const db = sampleBoard(size);
  try {
    return db.export();
  } finally {
    db.close();
  }
}

/** Makes such a board the snapshot of a new folder; returns the folder. */
export async function putSample(place: string, size: SampleSize): Promise<string> {
  const name = `${size.cards}-${size.megabytes ?? 0}-${Math.random().toString(36).slice(2)}`;
  const folder = new DatabaseFolder(join(place, name, 'database'));
  const db = sampleBoard(size);
  const bytes = db.export();
  await nodeDisk.makeFolder(folder.path);
  await writeDatabaseFile(nodeDisk, folder.snapshot(1), bytes, factsOf(db, bytes, 1));
  db.close();
  return folder.path;
}

/** A store that takes no snapshots unless they are asked for. */
export async function openStore(folder: string): Promise<WorkerStore> {
  const triggers = { journalBytes: Infinity, idleMs: 3_600_000 };
  return WorkerStore.open({ folder, workerPath: await storeWorkerPath(), wasmPath, triggers });
}

/** Such a board, open in a worker thread. */
export async function openSample(place: string, size: SampleSize): Promise<WorkerStore> {
  return openStore(await putSample(place, size));
}
