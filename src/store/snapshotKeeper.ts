import { UserError, type Notice } from '../model/failure.ts';
import { isDailyBackupDue, listBackups, makeBackup } from './backups.ts';
import type { CommitLog } from './commitLog.ts';
import { factsOf, factsPath, writeDatabaseFile } from './databaseFile.ts';
import { snapshotsIn, type DatabaseFolder } from './databaseFolder.ts';
import type { Disk } from './disk.ts';
import type { JournalWriter } from './journalWriter.ts';
import type { SqlDatabase } from './sqlDatabase.ts';
import { whyNotWritten } from './storageErrors.ts';

/** When snapshots are taken. Reading a journal again takes 35 ms/MB, a snapshot writes the whole database. */
export interface SnapshotTriggers {
  /** So much of journals is too much. */
  journalBytes: number;
  /** After so long without a change … */
  idleMs: number;
  /** … so much of journals is worth a snapshot. */
  idleJournalBytes: number;
}

export const defaultTriggers: SnapshotTriggers = {
  journalBytes: 4 * 1024 * 1024,
  idleMs: 30_000,
  idleJournalBytes: 256 * 1024,
};

export interface SnapshotKeeperDependencies {
  disk: Disk;
  folder: DatabaseFolder;
  writer: JournalWriter;
  log: CommitLog;
  /** The database as it is now; another one after a backup was restored. */
  db: () => SqlDatabase;
  triggers: SnapshotTriggers;
  tell: (notice: Notice) => void;
}

/**
 * Takes snapshots of the database, so that the journals stay short, and keeps the first of each day as a backup. The
 * snapshot before the newest is kept too, with the journals since: should the newest be unreadable, nothing is lost.
 */
export class SnapshotKeeper {
  readonly #deps: SnapshotKeeperDependencies;
  #newest: number;
  #previous = 0;
  /** Up to where the newest snapshot covers the journals, counted as `log.bytesWritten` is. */
  #covered: number;
  /** Where the last snapshot failed: the next is tried when there is as much again. */
  #failedAt = -Infinity;
  #busy: Promise<void> | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #told = false;
  #stopped = false;

  /**
   * @param newest `seq` of the newest snapshot, 0 when there is none
   * @param journalBytes what was in the journals when the board was opened
   */
  constructor(deps: SnapshotKeeperDependencies, newest: number, journalBytes: number) {
    this.#deps = deps;
    this.#newest = newest;
    this.#covered = -journalBytes;
  }

  /** To be called whenever changes have come to the disk, and once at the beginning. */
  changed(): void {
    if (this.#stopped) return;
    const { log, triggers } = this.#deps;
    const uncovered = log.bytesWritten - Math.max(this.#covered, this.#failedAt);
    if (uncovered >= triggers.journalBytes) this.#takeQuietly();
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.#idle(), triggers.idleMs);
  }

  /** Takes one now, unless nothing has changed since the last. */
  take(): Promise<void> {
    return this.#alone(async () => {
      const { disk, folder, log, writer, db } = this.#deps;
      const seq = log.seq;
      if (seq === this.#newest) return;
      const bytes = db().export();
      const facts = factsOf(db(), bytes, seq);
      const covered = log.bytesWritten + log.bytesWaiting;
      writer.rotate();
      await log.settled();
      writer.checkOwner();
      await writeDatabaseFile(disk, folder.snapshot(seq), bytes, facts);
      this.#taken(seq, covered);
      await this.#prune();
      if (isDailyBackupDue(await listBackups(disk, folder), facts.at)) {
        await makeBackup(disk, folder, 'daily', bytes, facts);
      }
    });
  }

  /** Makes another database the newest snapshot, with a number above that of all changes. */
  replace(db: SqlDatabase, seq: number): Promise<void> {
    return this.#alone(async () => {
      const { disk, folder, log, writer } = this.#deps;
      const bytes = db.export();
      writer.checkOwner();
      await writeDatabaseFile(disk, folder.snapshot(seq), bytes, factsOf(db, bytes, seq));
      this.#taken(seq, log.bytesWritten);
    });
  }

  /** Takes no more; resolves when none is being taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    await this.#busy?.catch(() => undefined);
  }

  /** One after the other. */
  #alone(work: () => Promise<void>): Promise<void> {
    const before = this.#busy ?? Promise.resolve();
    const busy = before.catch(() => undefined).then(work);
    this.#busy = busy;
    return busy.finally(() => {
      if (this.#busy === busy) this.#busy = null;
    });
  }

  #taken(seq: number, covered: number): void {
    this.#previous = this.#newest;
    this.#newest = seq;
    this.#covered = covered;
  }

  async #prune(): Promise<void> {
    const { disk, folder, writer } = this.#deps;
    const names = await disk.list(folder.path);
    for (const seq of snapshotsIn(names).filter((other) => other < this.#previous)) {
      await disk.remove(folder.snapshot(seq));
      await disk.remove(factsPath(folder.snapshot(seq)));
    }
    await writer.prune(this.#previous);
  }

  async #idle(): Promise<void> {
    const { disk, folder, log, triggers } = this.#deps;
    const worthIt = log.bytesWritten - this.#covered >= triggers.idleJournalBytes;
    if (worthIt || isDailyBackupDue(await listBackups(disk, folder), Date.now())) this.#takeQuietly();
  }

  #takeQuietly(): void {
    if (this.#busy) return;
    this.take().then(
      () => {
        this.#told = false;
      },
      (error: unknown) => {
        this.#failedAt = this.#deps.log.bytesWritten;
        // Where changes cannot be written either, the user has been told of that.
        if (!this.#told && !(error instanceof UserError)) this.#tell(error);
      },
    );
  }

  #tell(error: unknown): void {
    this.#told = true;
    this.#deps.tell({
      severity: 'warning',
      message: `All changes of the board are saved, but no snapshot of it: ${whyNotWritten(error, this.#deps.folder.path)}. It is tried again later.`,
      action: { kind: 'showLog' },
    });
  }
}
