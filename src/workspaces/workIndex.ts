import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';

/** Indexes for git to work in, apart from any user's: what git remembers of files whose times it has seen. */
export class WorkIndexes {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder, and removes what a killed process has left. */
  async open(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true });
    await mkdir(this.#temporary, { recursive: true });
  }

  /**
   * Hands out an index that starts as the one that is kept under a key. It takes its place when `work` succeeds: a
   * process that is killed, or a command that fails, leaves the old one.
   *
   * @param work gets a path, where git may put files beside it, and whether there was one
   */
  async renew<T>(key: string, work: (index: string, isKnown: boolean) => Promise<T>): Promise<T> {
    return this.withCopy(path.join(this.#folder, key), async (index, isKnown) => {
      const result = await work(index, isKnown);
      await rename(index, path.join(this.#folder, key)).catch(unlessMissing);
      return result;
    });
  }

  /** Hands out a copy of an index, for as long as `work` takes; one that does not exist is empty. */
  async withCopy<T>(
    source: string | null,
    work: (index: string, isThere: boolean) => Promise<T>,
  ): Promise<T> {
    const folder = path.join(this.#temporary, randomBytes(8).toString('hex'));
    await mkdir(folder);
    try {
      const index = path.join(folder, 'index');
      const isThere = source !== null && (await copyIndex(source, index));
      return await work(index, isThere);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async forget(key: string): Promise<void> {
    await rm(path.join(this.#folder, key), { force: true });
  }

  get #temporary(): string {
    return path.join(this.#folder, 'tmp');
  }
}

/**
 * Copies an index together with its time, which git goes by: a file that is as new as the index, or newer, is compared
 * by its content. A copy that looks newer would hide a change made in the same moment and with the same size.
 */
async function copyIndex(from: string, to: string): Promise<boolean> {
  const stats = await stat(from, { bigint: true }).catch(() => null);
  if (!stats?.isFile()) return false;
  await copyFile(from, to);
  // A microsecond earlier: rounding must not make it later.
  const seconds = Number(stats.mtimeNs / 1000n - 1n) / 1e6;
  await utimes(to, seconds, seconds);
  return true;
}

function unlessMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
