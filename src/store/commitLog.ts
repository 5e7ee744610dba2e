import { UserError } from '../model/failure.ts';
import { changedTables } from './changedTables.ts';
import { encodeRecord } from './journalFormat.ts';
import type { JournalWriter } from './journalWriter.ts';
import type { ExecutedStatement } from './sqlDatabase.ts';
import type { StoreChange } from './store.ts';

export interface CommitLogEvents {
  /** Changes are on the disk. */
  onDurable(change: StoreChange): void;
  /** Changes could not be written; they are kept, and tried again. Returns what those are told who wait for them. */
  onFailing(error: unknown): Error;
  /** All that could not be written is on the disk now. */
  onRecovered(): void;
  /** The board is another window's, or its files are gone: nothing is written any more. */
  onLost(error: UserError): void;
}

interface Pending {
  seq: number;
  bytes: Uint8Array;
  tables: readonly string[];
  waiters: { resolve: () => void; reject: (error: unknown) => void }[];
}

/**
 * Brings changes to the disk: in their order, those that come while others are being written together with one
 * another, and none reported as done before the disk has it. What could not be written stays in memory and is written
 * with the next change, or after a while.
 */
export class CommitLog {
  readonly #writer: JournalWriter;
  readonly #events: CommitLogEvents;
  readonly #retryMs: number;
  readonly #queue: Pending[] = [];
  #seq: number;
  #durable: number;
  #bytesWritten = 0;
  #bytesWaiting = 0;
  #writing = false;
  #failing = false;
  #lost: UserError | null = null;
  #retry: NodeJS.Timeout | null = null;

  /**
   * @param seq the number of the last change of the board
   * @param retryMs how long to wait before writing again what could not be written
   */
  constructor(writer: JournalWriter, seq: number, events: CommitLogEvents, retryMs: number) {
    this.#writer = writer;
    this.#events = events;
    this.#retryMs = retryMs;
    this.#seq = seq;
    this.#durable = seq;
  }

  /** The number of the last change, be it on the disk or not. */
  get seq(): number {
    return this.#seq;
  }

  /** How much has been written to journals since the board was opened. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** How much waits to be written. */
  get bytesWaiting(): number {
    return this.#bytesWaiting;
  }

  /**
   * Writes what a transaction executed. Resolves when it, and everything before it, is on the disk.
   * @throws what `onFailing` has made of the error
   */
  commit(statements: readonly ExecutedStatement[]): Promise<void> {
    if (statements.length === 0) return this.settled();
    const record = { seq: ++this.#seq, at: Date.now(), durable: this.#durable, statements };
    const bytes = encodeRecord(record);
    this.#bytesWaiting += bytes.length;
    this.#queue.push({ seq: record.seq, bytes, tables: changedTables(statements), waiters: [] });
    return this.settled();
  }

  /** Resolves when everything up to now is on the disk; rejects as `commit` does. */
  settled(): Promise<void> {
    if (this.#lost) return Promise.reject(this.#lost);
    const last = this.#queue.at(-1);
    if (!last) return Promise.resolve();
    return new Promise((resolve, reject) => {
      last.waiters.push({ resolve, reject });
      if (!this.#writing) void this.#writeAll();
    });
  }

  /** Begins to write what waits, without anybody waiting for it. */
  flush(): void {
    this.settled().catch(() => undefined);
  }

  /** Goes on with a higher number, after a snapshot that is not what the changes before it come to. */
  continueAt(seq: number): void {
    this.#seq = seq;
    this.#durable = seq;
    this.#writer.rotate();
  }

  /** Resolves when all is on the disk and the journal is closed; rejects as `commit` does. */
  async close(): Promise<void> {
    try {
      await this.settled();
      const at = Date.now();
      await this.#writer.close(
        encodeRecord({ seq: this.#seq + 1, at, durable: this.#durable, statements: [] }),
      );
    } finally {
      this.#stopRetry();
      await this.#writer.abandon();
    }
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    this.#stopRetry();
    try {
      while (this.#queue.length > 0) await this.#writeBatch([...this.#queue]);
      if (this.#failing) this.#events.onRecovered();
      this.#failing = false;
      this.#writing = false;
    } catch (error) {
      await this.#writer.abandon();
      // Before anybody hears of it, so that whoever asks again at once finds it ready.
      this.#writing = false;
      this.#fail(error);
    }
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    const [first] = batch;
    const last = batch.at(-1);
    if (!first || !last) return;
    const bytes = Buffer.concat(batch.map((pending) => pending.bytes));
    await this.#writer.append(bytes, first.seq);
    this.#queue.splice(0, batch.length);
    this.#durable = last.seq;
    this.#bytesWritten += bytes.length;
    this.#bytesWaiting -= bytes.length;
    for (const { resolve } of batch.flatMap(({ waiters }) => waiters)) resolve();
    const tables = [...new Set(batch.flatMap((pending) => pending.tables))];
    this.#events.onDurable({ tables, revision: last.seq });
  }

  #fail(error: unknown): void {
    this.#failing = true;
    let told: Error;
    if (error instanceof UserError) {
      told = this.#lost = error;
      this.#events.onLost(error);
    } else {
      told = this.#events.onFailing(error);
      this.#retry = setTimeout(() => {
        this.flush();
      }, this.#retryMs);
    }
    for (const { reject } of this.#queue.flatMap(({ waiters }) => waiters.splice(0))) reject(told);
  }

  #stopRetry(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
  }
}
