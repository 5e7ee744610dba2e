import { dirname } from 'node:path';
import { journalsIn, type DatabaseFolder } from './databaseFolder.ts';
import type { Disk, DiskFile } from './disk.ts';
import { deletableJournals, type JournalExtent } from './recoveryPlan.ts';
import { BoardTakenOverError } from './storageErrors.ts';

interface OpenJournal {
  file: DiskFile;
  /** How much of it the disk has for certain. */
  size: number;
  extent: JournalExtent;
}

/**
 * Writes the journal files of a board, one after the other.
 *
 * Who opens the board begins a new journal, and by that takes the board over: whoever had it finds that journal behind
 * his own before he tells anybody that a change is on the disk, and stops. What he had on the disk by then is read by
 * the new owner, who looks only after he has begun. No file is ever written by two.
 */
export class JournalWriter {
  readonly #disk: Disk;
  readonly #folder: DatabaseFolder;
  #generation: number;
  #current: OpenJournal | null = null;
  #extents: JournalExtent[] = [];
  /** Journals that were read, and that the disk may not have: a killed program leaves them to the system. */
  #unsynced: number[] = [];
  #rotate = false;

  private constructor(disk: Disk, folder: DatabaseFolder, generation: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#generation = generation;
  }

  /** Takes the board over. Where nothing can be written now, that is tried again with the first change. */
  static async claim(disk: Disk, folder: DatabaseFolder): Promise<JournalWriter> {
    for (;;) {
      const newest = journalsIn(await disk.list(folder.path)).at(-1) ?? 0;
      const writer = new JournalWriter(disk, folder, newest);
      try {
        await disk.makeFolder(folder.path);
        await disk.syncFolder(dirname(folder.path));
        writer.#current = await writer.#begin();
        return writer;
      } catch (error) {
        if (!(error instanceof BoardTakenOverError)) return writer;
        // Somebody has opened it at the same moment. The last one has it.
      }
    }
  }

  /** Tells the writer what journals there are. They are on the disk before anything is built on them. */
  follow(journals: readonly JournalExtent[]): void {
    const own = this.#current?.extent;
    const others = journals.filter(({ generation }) => generation !== own?.generation);
    this.#extents = own ? [...others, own] : others;
    this.#unsynced = others.filter(({ firstSeq }) => firstSeq !== null).map(({ generation }) => generation);
  }

  /**
   * Appends records; resolves when the disk has them.
   * @throws BoardTakenOverError when another window has opened the board
   * @throws what the system says; then `abandon` must be called, and the records appended again
   */
  async append(bytes: Uint8Array, firstSeq: number): Promise<void> {
    await this.#syncOthers();
    if (this.#rotate && this.#current && this.#current.size > 0) await this.#closeCurrent();
    this.#rotate = false;
    const current = (this.#current ??= await this.#begin());
    await current.file.write(bytes, current.size);
    await current.file.sync();
    this.checkOwner();
    current.size += bytes.length;
    current.extent.firstSeq ??= firstSeq;
  }

  /** @throws BoardTakenOverError when another window has opened the board */
  checkOwner(): void {
    if (this.#disk.exists(this.#folder.journal(this.#generation + 1))) throw new BoardTakenOverError();
  }

  /** Lets the next records go into a new journal. */
  rotate(): void {
    this.#rotate = true;
  }

  /** Never writes the current file again, because an error has made it uncertain what it has. */
  async abandon(): Promise<void> {
    await this.#closeCurrent().catch(() => undefined);
  }

  /** Removes the journals that are not needed to get from this snapshot to the present. */
  async prune(oldestSnapshotSeq: number): Promise<void> {
    const deletable = deletableJournals(this.#extents, oldestSnapshotSeq);
    this.#extents = this.#extents.filter(({ generation }) => !deletable.includes(generation));
    this.#unsynced = this.#unsynced.filter((generation) => !deletable.includes(generation));
    for (const generation of deletable) await this.#disk.remove(this.#folder.journal(generation));
  }

  /** @param seal is appended to what is there: a record that says that all before it was on the disk */
  async close(seal: Uint8Array): Promise<void> {
    const { file, size } = this.#current ?? {};
    // After a snapshot nothing has been appended: it has all that is here.
    if (file && size && !this.#rotate) {
      await file.write(seal, size);
      await file.sync();
    }
    await this.#closeCurrent();
  }

  async #syncOthers(): Promise<void> {
    for (const generation of [...this.#unsynced]) {
      await this.#disk.sync(this.#folder.journal(generation)).catch((error: unknown) => {
        // Unless it was pruned meanwhile, because a snapshot has all of it.
        if (this.#unsynced.includes(generation)) throw error;
      });
    }
    this.#unsynced = [];
  }

  async #begin(): Promise<OpenJournal> {
    const generation = this.#generation + 1;
    const path = this.#folder.journal(generation);
    const file = await this.#disk.create(path).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new BoardTakenOverError() : error;
    });
    this.#generation = generation;
    try {
      await this.#disk.syncFolder(this.#folder.path);
    } catch (error) {
      await file.close();
      await this.#disk.remove(path);
      throw error;
    }
    const extent: JournalExtent = { generation, firstSeq: null };
    this.#extents.push(extent);
    return { file, size: 0, extent };
  }

  /** A journal with nothing in it is removed. */
  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    if (!current) return;
    this.#current = null;
    await current.file.close();
    if (current.size > 0) return;
    this.#extents = this.#extents.filter((extent) => extent !== current.extent);
    await this.#disk.remove(this.#folder.journal(current.extent.generation));
  }
}
