import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** To and from the agent, what it writes to stderr, and what became of its container. */
export type WireDirection = 'in' | 'out' | 'stderr' | 'note';

/** One line of the file, as JSON. */
export type WireLine =
  | { at: number; direction: WireDirection; line: string }
  /** Stands where so many lines could not be written. */
  | { at: number; lost: number }
  /** Stands at the end of a file that takes no more lines. */
  | { at: number; full: true };

export interface WireRecordOptions {
  /** Where the records of all runs are; made when it is not there. */
  folder: string;
  runId: string;
  /** The file is not made larger than about this. */
  capBytes?: number;
  /** Told once for each time that the disk begins to take no more. */
  onError: (error: unknown) => void;
}

const megabyte = 1024 * 1024;
const defaultCapBytes = 50 * megabyte;
/** How long lines gather before they are written together. */
const gatherMs = 250;
/** So much that is not written yet is written at once, and several times as much is not kept. */
const gatherBytes = 256 * 1024;
const waitingBytes = 16 * gatherBytes;

/**
 * What went over the wire in a run, to the letter, for those who debug an agent or replay it: one file a run, beside
 * the database, only ever appended to. Secrets must have been taken out of the lines before. It may lose its last
 * lines in a crash; the database does not depend on it.
 */
export class WireRecord {
  readonly #path: string;
  readonly #capBytes: number;
  readonly #onError: (error: unknown) => void;
  #file: FileHandle | null = null;
  /** Bytes in the file. */
  #size = 0;
  #gathered: string[] = [];
  #gatheredBytes = 0;
  #lost = 0;
  #failing = false;
  #full = false;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor({ folder, runId, capBytes = defaultCapBytes, onError }: WireRecordOptions) {
    this.#path = wireRecordPath(folder, runId);
    this.#capBytes = capBytes;
    this.#onError = onError;
  }

  append(direction: WireDirection, line: string, at = Date.now()): void {
    if (this.#full) return;
    if (this.#gatheredBytes > waitingBytes) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.#gather({ at, lost: this.#lost });
    this.#lost = 0;
    this.#gather({ at, direction, line });
    if (this.#gatheredBytes >= gatherBytes && !this.#failing) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), gatherMs);
  }

  /** Resolves when all that was appended has been handed to the system, or given up. */
  flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file?.close();
    this.#file = null;
  }

  #gather(line: WireLine): void {
    const text = textOf(line);
    this.#gathered.push(text);
    this.#gatheredBytes += Buffer.byteLength(text);
  }

  async #write(): Promise<void> {
    const lines = [...this.#gathered];
    if (lines.length === 0) return;
    try {
      this.#file ??= await this.#open();
      const { text, full } = this.#upToCap(lines);
      await this.#file.writeFile(text);
      this.#size += Buffer.byteLength(text);
      this.#full = full;
      this.#gathered.splice(0, full ? Infinity : lines.length);
      this.#gatheredBytes = this.#gathered.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
      this.#failing = false;
    } catch (error) {
      // The lines are kept and written again: not behind the beginning of themselves.
      await this.#file?.truncate(this.#size).catch(() => undefined);
      if (!this.#failing) this.#onError(error);
      this.#failing = true;
    }
  }

  /** The lines that the file may still take, with the mark of a full one where not all of them fit. */
  #upToCap(lines: readonly string[]): { text: string; full: boolean } {
    if (this.#full) return { text: '', full: true };
    let size = this.#size;
    const fitting = lines.findIndex((line) => (size += Buffer.byteLength(line)) > this.#capBytes);
    if (fitting === -1) return { text: lines.join(''), full: false };
    return { text: lines.slice(0, fitting).join('') + textOf({ at: Date.now(), full: true }), full: true };
  }

  /** Opens the file at its end. A run that goes on after a restart goes on in its file. */
  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true });
    const file = await open(this.#path, 'a+', 0o600);
    this.#size = (await file.stat()).size;
    const tail = Buffer.alloc(Math.min(this.#size, fullMark.length));
    await file.read(tail, 0, tail.length, this.#size - tail.length);
    this.#full = tail.toString('latin1') === fullMark;
    // A crash has cut off the last line.
    if (this.#size > 0 && tail.at(-1) !== newline) {
      await file.writeFile('\n');
      this.#size++;
    }
    return file;
  }
}

const newline = 10;
const fullMark = ',"full":true}\n';

function textOf(line: WireLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** The file of a run. */
export function wireRecordPath(folder: string, runId: string): string {
  if (!/^[\w-]+$/.test(runId)) throw new Error(`“${runId}” is no id of a run.`);
  return join(folder, `${runId}.jsonl`);
}

/** Removes the records of runs that are gone from the database. A run that has none is no error. */
export async function removeWireRecords(folder: string, runIds: readonly string[]): Promise<void> {
  for (const runId of runIds) await rm(wireRecordPath(folder, runId), { force: true });
}

export interface WireRecordLimits {
  /** Records that nothing was added to for so long are removed … */
  days: number;
  /** … and then the oldest, until all together are no larger than this. */
  bytes: number;
}

/**
 * Removes records that are too old, and the oldest of those that are too many.
 * @param keep ids of runs whose records stay, because they are being written
 * @returns the ids of the runs whose records were removed
 */
export async function pruneWireRecords(
  folder: string,
  limits: WireRecordLimits,
  keep: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const records: { runId: string; at: number; size: number }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const runId = /^([\w-]+)\.jsonl$/.exec(name)?.[1];
    if (runId === undefined) continue;
    const { mtimeMs, size } = await stat(join(folder, name));
    records.push({ runId, at: mtimeMs, size });
  }
  records.sort((a, b) => a.at - b.at);
  const oldest = Date.now() - limits.days * 86_400_000;
  let total = records.reduce((sum, { size }) => sum + size, 0);
  const removed: string[] = [];
  for (const { runId, at, size } of records) {
    if (keep.has(runId) || (at >= oldest && total <= limits.bytes)) continue;
    await rm(wireRecordPath(folder, runId), { force: true });
    total -= size;
    removed.push(runId);
  }
  return removed;
}
