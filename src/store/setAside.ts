import { basename, join } from 'node:path';
import { factsPath } from './databaseFile.ts';
import type { DatabaseFolder } from './databaseFolder.ts';
import { replaceFile, type Disk } from './disk.ts';

/** Moves a file that could not be read out of the way, with its facts. Nothing that lies there is overwritten. */
export async function moveAside(disk: Disk, folder: DatabaseFolder, path: string): Promise<void> {
  await disk.makeFolder(folder.aside);
  for (const file of new Set([path, factsPath(path)])) {
    if (disk.exists(file)) await disk.rename(file, freePath(disk, folder, file));
  }
  await disk.syncFolder(folder.aside);
}

/** Keeps a copy of a file that is still needed where it is. Returns false when there is one of that name already. */
export async function copyAside(disk: Disk, folder: DatabaseFolder, path: string): Promise<boolean> {
  const copy = join(folder.aside, basename(path));
  const bytes = disk.exists(copy) ? null : await disk.read(path);
  if (!bytes) return false;
  await disk.makeFolder(folder.aside);
  await replaceFile(disk, copy, bytes);
  return true;
}

function freePath(disk: Disk, folder: DatabaseFolder, file: string): string {
  const path = join(folder.aside, basename(file));
  for (let number = 0; ; number++) {
    const free = number === 0 ? path : `${path}.${number}`;
    if (!disk.exists(free)) return free;
  }
}
