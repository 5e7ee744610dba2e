import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Writable, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { UserError } from '../model/failure.ts';
import { hostPath, isExecutable, isSame, type KnownFile, type KnownFiles } from './knownFiles.ts';
import { hashing } from './packFolder.ts';

export interface WorkLimits {
  /** Of all files together. */
  bytes: number;
  entries: number;
}

export interface WorkReception {
  /** The folder's path in the container. */
  target: string;
  /** The folder on this machine, whose files an unchanged content is taken from. Only read. */
  root: string;
  /** What it was when both sides had the same. */
  known: KnownFiles;
  /** A folder of our own, for the content of what has changed. */
  staging: string;
  limits?: WorkLimits;
}

export interface ReceivedWork {
  /** All that the container's folder holds now, as far as it may come to this machine. */
  now: KnownFiles;
  /** Where the content of changed files is, by their path. */
  contents: ReadonlyMap<string, string>;
  /** What stays in the container, and why: for the user. */
  leftOut: readonly string[];
}

/** More than any workspace has: what an agent plants beyond that must not fill this machine. */
const usualLimits: WorkLimits = { bytes: 20 * 1024 ** 3, entries: 1_000_000 };
/** This much of the disk stays free. */
const spareBytes = 512 * 1024 ** 2;
/** Larger files are not held in memory. */
const atOnceBytes = 1_000_000;

/**
 * Reads an archive of the folder that an agent worked in. The agent may have put anything there. So nothing is written
 * by a name of the archive: contents go into numbered files, and what goes where is decided when all has been read.
 *
 * @throws UserError `refused` when it is larger than the limits or the free disk, or not an archive of that folder
 */
export async function receiveWork(archive: Readable, reception: WorkReception): Promise<ReceivedWork> {
  const { staging, limits = usualLimits } = reception;
  await mkdir(staging, { recursive: true });
  const { bavail, bsize } = await statfs(staging);
  const receiver = new Receiver(reception, {
    ...limits,
    bytes: Math.min(limits.bytes, bavail * bsize - spareBytes),
  });
  const reader = extract();
  const reading = async (): Promise<void> => {
    for await (const entry of reader) await receiver.take(entry.header, entry as unknown as Readable);
  };
  await Promise.all([pipeline(archive, reader), reading()]);
  receiver.keepProtected();
  return receiver;
}

class Receiver implements ReceivedWork {
  readonly now: KnownFiles = new Map();
  readonly contents = new Map<string, string>();
  readonly leftOut: string[] = [];
  readonly #reception: WorkReception;
  readonly #limits: WorkLimits;
  #bytes = 0;
  #entries = 0;

  constructor(reception: WorkReception, limits: WorkLimits) {
    this.#reception = reception;
    this.#limits = limits;
  }

