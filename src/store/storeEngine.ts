import type { Backup } from '../model/backup.ts';
import { errorNotice, type Notice } from '../model/failure.ts';
import { listBackups, makeBackup, readBackup } from './backups.ts';
import { queries, writes, type QueryName, type WriteName } from './catalogue.ts';
import { CommitLog, type CommitLogEvents } from './commitLog.ts';
import { factsOf } from './databaseFile.ts';
import { replaceFile } from './disk.ts';
import { currentVersion, migrate } from './migrations.ts';
import { openDatabase, type DatabaseSource, type OpenedDatabase } from './openDatabase.ts';
import { defaultTriggers, SnapshotKeeper, type SnapshotTriggers } from './snapshotKeeper.ts';
import type { SqlDatabase } from './sqlDatabase.ts';
import {
  BoardTakenOverError,
  notSavedError,
  reopeningError,
  storageError,
  whyNotWritten,
} from './storageErrors.ts';
import type { StoreChange } from './store.ts';

type WriteTable = Record<WriteName, (db: SqlDatabase, params: unknown) => unknown>;
type QueryTable = Record<QueryName, (db: SqlDatabase, params: unknown) => unknown>;

export interface StoreEngineOptions extends DatabaseSource {
  triggers?: Partial<SnapshotTriggers>;
  /** How long to wait before writing again what could not be written. */
  retryMs?: number;
  onChange: (change: StoreChange) => void;
  onNotice: (notice: Notice) => void;
  /** The store has closed itself: another window has the board. */
  onTakenOver: () => void;
}

/** So much may wait in memory for a disk that takes nothing. */
const waitingBytes = 16 * 1024 * 1024;

/**
 * The database of a board: sql.js in memory, each change written to a journal before it is reported as done, and a
 * snapshot of the whole now and then. It lives in a worker thread (worker.ts), because a snapshot of 100 MB blocks its
 * thread for 120 ms.
 */
export class StoreEngine {
  readonly #options: StoreEngineOptions;
  readonly #log: CommitLog;
  readonly #keeper: SnapshotKeeper;
  #db: SqlDatabase;
  /** Changes wait while a backup takes the place of what they would change. */
  #restoring: Promise<void> | null = null;
  /** Why nothing can be changed; it can be read all the same. */
  #readOnly: Error | null;
  /** Why nothing can be asked any more. */
  #ended: Error | null = null;
  #closing: Promise<void> | null = null;

