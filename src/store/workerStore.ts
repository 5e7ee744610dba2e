import { Worker } from 'node:worker_threads';
import type { Backup } from '../model/backup.ts';
import type { Disposable } from '../model/events.ts';
import { errorNotice, type Notice } from '../model/failure.ts';
import type {
  QueryName,
  QueryParams,
  QueryResult,
  WriteName,
  WriteParams,
  WriteResult,
} from './catalogue.ts';
import type { Answer, NumberedRequest, StoreRequest, WorkerMessage, WorkerOptions } from './protocol.ts';
import { unpackError } from './sentError.ts';
import type { SnapshotTriggers } from './snapshotKeeper.ts';
import { BoardTakenOverError, reopeningError, storageError } from './storageErrors.ts';
import type { Store, StoreChange } from './store.ts';

export interface WorkerStoreOptions {
  /** Where the database's files are; made when it is not there. */
  folder: string;
  /** A database of the first format, imported where there is none yet, and left as it is. */
  legacyPath?: string;
  /** Of the bundled worker.ts. */
  workerPath: string;
  /** Of sql.js's `sql-wasm.wasm`. */
  wasmPath: string;
  /** When snapshots are taken. */
  triggers?: Partial<SnapshotTriggers>;
  /** What the user should know: files that were damaged, a disk that is full, and that it has room again. */
  onNotice?: (notice: Notice) => void;
  /**
   * Whether this window may still write. Asked before a change is sent to the disk and again before it is reported as
   * done, so it must be quick. At the first no the store closes itself.
   */
  fence?: () => boolean;
}

interface Waiting {
  request: StoreRequest;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** The database behind a worker thread, which does all the work: nothing here waits for the disk or for SQLite. */
export class WorkerStore implements Store {
  readonly #worker: Worker;
  readonly #fence: () => boolean;
  readonly #onNotice: (notice: Notice) => void;
  readonly #listeners = new Set<(change: StoreChange) => void>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closing: Promise<void> | null = null;
  /** Why nothing can be asked any more. */
  #ended: Error | null = null;

  private constructor(worker: Worker, options: WorkerStoreOptions) {
    this.#worker = worker;
    this.#fence = options.fence ?? (() => true);
    this.#onNotice = options.onNotice ?? (() => undefined);
  }

  /**
   * Opens the database in a new worker thread, and takes it over from whoever has it open.
   * @throws UserError `storage` when its files cannot be read
   */
  static async open(options: WorkerStoreOptions): Promise<WorkerStore> {
    const { folder, legacyPath = null, wasmPath, triggers = {} } = options;
    const workerData: WorkerOptions = { folder, legacyPath, wasmPath, triggers };
    const worker = new Worker(options.workerPath, { workerData, name: 'kandev-store' });
    const store = new WorkerStore(worker, options);
    await store.#opened();
    return store;
  }

  write<W extends WriteName>(name: W, params: WriteParams<W>): Promise<WriteResult<W>> {
    return this.#ask({ method: 'write', name, params }) as Promise<WriteResult<W>>;
  }

  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): Promise<QueryResult<Q>> {
    return this.#ask({ method: 'query', name, params }) as Promise<QueryResult<Q>>;
  }

  onDidChange(listener: (change: StoreChange) => void): Disposable {
    this.#listeners.add(listener);
    return {
      dispose: () => {
        this.#listeners.delete(listener);
      },
    };
  }

  async exportCopy(path: string): Promise<void> {
    await this.#ask({ method: 'exportCopy', path });
  }

  listBackups(): Promise<Backup[]> {
    return this.#ask({ method: 'listBackups' }) as Promise<Backup[]>;
  }

  async restoreBackup(id: string): Promise<void> {
    await this.#ask({ method: 'restoreBackup', backupId: id });
  }

  /** Takes a snapshot now, which is otherwise done when the journal is long. */
  async snapshot(): Promise<void> {
    await this.#ask({ method: 'snapshot' });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (!this.#ended) {
        const closed = this.#ask({ method: 'close' });
        this.#ended = storageError('The board is being closed.');
        await closed;
      }
    } finally {
      await this.#worker.terminate();
    }
  }

  #opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(error);
        this.#end(error);
      };
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'opened') resolve();
        else if (message.type === 'notOpened') fail(unpackError(message.error));
        else this.#receive(message);
      });
      this.#worker.on('error', (error) => {
        fail(
          reopeningError(`The board's database has stopped (${String(error)}). Reload the window.`, error),
        );
      });
      this.#worker.on('exit', () => {
        fail(reopeningError("The board's database has stopped. Reload the window."));
      });
    });
  }

  #ask(request: StoreRequest): Promise<unknown> {
    if (!this.#ended && isChange(request) && !this.#fence()) this.#loseBoard();
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { request, resolve, reject });
      this.#worker.postMessage({ id, request } satisfies NumberedRequest);
    });
  }

  #receive(message: Exclude<WorkerMessage, { type: 'opened' | 'notOpened' }>): void {
    switch (message.type) {
      case 'answers':
        this.#settle(message.answers);
        break;
      case 'change':
        for (const listener of [...this.#listeners]) listener(message.change);
        break;
      case 'notice':
        this.#onNotice(message.notice);
        break;
      case 'takenOver':
        this.#loseBoard();
    }
  }

  #settle(answers: readonly Answer[]): void {
    const changed = answers.some(({ id }) => {
      const waiting = this.#waiting.get(id);
      return waiting !== undefined && isChange(waiting.request);
    });
    if (changed && !this.#fence()) this.#loseBoard();
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(unpackError(answer.error));
      else waiting?.resolve(answer.result);
    }
  }

  /** Another window has the board: whatever is still under way here is not done. */
  #loseBoard(): void {
    if (this.#ended) return;
    const error = new BoardTakenOverError();
    this.#end(error);
    this.#onNotice(errorNotice(error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    void this.#worker.terminate();
  }
}

/** Whether it writes to the board's files. */
function isChange({ method }: StoreRequest): boolean {
  return method === 'write' || method === 'restoreBackup' || method === 'snapshot';
}