  async take(header: Header, content: Readable): Promise<void> {
    this.#count(header);
    const name = this.#nameOf(header.name);
    if (name === '') return drain(content);
    const problem = this.#problemOf(name, header);
    if (problem !== null) {
      await drain(content);
      this.#leaveOut(name, problem);
      return;
    }
    const file = await this.#receive(name, header, content);
    if (isProtected(name) && !isSame(file, this.#reception.known.get(name))) {
      this.contents.delete(name);
      this.#leaveOut(name, 'git on this machine would run what it says');
      return;
    }
    this.now.set(name, file);
  }

  #count({ name, size }: Header): void {
    this.#bytes += size;
    this.#entries += 1;
    const { bytes, entries } = this.#limits;
    if (this.#bytes <= bytes && this.#entries <= entries) return;
    const what =
      this.#entries > entries
        ? `holds more than ${entries} files`
        : `is larger than the ${(Math.max(bytes, 0) / 1024 ** 3).toFixed(1)} GB that there is room for (${name})`;
    throw new UserError({
      reason: 'refused',
      message: `The agent's folder ${what}, and was not brought to this machine. Its container is kept: remove what nobody needs from it.`,
    });
  }

  /** The path below the folder, with single slashes; '' for the folder itself. */
  #nameOf(archived: string): string {
    const [first, ...rest] = archived.split('/').filter((part) => part !== '' && part !== '.');
    const isOurs = first === path.posix.basename(this.#reception.target) && !archived.startsWith('/');
    if (isOurs && !rest.includes('..') && !archived.includes('\0')) return rest.join('/');
    throw new UserError({
      reason: 'refused',
      message: `What the engine gave as the agent's folder is something else: it holds ${JSON.stringify(archived)}. Nothing of it was taken.`,
    });
  }

  /** Why an entry cannot be taken; null when it can. */
  #problemOf(name: string, header: Header): string | null {
    const { type } = header;
    const to = linkOf(header);
    const before = this.#reception.known.get(name);
    const parent = path.posix.dirname(name);
    if (parent !== '.' && this.now.get(parent)?.kind !== 'folder') return 'what it lies in was not taken';
    if (this.now.has(name)) return 'there are two of that name';
    if (name.includes('\uFFFD')) return 'its name is not UTF-8';
    if (process.platform === 'win32' && /[<>:"|?*\\]|[. ](\/|$)/.test(name)) {
      return 'Windows has no such names';
    }
    if (/^\.git$/i.test(name) && before?.kind === 'folder' && type !== 'directory') {
      return 'the repository was replaced';
    }
    switch (type) {
      case 'file':
      case 'directory':
        return null;
      case 'symlink':
        if (isSame(before, { kind: 'link', to }) || !leadsOut(name, to)) return null;
        return `it is a link that leads out of the folder, to ${to}`;
      case 'link':
        return this.now.get(this.#nameOf(to))?.kind === 'file'
          ? null
          : 'it is one with a file that was not taken';
      default:
        return 'it is neither a file nor a folder nor a link';
    }
  }

  /** What was there stays as it was, so that it does not look removed. */
  #leaveOut(name: string, why: string): void {
    this.leftOut.push(`${name}: ${why}`);
    for (const [known, before] of this.#reception.known) {
      if (known === name || known.startsWith(`${name}/`)) this.now.set(known, before);
    }
  }

  /** What git runs on this machine is not the agent's to remove, either. */
  keepProtected(): void {
    for (const [name, before] of this.#reception.known) {
      if (!isProtected(name) || this.now.has(name)) continue;
      if (this.now.get('.git') === undefined) this.now.set('.git', { kind: 'folder' });
      this.now.set(name, before);
    }
  }

  async #receive(name: string, header: Header, content: Readable): Promise<KnownFile> {
    if (header.type === 'file') return this.#receiveFile(name, header, content);
    await drain(content);
    if (header.type === 'directory') return { kind: 'folder' };
    if (header.type === 'symlink') return { kind: 'link', to: linkOf(header) };
    // A hard link is a file of its own here.
    const first = this.#nameOf(linkOf(header));
    this.contents.set(name, this.contents.get(first) ?? hostPath(this.#reception.root, first));
    return this.now.get(first) ?? { kind: 'folder' };
  }

  async #receiveFile(name: string, { size, mode }: Header, content: Readable): Promise<KnownFile> {
    const { staging, known } = this.#reception;
    const hash = createHash('sha256');
    const staged = path.join(staging, String(this.#entries));
    const file = (): KnownFile => ({
      kind: 'file',
      hash: hash.digest('hex'),
      executable: isExecutable(mode),
    });
    if (size > atOnceBytes) {
      await pipeline(content, hashing(hash), createWriteStream(staged, { flags: 'wx', mode: 0o600 }));
      this.contents.set(name, staged);
      return file();
    }
    const bytes = await buffer(content);
    hash.update(bytes);
    const received = file();
    // Most files of a workspace are as they were.
    if (isSame(received, known.get(name))) return received;
    await writeFile(staged, bytes, { flag: 'wx', mode: 0o600 });
    this.contents.set(name, staged);
    return received;
  }
}

/** What the host's own git runs, as in `protectGit`. Some disks make no difference between `.git` and `.GIT`. */
function isProtected(name: string): boolean {
  return /^\.git\/(hooks(\/|$)|config(\.worktree)?$)/i.test(name);
}

function leadsOut(name: string, to: string): boolean {
  if (to === '' || to.startsWith('/') || /^[a-z]:|\\/i.test(to)) return true;
  const end = path.posix.normalize(path.posix.join(path.posix.dirname(name), to));
  return end === '..' || end.startsWith('../');
}

/** Null, whatever its type says, where an entry has none. */
function linkOf({ linkname }: Header): string {
  return linkname || '';
}

function drain(content: Readable): Promise<void> {
  return pipeline(
    content,
    new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    }),
  );
}
