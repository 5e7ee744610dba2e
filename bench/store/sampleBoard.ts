import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import { defaultColumns } from '../../src/model/board.ts';
import type { Run } from '../../src/model/run.ts';
import { taskStates } from '../../src/model/task.ts';
import type { TranscriptEntry } from '../../src/model/transcript.ts';
import { writes, type WriteName, type WriteParams } from '../../src/store/catalogue.ts';
import { factsOf, writeDatabaseFile } from '../../src/store/databaseFile.ts';
import { DatabaseFolder } from '../../src/store/databaseFolder.ts';
import { nodeDisk } from '../../src/store/disk.ts';
import { migrate } from '../../src/store/migrations.ts';
import { SqlDatabase } from '../../src/store/sqlDatabase.ts';
import { WorkerStore } from '../../src/store/workerStore.ts';
import { storeWorkerPath, wasmPath } from '../../test/harness/store.ts';

export const boardId = 'board';
export const runId = 'run';

const wasm = await readFile(wasmPath);
const sqlJs = await initSqlJs({ wasmBinary: Uint8Array.from(wasm).buffer });

/** An empty database, or that of a file's bytes. */
export function openSql(bytes: Uint8Array | null = null): SqlDatabase {
  return new SqlDatabase(sqlJs, bytes);
}

export interface SampleSize {
  cards: number;
  /** Of what agents have said: entries of 8 KB, as the recorder seals them. */
  megabytes?: number;
}

/** A board with cards of 300 bytes in all states, each third with a run, and what one of the runs has said. */
export function sampleBoard({ cards, megabytes = 0 }: SampleSize): SqlDatabase {
  const db = openSql();
  migrate(db);
  const write = <W extends WriteName>(name: W, params: WriteParams<W>): void => {
    (writes[name] as (db: SqlDatabase, params: WriteParams<W>) => unknown)(db, params);
  };
  db.transaction(() => {
    write('board.insert', { board: { id: boardId, name: 'Board', columns: defaultColumns }, at: 1 });
    for (let index = 0; index < cards; index++) insertCard(write, index);
    write('run.insert', { run: sampleRun(runId, 'card-0', 2) });
    for (let seq = 1; seq <= megabytes * 128; seq++) {
      const entries = [sampleEntry(-seq, 'x'.repeat(8000))];
      write('transcript.put', { runId, entries, activity: null });
    }
  });
  return db;
}

type Write = <W extends WriteName>(name: W, params: WriteParams<W>) => void;

function insertCard(write: Write, index: number): void {
  const id = `card-${index}`;
  write('task.insert', {
    task: {
      id,
      boardId,
      title: `Card number ${index}`,
      description: 'What is to be done here. '.repeat(10),
      state: taskStates[index % taskStates.length] ?? 'BACKLOG',
      priority: 'normal',
      position: 0,
      agentTypeId: 'demo',
      workspaceMode: 'folder',
      repositoryUrl: null,
      branch: null,
      labels: ['one', 'two'],
      heldBecause: null,
      createdBy: 'ann',
      createdAt: index,
      updatedAt: index,
    },
    change: { actor: 'ann', why: null, at: index, eventId: `event-${index}` },
  });
  if (index % 3 === 0) write('run.insert', { run: sampleRun(`run-${index}`, id, 1) });
}

function sampleRun(id: string, taskId: string, createdAt: number): Run {
  return {
    id,
    taskId,
    agentTypeId: 'demo',
    state: 'RUNNING',
    sessionId: 'session',
    containerId: 'container',
    turns: 1,
    activity: 'Reads the code',
    stopReason: null,
    failure: null,
    times: { PENDING: 1, RUNNING: 2 },
    createdAt,
  };
}

/** What an agent has said. */
export function sampleEntry(seq: number, text: string): TranscriptEntry {
  return { seq, runId, taskId: 'card-0', turn: 1, kind: 'message', key: null, text, data: null, at: seq };
}

/** Makes a database the snapshot of a new folder. */
export async function putSnapshot(path: string, db: SqlDatabase): Promise<void> {
  const folder = new DatabaseFolder(path);
  await nodeDisk.makeFolder(path);
  const bytes = db.export();
  await writeDatabaseFile(nodeDisk, folder.snapshot(1), bytes, factsOf(db, bytes, 1));
}

/** A store with a board in a new folder; no snapshots unless they are asked for. */
export async function openSample(place: string, size: SampleSize): Promise<WorkerStore> {
  const name = `${size.cards}-${size.megabytes ?? 0}-${Math.random().toString(36).slice(2)}`;
  const folder = join(place, name, 'database');
  const db = sampleBoard(size);
  await putSnapshot(folder, db);
  db.close();
  return openStore(folder);
}

export async function openStore(folder: string): Promise<WorkerStore> {
  const triggers = { journalBytes: Infinity, idleMs: 3_600_000 };
  return WorkerStore.open({ folder, workerPath: await storeWorkerPath(), wasmPath, triggers });
}
