import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

const keepMs = 7 * 24 * 60 * 60_000;

/**
 * Writes a file that is mounted into containers: under a name of its text, and never again, because a mount is of the
 * file and not of its name. Those that were not needed for a week are removed; containers that have one keep it.
 *
 * @returns its path
 */
export async function writeGenerated(folder: string, name: string, text: string): Promise<string> {
  const file = path.join(folder, `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`);
  await mkdir(folder, { recursive: true });
  const now = new Date();
  const isThere = await utimes(file, now, now).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const temporary = `${file}.${randomUUID()}`;
    await writeFile(temporary, text, { mode: 0o644 });
    await rename(temporary, file);
  }
  await removeOld(folder, name);
  return file;
}

async function removeOld(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder).catch(() => [])) {
    if (!entry.startsWith(`${name}-`)) continue;
    const file = path.join(folder, entry);
    const stats = await stat(file).catch(() => null);
    if (stats && Date.now() - stats.mtimeMs > keepMs) await rm(file, { force: true });
  }
}
