import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The name of a workspace in the labels of its containers.
 * @param folder the storage folder of the workspace
 */
export function workspaceId(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 16);
}

/**
 * The workspaces of this installation that have a board, and the folder that it is about: their storage folders lie
 * beside each other, and what VS Code keeps in `workspace.json` there names the folder.
 *
 * @param folder the storage folder of one of them
 * @returns null when they lie otherwise, so that nothing can be said of the others
 */
export async function installationBoards(folder: string): Promise<ReadonlySet<string> | null> {
  const all = dirname(dirname(folder));
  const names = await readdir(all).catch(() => []);
  const boards = new Set<string>();
  for (const name of names) {
    const storage = join(all, name, basename(folder));
    if ((await exists(storage)) && !(await isFolderGone(join(all, name)))) boards.add(workspaceId(storage));
  }
  return boards.has(workspaceId(folder)) ? boards : null;
}

/** Only of what can be looked for on this machine; what is in doubt is there. */
async function isFolderGone(home: string): Promise<boolean> {
  try {
    const { folder, workspace } = JSON.parse(await readFile(join(home, 'workspace.json'), 'utf8')) as {
      folder?: unknown;
      workspace?: unknown;
    };
    const address = folder ?? workspace;
    if (typeof address !== 'string' || !address.startsWith('file://')) return false;
    return !(await exists(fileURLToPath(address)));
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
