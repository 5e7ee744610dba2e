import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile, readlink, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as v from 'valibot';

/** What a path of a workspace was when this machine and the container had the same. */
export type KnownFile =
  | { kind: 'folder' }
  /** `hash`: SHA-256 of the content. `executable` is all that is kept of the mode, as in git. */
  | { kind: 'file'; hash: string; executable: boolean }
  | { kind: 'link'; to: string };

/** By the path below the workspace, with slashes. The workspace itself is not among them. */
export type KnownFiles = Map<string, KnownFile>;

const knownFile = v.variant('kind', [
  v.object({ kind: v.literal('folder') }),
  v.object({ kind: v.literal('file'), hash: v.string(), executable: v.boolean() }),
  v.object({ kind: v.literal('link'), to: v.string() }),
]);
const knownFiles = v.array(v.tuple([v.string(), knownFile]));

/** Reads what `writeKnown` has written; null where there is none. */
export async function readKnown(file: string): Promise<KnownFiles | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : new Map(v.parse(knownFiles, JSON.parse(text)));
}

export async function writeKnown(file: string, known: KnownFiles): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify([...known]));
  await rename(temporary, file);
}

export function isSame(one: KnownFile | null | undefined, other: KnownFile | null | undefined): boolean {
  if (!one || !other) return !one && !other;
  if (one.kind === 'file' && other.kind === 'file') {
    return one.hash === other.hash && one.executable === other.executable;
  }
  if (one.kind === 'link' && other.kind === 'link') return one.to === other.to;
  return one.kind === other.kind;
}

/** What is at a path of this machine now; null where nothing is, or nothing that a workspace can hold. */
export async function lookAt(file: string): Promise<KnownFile | null> {
  const stats = await lstat(file).catch(() => null);
  if (!stats) return null;
  if (stats.isDirectory()) return { kind: 'folder' };
  if (stats.isSymbolicLink()) return { kind: 'link', to: await readlink(file) };
  if (!stats.isFile()) return null;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { kind: 'file', hash: hash.digest('hex'), executable: isExecutable(stats.mode) };
}

export function isExecutable(mode: number): boolean {
  return (mode & 0o100) !== 0;
}

/** A path below the workspace on this machine. */
export function hostPath(root: string, name: string): string {
  return path.join(root, ...name.split('/'));
}
