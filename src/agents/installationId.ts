import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Tells this installation's containers from those of another on the same engine. A file and not a memento: where VS
 * Code runs in a browser, mementos are the browser's, and containers are not.
 *
 * @param folder the extension's global storage
 */
export async function installationId(folder: string): Promise<string> {
  const file = join(folder, 'installation-id');
  await mkdir(folder, { recursive: true });
  const id = randomUUID();
  // Of two windows that start at once the first one wins.
  await writeFile(file, id, { flag: 'wx' }).catch(() => undefined);
  return readFile(file, 'utf8');
}
