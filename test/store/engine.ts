import { readFile } from 'node:fs/promises';
import initSqlJs from 'sql.js';
import { defaultColumns } from '../../src/model/board.ts';
import type { StoredCard } from '../../src/store/reads.ts';
import { DatabaseFolder } from '../../src/store/databaseFolder.ts';
import type { Disk } from '../../src/store/disk.ts';
import type { SnapshotTriggers } from '../../src/store/snapshotKeeper.ts';
import { SqlDatabase } from '../../src/store/sqlDatabase.ts';
import { StoreEngine } from '../../src/store/storeEngine.ts';
import type { Notice } from '../../src/model/failure.ts';
import { wasmPath } from '../harness/store.ts';
import { boardId } from './cards.ts';

export const folder = new DatabaseFolder('/data/database');
export const legacyPath = '/data/board.db';

const wasm = await readFile(wasmPath);
export const sqlJs = await initSqlJs({ wasmBinary: Uint8Array.from(wasm).buffer });

/** A database of a file's bytes, or an empty one. */
export const openSql = (bytes: Uint8Array | null): SqlDatabase => new SqlDatabase(sqlJs, bytes);

export interface OpenedEngine {
  engine: StoreEngine;
  notices: Notice[];
}

/** The engine of the store without its thread, on any disk. By default it takes snapshots only when asked. */
export async function openEngine(
  disk: Disk,
  triggers: Partial<SnapshotTriggers> = {},
  retryMs = 3_600_000,
): Promise<OpenedEngine> {
  const notices: Notice[] = [];
  const engine = await StoreEngine.open({
    disk,
    folder,
    legacyPath,
    open: openSql,
    triggers: { journalBytes: Infinity, idleMs: 3_600_000, ...triggers },
    retryMs,
    onChange: () => undefined,
    onNotice: (notice) => notices.push(notice),
    onTakenOver: () => undefined,
  });
  return { engine, notices };
}

export async function insertBoard(engine: Pick<StoreEngine, 'write'>): Promise<void> {
  await engine.write('board.insert', {
    board: { id: boardId, name: 'Board', columns: defaultColumns, workspaceMode: 'folder' },
    at: 1,
  });
}

/** The ids of all cards that are there, in the order they were made; a card without its history is an error. */
export function storedIds(engine: Pick<StoreEngine, 'query'>): string[] {
  const cards = engine.query('boardCards', { boardId }) as StoredCard[];
  return cards.map(({ task: { id } }) => {
    const history = engine.query('taskHistory', { taskId: id }) as unknown[];
    if (history.length !== 1) throw new Error(`${id} has ${history.length} rows of history`);
    return id;
  });
}
