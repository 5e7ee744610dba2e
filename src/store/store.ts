import type { Backup } from '../model/backup.ts';
import type { Disposable } from '../model/events.ts';
import type {
  QueryName,
  QueryParams,
  QueryResult,
  WriteName,
  WriteParams,
  WriteResult,
} from './catalogue.ts';

/** What changes that are on the disk now have touched. */
export interface StoreChange {
  /** Names of tables; what a deleted row takes with it is not listed. */
  tables: readonly string[];
  /** Rises with every change, also over the end of the program. */
  revision: number;
}

/** The database, as everybody else sees it: named changes in, named questions out, and no SQL. */
export interface Store {
  /**
   * Resolves when the change is on the disk.
   * @throws UserError `storage` when it cannot be written: it is then kept in memory, and written when that is possible
   */
  write<W extends WriteName>(name: W, params: WriteParams<W>): Promise<WriteResult<W>>;
  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): Promise<QueryResult<Q>>;
  /** Tells of changes as soon as they are on the disk. */
  onDidChange(listener: (change: StoreChange) => void): Disposable;
  /** Writes a copy that any SQLite program can open; a file that is there is replaced. */
  exportCopy(path: string): Promise<void>;
  /** The newest first. */
  listBackups(): Promise<Backup[]>;
  /** Makes the board what it was; the state before becomes a backup itself. */
  restoreBackup(id: string): Promise<void>;
  /** Resolves when all that was written is on the disk and nothing is open any more. */
  close(): Promise<void>;
}