  private constructor(options: StoreEngineOptions, opened: OpenedDatabase) {
    this.#options = options;
    this.#db = opened.db;
    this.#readOnly = opened.readOnly;
    const { disk, folder, triggers } = options;
    this.#log = new CommitLog(opened.writer, opened.seq, this.#events(), options.retryMs ?? 5_000);
    this.#keeper = new SnapshotKeeper(
      {
        disk,
        folder,
        writer: opened.writer,
        log: this.#log,
        db: () => this.#db,
        triggers: { ...defaultTriggers, ...triggers },
        tell: options.onNotice,
      },
      opened.snapshotSeq,
      opened.journalBytes,
    );
  }

  /** @throws UserError `storage` when the files cannot be read */
  static async open(options: StoreEngineOptions): Promise<StoreEngine> {
    const opened = await openDatabase(options, options.onNotice);
    const engine = new StoreEngine(options, opened);
    if (!opened.readOnly) {
      for (const statements of opened.executed) void engine.#log.commit(statements).catch(() => undefined);
      engine.#keeper.changed();
    }
    return engine;
  }

  /** Resolves when the change is on the disk. */
  async write(name: WriteName, params: unknown): Promise<unknown> {
    while (this.#restoring) await this.#restoring.catch(() => undefined);
    this.#checkWritable();
    const apply = (writes as WriteTable)[name];
    const { result, statements } = this.#db.transaction(() => apply(this.#db, params));
    await this.#log.commit(statements);
    return result;
  }

  query(name: QueryName, params: unknown): unknown {
    this.#checkOpen();
    return (queries as QueryTable)[name](this.#db, params);
  }

  async exportCopy(path: string): Promise<void> {
    this.#checkOpen();
    const bytes = this.#db.export();
    try {
      await replaceFile(this.#options.disk, path, bytes);
    } catch (error) {
      throw storageError(`The copy could not be made: ${whyNotWritten(error, path)}.`, error);
    }
  }

  async listBackups(): Promise<Backup[]> {
    const backups = await listBackups(this.#options.disk, this.#options.folder);
    return backups.map(({ id, kind, at, bytes, cards }) => ({ id, kind, at, bytes, cards }));
  }

  async restoreBackup(id: string): Promise<void> {
    while (this.#restoring) await this.#restoring.catch(() => undefined);
    this.#checkWritable();
    this.#restoring = this.#restore(id).finally(() => {
      this.#restoring = null;
    });
    await this.#restoring;
  }

  /** Takes a snapshot now. */
  async snapshot(): Promise<void> {
    this.#checkWritable();
    await this.#keeper.take();
  }

  /** Resolves when all is on the disk; rejects when it could not be brought there. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const mayWrite = !this.#ended && !this.#readOnly;
    this.#ended = storageError('The board is being closed.');
    await this.#restoring?.catch(() => undefined);
    await this.#keeper.stop();
    try {
      if (mayWrite) await this.#log.close();
    } finally {
      this.#db.close();
    }
  }

  async #restore(id: string): Promise<void> {
    const { disk, folder, open, onChange } = this.#options;
    const backup = await readBackup(disk, folder, id);
    if (!backup) throw storageError('This backup is damaged or gone. Choose another one.');
    if (backup.facts.version > currentVersion) {
      throw storageError('This backup was made by a newer version of Kandev. Update Kandev to restore it.');
    }
    await this.#log.settled();
    const seq = this.#log.seq + 1;
    const restored = open(backup.bytes);
    try {
      migrate(restored);
      const bytes = this.#db.export();
      await makeBackup(disk, folder, 'restore', bytes, factsOf(this.#db, bytes, this.#log.seq));
      await this.#keeper.replace(restored, seq);
    } catch (error) {
      restored.close();
      throw this.#notRestored(error, seq);
    }
    this.#log.continueAt(seq);
    this.#db.close();
    this.#db = restored;
    const tables = restored.all(`SELECT name FROM sqlite_schema WHERE type = 'table'`);
    onChange({ tables: tables.map(({ name }) => String(name)), revision: seq });
  }

  #notRestored(error: unknown, seq: number): Error {
    const { disk, folder } = this.#options;
    if (error instanceof BoardTakenOverError) return error;
    const why = whyNotWritten(error, folder.path);
    if (!disk.exists(folder.snapshot(seq)))
      return storageError(`The backup was not restored: ${why}.`, error);
    // It may be what the board is opened with the next time, so nothing may be built on the state before.
    this.#ended = reopeningError(
      `It is not certain that the backup was restored: ${why}. Reload the window to see.`,
      error,
    );
    return this.#ended;
  }

  #checkOpen(): void {
    if (this.#ended) throw this.#ended;
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.#readOnly) throw this.#readOnly;
    if (this.#log.bytesWaiting > waitingBytes) {
      throw storageError(
        `Too many changes wait to be saved in ${this.#options.folder.path}, so this one was not made. Make room on the disk.`,
      );
    }
  }

  #events(): CommitLogEvents {
    const { folder, onChange, onNotice, onTakenOver } = this.#options;
    let failing = false;
    return {
      onDurable: (change) => {
        onChange(change);
        this.#keeper.changed();
      },
      onFailing: (cause) => {
        const error = notSavedError(cause, folder.path);
        if (!failing) onNotice({ severity: 'error', message: error.message, action: { kind: 'showLog' } });
        failing = true;
        return error;
      },
      onRecovered: () => {
        failing = false;
        onNotice({
          severity: 'info',
          message: 'The board can be saved again. Nothing that waited was lost.',
        });
      },
      onLost: (error) => {
        this.#readOnly = error;
        if (error instanceof BoardTakenOverError) {
          this.#ended = error;
          onTakenOver();
        } else {
          onNotice(errorNotice(error));
        }
      },
    };
  }
}
