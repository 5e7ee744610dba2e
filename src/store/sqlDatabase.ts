import type { Database, SqlJsStatic, SqlValue, Statement } from 'sql.js';

/** Has a property for each column. It is for reading only: to keep or send it, make something of its values. */
export type Row = Readonly<Record<string, SqlValue>>;

type RowMaker = (values: readonly SqlValue[]) => Row;

/** A statement as it was executed. Null instead of parameters: a script of several statements. */
export type ExecutedStatement = readonly [sql: string, params: readonly SqlValue[] | null];

/**
 * sql.js as the store uses it: prepared statements kept, rows as objects, and transactions that roll back and remember
 * which statements they executed.
 */
export class SqlDatabase {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();
  readonly #rowMakers = new Map<string, RowMaker>();
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
      const makeRow = this.#rowMaker(statement.getColumnNames());
      while (statement.step()) rows.push(makeRow(statement.get()));
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

  #rowMaker(columns: readonly string[]): RowMaker {
    const key = columns.join();
    const maker = this.#rowMakers.get(key) ?? rowMaker(columns);
    this.#rowMakers.set(key, maker);
    return maker;
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

/**
 * Makes rows that look a column up in the values when it is asked for: an object with a copy of each made the query of
 * a board a tenth slower, and as much more to clear away.
 */
function rowMaker(columns: readonly string[]): RowMaker {
  class ValuesRow {
    readonly #values: readonly SqlValue[];

    static {
      for (const [index, column] of columns.entries()) {
        Object.defineProperty(this.prototype, column, {
          get(this: ValuesRow) {
            return this.#values[index] ?? null;
          },
        });
      }
    }

    constructor(values: readonly SqlValue[]) {
      this.#values = values;
    }
  }
  return (values) => new ValuesRow(values) as unknown as Row;
}
