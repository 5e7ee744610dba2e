import { chmod, copyFile, lchown, lstat, mkdir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerUser } from './containerUser.ts';
import { hostPath, isSame, lookAt, type KnownFile, type KnownFiles } from './knownFiles.ts';
import type { ReceivedWork } from './receiveWork.ts';

export interface WorkMerge {
  /** The folder on this machine. */
  root: string;
  /** What it was when both sides had the same. */
  known: KnownFiles;
  received: Pick<ReceivedWork, 'now' | 'contents'>;
  /** A folder of our own on the same disk. */
  staging: string;
  /** Whom new files belong to; null where this process cannot choose. */
  owner: ContainerUser | null;
}

/**
 * Writes what an agent has changed in a copy of a folder into the folder itself. Only what it has changed is touched; a
 * file that somebody has changed here too stays as it is, and the agent's is put beside it. May be cut off at any time,
 * and done again.
 *
 * @returns what could not be written as it was, in words
 */
export async function mergeWork(merge: WorkMerge): Promise<string[]> {
  const { root, known, received } = merge;
  const problems: string[] = [];
  const gone = [...known.keys()].filter((name) => !received.now.has(name));
  // What is in a folder goes before the folder.
  for (const name of gone.reverse()) await removeUnlessChanged(root, name, known.get(name));
  for (const [name, now] of received.now) {
    if (isSame(now, known.get(name))) continue;
    const problem = await put(merge, name, now);
    if (problem !== null) problems.push(problem);
  }
  return problems;
}

async function removeUnlessChanged(root: string, name: string, before: KnownFile | undefined): Promise<void> {
  if (!(await isBelow(root, name))) return;
  const file = hostPath(root, name);
  if (before?.kind === 'folder') {
    // Fails where there is something in it that the agent never had.
    await rmdir(file).catch(() => undefined);
  } else if (isSame(await lookAt(file), before)) {
    await rm(file, { force: true });
  }
}

/** Why it is not there now as the agent has it; null when it is. */
async function put(merge: WorkMerge, name: string, now: KnownFile): Promise<string | null> {
  const { root, known } = merge;
  if (!(await isBelow(root, name))) return `${name}: what it lies in is not a folder on this machine`;
  const file = hostPath(root, name);
  const here = await lookAt(file);
  if (isSame(here, now)) return null;
  const changedHere = !isSame(here, known.get(name)) && !isGits(name);
  if (changedHere && here !== null) {
    if (now.kind !== 'file') return `${name}: it was changed on this machine meanwhile, and stays`;
    const beside = `${name}.agent-${now.hash.slice(0, 8)}`;
    await write(merge, name, beside, now);
    return `${name}: it was changed on this machine meanwhile; what the agent made of it is in ${beside}`;
  }
  if (here !== null && here.kind !== now.kind) {
    // Of a folder only what the agent had is gone by now.
    if (here.kind === 'folder') await rmdir(file).catch(() => undefined);
    else await rm(file, { force: true });
    if ((await lookAt(file)) !== null) return `${name}: there is something else in its place`;
  }
  return write(merge, name, name, now);
}

/** @param name whose content; `as` where to */
async function write(merge: WorkMerge, name: string, as: string, now: KnownFile): Promise<string | null> {
  const { root, received, staging, owner } = merge;
  const file = hostPath(root, as);
  if (now.kind === 'folder') {
    await mkdir(file, { recursive: true });
    if (owner) await lchown(file, owner.uid, owner.gid);
    return null;
  }
  // One step, so that nobody ever reads half of it.
  const temporary = path.join(staging, 'next');
  try {
    if (now.kind === 'link') await symlink(now.to, temporary);
    else {
      const content = received.contents.get(name) ?? hostPath(root, name);
      await copyFile(content, temporary);
      await chmod(temporary, now.executable ? 0o755 : 0o644);
      if (!isSame(await lookAt(temporary), now)) return `${name}: its content was changed meanwhile`;
    }
    if (owner) await lchown(temporary, owner.uid, owner.gid);
    await rename(temporary, file);
    return null;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Whether all above a path are real folders: what is written there stays below the root. */
async function isBelow(root: string, name: string): Promise<boolean> {
  const parts = name.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const stats = await lstat(hostPath(root, parts.slice(0, depth).join('/'))).catch(() => null);
    if (!stats?.isDirectory()) return false;
  }
  return true;
}

/** Nobody edits these; git writes its index only by looking. */
function isGits(name: string): boolean {
  return name.startsWith('.git/');
}
