import { createRequire } from 'node:module';
import { migrations } from '../../src/store/migrations.ts';
import { boardId, runId } from './sampleBoard.ts';

/** As much of better-sqlite3 as is needed here. */
interface NativeDatabase {
  pragma(sql: string): unknown;
  exec(sql: string): void;
  prepare(sql: string): { run(...params: unknown[]): unknown };
  close(): void;
}

const Database = createRequire(import.meta.url)('better-sqlite3') as new (path: string) => NativeDatabase;

/** The same tables in a native SQLite that has every commit on the disk (WAL, synchronous FULL). */
export class NativeBoard {
  readonly #db: NativeDatabase;
  readonly #insert: { run(...params: unknown[]): unknown };

  constructor(path: string) {
    this.#db = new Database(path);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = FULL');
    this.#db.pragma('foreign_keys = ON');
    for (const { sql } of migrations) this.#db.exec(sql);
    this.#db.exec(`INSERT INTO boards VALUES ('${boardId}', 'Board', '[]', 1)`);
    this.#db.exec(
      `INSERT INTO tasks (id, board_id, title, description, state, priority, position, workspace_mode, labels, created_by,
         created_at, updated_at) VALUES ('card-0', '${boardId}', 'x', '', 'BACKLOG', 1, 1, 'folder', '[]', 'ann', 1, 1)`,
    );
    this.#db.exec(
      `INSERT INTO agent_instances (id, task_id, agent_type_id, state, turns, times, created_at)
         VALUES ('${runId}', 'card-0', 'demo', 'RUNNING', 1, '{}', 1)`,
    );
    this.#insert = this.#db.prepare(
      `INSERT INTO acp_messages (run_id, seq, task_id, turn, kind, key, text, data, at)
       VALUES (?, ?, 'card-0', 1, 'message', NULL, ?, NULL, ?)
       ON CONFLICT (run_id, seq) DO UPDATE SET text = excluded.text, data = excluded.data`,
    );
  }

  /** One row in a transaction of its own; it is on the disk afterwards. */
  putEntry(seq: number, text: string): void {
    this.#insert.run(runId, seq, text, seq);
  }

  close(): void {
    this.#db.close();
  }
}
