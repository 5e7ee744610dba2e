import type { Database, SqlJsStatic, SqlValue, Statement } from 'sql.js';

export type Row = Record<string, SqlValue>;

/** A statement as it was executed. Null instead of parameters: a script of several statements. */
export type ExecutedStatement = readonly [sql: string, params: readonly SqlValue[] | null];

/**
 * sql.js as the store uses it: prepared statements kept, rows as objects, and transactions that roll back and remember
 * which statements they executed.
 */
export class SqlDatabase {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();
  /** The statements of the transaction that is under way. */
  #executed: ExecutedStatement[] | null = null;

  /**
   * @param bytes of a database file; null for an empty database
   * @throws Error when they are not those of a database
   */
  constructor(sqlJs: SqlJsStatic, bytes: Uint8Array | null) {
    this.#db = new sqlJs.Database(bytes);
    try {
      // The "file" is memory that nobody else opens: no files beside it, no locks, and nothing to wait for.
      this.#db.exec(
        'PRAGMA foreign_keys = ON; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY',
      );
      this.userVersion();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Several statements without parameters. */
  script(sql: string): void {
    this.#db.exec(sql);
    this.#executed?.push([sql, null]);
  }

  /** One statement; returns how many rows it changed. */
  run(sql: string, ...params: SqlValue[]): number {
    this.#step(sql, params);
    this.#executed?.push([sql, params]);
    return this.#db.getRowsModified();
  }

  all(sql: string, ...params: SqlValue[]): Row[] {
    const statement = this.#prepare(sql);
    const rows: Row[] = [];
    try {
      statement.bind(params);
      const columns = statement.getColumnNames();
      while (statement.step()) {
        const values = statement.get();
        const row: Row = {};
        columns.forEach((column, index) => {
          row[column] = values[index] ?? null;
        });
        rows.push(row);
      }
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

  /** All or nothing. Returns what `work` returned, and the statements that would do it again. */
  transaction<T>(work: () => T): { result: T; statements: readonly ExecutedStatement[] } {
    this.#step('BEGIN IMMEDIATE', []);
    const statements: ExecutedStatement[] = [];
    this.#executed = statements;
    try {
      const result = work();
      this.#step('COMMIT', []);
      return { result, statements };
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#executed = null;
    }
  }

  /** Executes the statements of a transaction again, all or none. */
  replay(statements: readonly ExecutedStatement[]): void {
    this.transaction(() => {
      for (const [sql, params] of statements) {
        if (params === null) this.script(sql);
        else this.run(sql, ...params);
      }
    });
  }

  /** The whole database as a file's bytes. */
  export(): Uint8Array {
    return this.#db.export();
  }

  close(): void {
    this.#db.close();
  }

  #rollBack(): void {
    try {
      this.#step('ROLLBACK', []);
    } catch {
      // SQLite has rolled back by itself, as it does when memory runs out. The first error is the one to tell.
    }
  }

  #step(sql: string, params: SqlValue[]): void {
    const statement = this.#prepare(sql);
    try {
      statement.bind(params);
      statement.step();
    } finally {
      statement.reset();
    }
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
