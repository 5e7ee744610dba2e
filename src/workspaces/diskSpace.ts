import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { eachLimited } from './eachLimited.ts';

const atOnce = 32;

/** How much room a folder takes on the disk, in bytes; links are not followed. What cannot be read counts as nothing. */
export async function bytesOf(folder: string, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  let level = [folder];
  while (level.length > 0) {
    signal?.throwIfAborted();
    const next: string[] = [];
    await eachLimited(level, atOnce, async (each) => {
      for (const entry of await readdir(each, { withFileTypes: true }).catch(() => [])) {
        const file = path.join(each, entry.name);
        if (entry.isDirectory()) next.push(file);
        const stats = await lstat(file).catch(() => null);
        // Windows does not count blocks.
        if (stats) bytes += process.platform === 'win32' ? stats.size : stats.blocks * 512;
      }
    });
    level = next;
  }
  return bytes;
}

const removedMark = '.removed';

/** Removes a folder. It is renamed first, so that a process which is killed leaves nothing that looks whole. */
export async function removeFolder(folder: string): Promise<void> {
  const aside = `${folder}${removedMark}`;
  await rm(aside, { recursive: true, force: true }).catch(() => removeStubborn(aside));
  try {
    await rename(folder, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await rm(aside, { recursive: true, force: true }).catch(() => removeStubborn(aside));
}

/** Goes on with what `removeFolder` was killed in. */
export async function finishRemovals(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.endsWith(removedMark)) continue;
    const aside = path.join(parent, name);
    await rm(aside, { recursive: true, force: true }).catch(() => removeStubborn(aside));
  }
}

/** Some tools make their folders read-only (Go's module cache): nothing in them can be removed then. */
async function removeStubborn(folder: string): Promise<void> {
  const stats = await lstat(folder).catch(() => null);
  if (!stats) return;
  if (stats.isDirectory()) {
    await chmod(folder, 0o700);
    for (const name of await readdir(folder)) await removeStubborn(path.join(folder, name));
  }
  await rm(folder, { recursive: true, force: true });
}
