import type { Database, SqlJsStatic, SqlValue, Statement } from 'sql.js';

export type Row = Record<string, SqlValue>;

/** sql.js as the store uses it: prepared statements kept, rows as objects, transactions that roll back. */
export class SqlDatabase {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();
  #depth = 0;

  constructor(sqlJs: SqlJsStatic, bytes: Uint8Array | null) {
    this.#db = new sqlJs.Database(bytes);
    this.#db.run('PRAGMA foreign_keys = ON');
  }

  /** Several statements without parameters. */
  script(sql: string): void {
    this.#db.exec(sql);
  }

  /** One statement; returns how many rows it changed. */
  run(sql: string, ...params: SqlValue[]): number {
    this.#prepare(sql).run(params);
    return this.#db.getRowsModified();
  }

  all(sql: string, ...params: SqlValue[]): Row[] {
    const statement = this.#prepare(sql);
    const rows: Row[] = [];
    try {
      statement.bind(params);
      while (statement.step()) rows.push(statement.getAsObject());
    } finally {
      statement.reset();
    }
    return rows;
  }

  get(sql: string, ...params: SqlValue[]): Row | undefined {
    return this.all(sql, ...params)[0];
  }

  userVersion(): number {
    return Number(this.get('PRAGMA user_version')?.user_version ?? 0);
  }

  /** All or nothing. One inside another is part of the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#depth++;
    this.#db.run('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.run('COMMIT');
      return result;
    } catch (error) {
      this.#db.run('ROLLBACK');
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** The whole database as a file's bytes. */
  export(): Uint8Array {
    return this.#db.export();
  }

  close(): void {
    this.#db.close();
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
