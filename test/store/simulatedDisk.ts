import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../../src/store/disk.ts';

/** A number from 0 up to 1, the same ones again for the same seed. */
export type Random = () => number;

/** Mulberry32. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface PendingWrite {
  bytes: Uint8Array;
  position: number;
}

/** A file's content: as programs see it, as the disk has it, and what lies between. */
class Inode {
  seen: Uint8Array = new Uint8Array();
  durable: Uint8Array = new Uint8Array();
  pending: PendingWrite[] = [];
}

/** A name that was made, or removed (`inode` null), and that the disk may not have yet. */
interface PendingName {
  path: string;
  inode: Inode | null;
}

const sector = 512;

/** What every step fails with once the power is gone. */
export const powerIsGone = 'The power is gone.';

export interface Faults {
  /** The power is cut instead of this step, counted from 1. */
  cutAt: number;
  /** An fsync fails so often, and the system forgets what it has not written, as Linux does. */
  syncFails: number;
}

/**
 * A disk that loses what was not synced when its power is cut: writes are there, or not, or in part, sector by sector
 * and in any order, and so are new names.
 */
export class SimulatedDisk implements Disk {
  readonly #random: Random;
  readonly #faults: Faults;
  #names: Map<string, Inode>;
  #durableNames: Map<string, Inode>;
  #pendingNames: PendingName[] = [];
  /** How many steps there were so far. */
  steps = 0;
  /** There is no room: of what is written, the first half gets through. */
  full = false;
  /** Nothing can be made, renamed or removed. */
  readOnly = false;

  constructor(random: Random, faults: Partial<Faults> = {}, names = new Map<string, Inode>()) {
    this.#random = random;
    this.#faults = { cutAt: Infinity, syncFails: 0, ...faults };
    this.#names = names;
    this.#durableNames = new Map(names);
  }

  /** The disk after the power came back. */
  afterPowerCut(faults: Partial<Faults> = {}): SimulatedDisk {
    for (const { path, inode } of this.#pendingNames) {
      if (this.#random() < 0.5) continue;
      if (inode) this.#durableNames.set(path, inode);
      else this.#durableNames.delete(path);
    }
    const names = new Map<string, Inode>();
    for (const [path, inode] of this.#durableNames) {
      const left = new Inode();
      left.durable = this.#afterCut(inode);
      left.seen = left.durable;
      names.set(path, left);
    }
    return new SimulatedDisk(this.#random, faults, names);
  }

  /** The disk for the next program, after this one was killed: the system still has all that was written. */
  afterKill(faults: Partial<Faults> = {}): SimulatedDisk {
    const disk = new SimulatedDisk(this.#random, faults, this.#names);
    disk.#durableNames = this.#durableNames;
    disk.#pendingNames = this.#pendingNames;
    return disk;
  }

  /** Another disk with the same files. */
  copy(faults: Partial<Faults> = {}): SimulatedDisk {
    const disk = new SimulatedDisk(this.#random, faults);
    for (const [path, { seen }] of this.#names) disk.put(path, seen);
    return disk;
  }

  /** Puts a file there for good, without any of the steps that a program needs for it. */
  put(path: string, bytes: Uint8Array): void {
    const inode = new Inode();
    inode.seen = inode.durable = Uint8Array.from(bytes);
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** All files as programs see them, by their paths. */
  files(): Map<string, Uint8Array> {
    return new Map([...this.#names].map(([path, { seen }]) => [path, seen]));
  }

  list(folder: string): Promise<string[]> {
    const names = [...this.#names.keys()].filter((path) => dirname(path) === folder);
    return this.#step(() => names.map((path) => path.slice(folder.length + 1)));
  }

  read(path: string): Promise<Uint8Array | null> {
    return this.#step(() => this.#names.get(path)?.seen ?? null);
  }

  exists(path: string): boolean {
    return this.#names.has(path);
  }

  create(path: string): Promise<DiskFile> {
    return this.#step(() => {
      if (this.#names.has(path)) throw systemError('EEXIST', path);
      const inode = new Inode();
      this.#setName(path, inode);
      return this.#file(inode);
    });
  }

  sync(path: string): Promise<void> {
    return this.#step(() => {
      this.#syncInode(this.#inode(path));
    });
  }

  syncFolder(folder: string): Promise<void> {
    return this.#step(() => {
      for (const { path, inode } of this.#pendingNames.filter((name) => dirname(name.path) === folder)) {
        if (inode) this.#durableNames.set(path, inode);
        else this.#durableNames.delete(path);
      }
      this.#pendingNames = this.#pendingNames.filter((name) => dirname(name.path) !== folder);
    });
  }

  makeFolder(): Promise<void> {
    return this.#step(() => undefined);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step(() => {
      const inode = this.#inode(from);
      this.#setName(to, inode);
      this.#setName(from, null);
    });
  }

  remove(path: string): Promise<void> {
    return this.#step(() => {
      if (this.#names.has(path)) this.#setName(path, null);
    });
  }

  #file(inode: Inode): DiskFile {
    return {
      write: (bytes, position) =>
        this.#step(() => {
          const through = this.full ? bytes.subarray(0, bytes.length / 2) : Uint8Array.from(bytes);
          inode.seen = written(inode.seen, through, position);
          inode.pending.push({ bytes: through, position });
          if (this.full) throw systemError('ENOSPC', 'write');
        }),
      sync: () =>
        this.#step(() => {
          this.#syncInode(inode);
        }),
      close: () => this.#step(() => undefined),
    };
  }

  /** Everything happens in steps, and before any of them the power may fail. */
  #step<T>(action: () => T): Promise<T> {
    if (++this.steps >= this.#faults.cutAt) return Promise.reject(new Error(powerIsGone));
    try {
      return Promise.resolve(action());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #syncInode(inode: Inode): void {
    if (this.#random() < this.#faults.syncFails) {
      inode.pending = [];
      throw systemError('EIO', 'fsync');
    }
    for (const { bytes, position } of inode.pending) inode.durable = written(inode.durable, bytes, position);
    inode.pending = [];
  }

  #setName(path: string, inode: Inode | null): void {
    if (this.readOnly) throw systemError('EROFS', path);
    if (inode) this.#names.set(path, inode);
    else this.#names.delete(path);
    this.#pendingNames.push({ path, inode });
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw systemError('ENOENT', path);
    return inode;
  }

  /** What the disk has of a file: each sector of each pending write came to it or did not. */
  #afterCut(inode: Inode): Uint8Array {
    let content = inode.durable;
    for (const { bytes, position } of inode.pending) {
      for (let at = 0; at < bytes.length; at += sector) {
        if (this.#random() < 0.5) content = written(content, bytes.subarray(at, at + sector), position + at);
      }
    }
    return content;
  }
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

function written(content: Uint8Array, bytes: Uint8Array, position: number): Uint8Array {
  const result = new Uint8Array(Math.max(content.length, position + bytes.length));
  result.set(content);
  result.set(bytes, position);
  return result;
}
