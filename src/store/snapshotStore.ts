import { readFile, rename } from 'node:fs/promises';
import { UserError } from '../model/failure.ts';
import {
  queries,
  writes,
  type QueryName,
  type QueryParams,
  type QueryResult,
  type WriteName,
  type WriteParams,
  type WriteResult,
} from './catalogue.ts';
import { currentVersion, migrate } from './migrations.ts';
import { readSnapshot, writeSnapshot } from './snapshotFile.ts';
import { SqlDatabase } from './sqlDatabase.ts';
import type { Store } from './store.ts';

type WriteTable = Record<WriteName, (db: SqlDatabase, params: unknown) => unknown>;
type QueryTable = Record<QueryName, (db: SqlDatabase, params: unknown) => unknown>;

/**
 * Keeps the database in memory and saves the whole of it after every change. Changes that come while a save is under
 * way share the next one.
 */
export class SnapshotStore implements Store {
  readonly #db: SqlDatabase;
  readonly #path: string;
  /** How many changes there were, and how many of them are on the disk. */
  #changes = 0;
  #saved = 0;
  #saving: Promise<void> | null = null;
  #closed = false;

  private constructor(db: SqlDatabase, path: string) {
    this.#db = db;
    this.#path = path;
  }

  /**
   * @param path of the database file; made when it is not there
   * @param wasmPath of sql.js's `sql-wasm.wasm`
   * @throws UserError `storage` when the file cannot be read, is from a newer version, or is not a database (it is then set aside)
   */
  static async open(path: string, wasmPath: string): Promise<SnapshotStore> {
    const [{ default: initSqlJs }, wasm, bytes] = await Promise.all([
      import('sql.js'),
      readFile(wasmPath),
      readSnapshot(path),
    ]);
    const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength);
    const sqlJs = await initSqlJs({ wasmBinary });
    const db = await openDatabase(() => new SqlDatabase(sqlJs, bytes), path);
    const store = new SnapshotStore(db, path);
    const before = db.userVersion();
    migrate(db);
    if (db.userVersion() !== before) await store.#save();
    return store;
  }

  async write<W extends WriteName>(name: W, params: WriteParams<W>): Promise<WriteResult<W>> {
    if (this.#closed) throw new UserError({ reason: 'storage', message: 'The board is being closed.' });
    const apply = (writes as WriteTable)[name];
    const result = this.#db.transaction(() => apply(this.#db, params)) as WriteResult<W>;
    await this.#save();
    return result;
  }

  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): Promise<QueryResult<Q>> {
    return Promise.resolve((queries as QueryTable)[name](this.#db, params) as QueryResult<Q>);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#saved < this.#changes) await this.#save();
    this.#db.close();
  }

  /** Resolves when everything that was written before the call is on the disk. */
  async #save(): Promise<void> {
    const wanted = ++this.#changes;
    if (this.#saving) await this.#saving.catch(() => undefined);
    // Whoever comes first after a save starts the next; the others that waited share it.
    if (this.#saved < wanted) {
      this.#saving ??= this.#writeFile().finally(() => {
        this.#saving = null;
      });
      await this.#saving;
    }
  }

  async #writeFile(): Promise<void> {
    const changes = this.#changes;
    try {
      await writeSnapshot(this.#path, this.#db.export());
      this.#saved = changes;
    } catch (error) {
      throw new UserError(
        {
          reason: 'storage',
          message: `The board could not be saved to ${this.#path}: ${(error as Error).message}. The change is kept in memory and saved with the next one.`,
          action: { kind: 'showLog' },
        },
        { cause: error },
      );
    }
  }
}

async function openDatabase(open: () => SqlDatabase, path: string): Promise<SqlDatabase> {
  let version: number;
  let db: SqlDatabase;
  try {
    db = open();
    version = db.userVersion();
  } catch (error) {
    const aside = `${path}.broken-${Date.now()}`;
    await rename(path, aside);
    throw new UserError(
      {
        reason: 'storage',
        message: `The board's database could not be read. It was set aside as ${aside}; reload the window to start with an empty board.`,
        action: { kind: 'showLog' },
      },
      { cause: error },
    );
  }
  if (version <= currentVersion) return db;
  db.close();
  throw new UserError({
    reason: 'storage',
    message: `This board was written by a newer version of Kandev (format ${version}, this one reads up to ${currentVersion}). Update the extension to open it.`,
  });
}
