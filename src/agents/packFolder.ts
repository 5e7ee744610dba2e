import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pack } from 'tar-stream';
import type { ContainerUser } from './containerUser.ts';
import { hostPath, isExecutable, type KnownFiles } from './knownFiles.ts';

type Header = Parameters<Pack['entry']>[0];

export interface PackedFolder {
  source: string;
  /** Where the folder goes, as a path in the archive: `home/ann/project`. */
  target: string;
  /** Whom everything of it belongs to. */
  owner: ContainerUser;
}

/** Larger files are read in parts. */
const atOnceBytes = 1_000_000;

/**
 * Adds a folder with all that is in it to an archive: files, links and folders as they are. Sockets and devices stay
 * out, and what is named otherwise than in UTF-8.
 *
 * @returns what went in
 * @throws what keeps a file from being read; the archive is of no use then
 */
export async function packFolder(archive: Pack, folder: PackedFolder): Promise<KnownFiles> {
  const known: KnownFiles = new Map();
  const { mode, mtime } = await lstat(folder.source);
  await addEntry(archive, { name: `${folder.target}/`, type: 'directory', mode, mtime, ...folder.owner });
  await addInside(archive, folder, '', known);
  return known;
}

async function addInside(
  archive: Pack,
  folder: PackedFolder,
  within: string,
  known: KnownFiles,
): Promise<void> {
  for (const entry of (await readdir(hostPath(folder.source, within))).sort()) {
    if (entry.includes('\uFFFD')) continue;
    const name = within === '' ? entry : `${within}/${entry}`;
    const file = hostPath(folder.source, name);
    const stats = await lstat(file);
    const common = { mode: stats.mode, mtime: stats.mtime, ...folder.owner };
    const archived = `${folder.target}/${name}`;
    if (stats.isDirectory()) {
      await addEntry(archive, { name: `${archived}/`, type: 'directory', ...common });
      known.set(name, { kind: 'folder' });
      await addInside(archive, folder, name, known);
    } else if (stats.isSymbolicLink()) {
      const to = await readlink(file);
      await addEntry(archive, { name: archived, type: 'symlink', linkname: to, ...common });
      known.set(name, { kind: 'link', to });
    } else if (stats.isFile()) {
      const hash = await packFile(archive, file, stats, { name: archived, ...common });
      known.set(name, { kind: 'file', hash, executable: isExecutable(stats.mode) });
    }
  }
}

/** Adds a file, and returns the hash of what was added. */
export async function packFile(
  archive: Pack,
  file: string,
  { size }: Pick<Stats, 'size'>,
  header: Header,
): Promise<string> {
  const hash = createHash('sha256');
  if (size > atOnceBytes) {
    const entry = archive.entry({ ...header, size });
    // What is added to it meanwhile does not fit any more.
    await pipeline(createReadStream(file, { end: size - 1 }), hashing(hash), entry);
  } else {
    const content = await readFile(file);
    hash.update(content);
    await addEntry(archive, { ...header, size: content.length }, content);
  }
  return hash.digest('hex');
}

/** Adds what has no content, or all of it at once. */
export function addEntry(archive: Pack, header: Header, content = Buffer.alloc(0)): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header, content, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Folders above a path, as entries of root's, each before what is in it. */
export async function addParents(archive: Pack, target: string): Promise<void> {
  const parts = path.posix.dirname(target).split('/').filter(Boolean);
  for (let depth = 1; depth <= parts.length; depth++) {
    await addEntry(archive, { name: `${parts.slice(0, depth).join('/')}/`, type: 'directory', mode: 0o755 });
  }
}

export function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
