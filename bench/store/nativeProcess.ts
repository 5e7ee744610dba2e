/**
 * A process of its own with a native SQLite: `nativeProcess LIBRARY DATABASE`, a file with a sample board. It does what
 * it is asked over IPC and takes the time itself. Of its own, because the store's functions are used on other databases
 * here: in the process where ours is measured that would make them slower than they are.
 */
import { DatabaseSync } from 'node:sqlite';
import { boardCards } from '../../src/store/reads.ts';
import { putProgress } from '../../src/store/runLinks.ts';
import type { SqlDatabase } from '../../src/store/sqlDatabase.ts';
import { requireBetterSqlite, type NativeDatabase, type Prepared } from './betterSqlite.ts';
import { boardId, smallEntry } from './sampleRows.ts';

export type NativeLibrary = 'better-sqlite3' | 'node:sqlite';

/** What is asked; `count` is how often it is done. It answers with how long each time took, in milliseconds. */
export interface NativeRequest {
  method: 'commit' | 'readBoard';
  count: number;
}

const [library, path] = process.argv.slice(2) as [NativeLibrary, string];
const native: NativeDatabase =
  library === 'node:sqlite' ? new DatabaseSync(path) : requireBetterSqlite()(path);
// Every commit is on the disk before it returns, as ours is.
native.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');

const prepared = new Map<string, Prepared>();

function prepare(sql: string): Prepared {
  const statement = prepared.get(sql) ?? native.prepare(sql);
  prepared.set(sql, statement);
  return statement;
}

/** The store's own functions use no more of their database than these two. */
const db = {
  run: (sql: string, ...params: unknown[]) => prepare(sql).run(...params),
  all: (sql: string, ...params: unknown[]) => prepare(sql).all(...params),
} as unknown as SqlDatabase;

let lastSeq = 0;
const work: Record<NativeRequest['method'], () => void> = {
  // A statement without BEGIN is a transaction of its own.
  commit: () => {
    putProgress(db, smallEntry(++lastSeq));
  },
  readBoard: () => {
    boardCards(db, { boardId });
  },
};

process.on('message', ({ method, count }: NativeRequest) => {
  const durations: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    work[method]();
    durations.push(performance.now() - start);
  }
  process.send?.(durations);
});
