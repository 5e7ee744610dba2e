import * as fs from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { FilesDeletedError } from './storageErrors.ts';

/** A file that is being written. */
export interface DiskFile {
  /** Resolves when the system has all of it, which says nothing about the disk. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /**
   * Resolves when the disk has what was written.
   * @throws FilesDeletedError when somebody has deleted the file: what was written to it is gone when it is closed
   */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** All that the database does to the disk, in the smallest steps, so that tests can cut the power between any two. */
export interface Disk {
  /** Names in a folder; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** Null when there is no such file. */
  read(path: string): Promise<Uint8Array | null>;
  exists(path: string): boolean;
  /** Makes a new file; fails with EEXIST when there is one. */
  create(path: string): Promise<DiskFile>;
  /** Resolves when the disk has what any process has written to the file. */
  sync(path: string): Promise<void>;
  /** Resolves when the disk has the names in the folder: what was made, renamed and removed there. */
  syncFolder(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Nothing happens when there is no such file. */
  remove(path: string): Promise<void>;
}

/**
 * Puts the bytes at `path` so that a crash at any moment leaves either the old content or the new one.
 * @throws what the system says, after what was written of it has been removed
 */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.tmp`;
  await disk.remove(aside);
  const file = await disk.create(aside);
  try {
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(aside, path);
  } catch (error) {
    await disk.remove(aside).catch(() => undefined);
    throw error;
  }
  await disk.syncFolder(dirname(path));
}

/** A piece up to this size is written at once: cheaper than a trip to the thread pool, which costs some 50 µs. */
const smallBytes = 64 * 1024;
/** Larger ones are written in pieces of this size, so that nobody waits long for the thread that writes them. */
const pieceBytes = 1024 * 1024;

const openFile = promisify(fs.open);
const closeFile = promisify(fs.close);
const syncData = promisify(fs.fdatasync);
const writePiece = promisify(fs.write);

class NodeFile implements DiskFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(pieceBytes, bytes.length - at);
      if (length <= smallBytes) at += fs.writeSync(this.#fd, bytes, at, length, position + at);
      else at += (await writePiece(this.#fd, bytes, at, length, position + at)).bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await syncData(this.#fd);
    if (fs.fstatSync(this.#fd).nlink === 0) throw new FilesDeletedError();
  }

  close(): Promise<void> {
    return closeFile(this.#fd);
  }
}

export const nodeDisk: Disk = {
  list: (folder) => readdir(folder).catch(unlessMissing([])),
  read: (path) => readFile(path).catch(unlessMissing(null)),
  exists: fs.existsSync,
  create: async (path) => new NodeFile(await openFile(path, 'wx', 0o600)),
  sync: (path) => syncOpened(path, process.platform === 'win32' ? 'r+' : 'r'),
  // Windows neither needs nor allows it.
  syncFolder: (path) => (process.platform === 'win32' ? Promise.resolve() : syncOpened(path, 'r')),
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  rename,
  remove: (path) => rm(path, { force: true }),
};

async function syncOpened(path: string, flags: string): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function unlessMissing<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  };
}
