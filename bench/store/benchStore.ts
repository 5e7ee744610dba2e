/**
 * Holds the database to its gates, beside a native SQLite (better-sqlite3) on the same disk in the same run.
 *
 * By itself: node bench/store/benchStore.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printTable, type Row } from '../table.ts';
import { commitRows } from './commits.ts';
import { mainLoopRows } from './mainLoop.ts';
import { openingRows } from './opening.ts';
import { readRows } from './reads.ts';

/** Measures everything; takes about a minute. */
export async function storeRows(): Promise<Row[]> {
  const place = await mkdtemp(join(tmpdir(), 'kandev-bench-'));
  try {
    return [
      ...(await commitRows(place)),
      ...(await mainLoopRows(place)),
      ...(await readRows(place)),
      ...(await openingRows(place)),
    ];
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

export async function benchStore(): Promise<void> {
  printTable('The database, beside a native SQLite on the same disk', await storeRows());
}

if (import.meta.main) await benchStore();
