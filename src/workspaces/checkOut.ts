import { lstat, readdir } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { UserError } from '../model/failure.ts';
import { eachLimited } from './eachLimited.ts';
import { below, foldersOf, onDisk, textOf, type GitPath } from './gitPath.ts';
import type { HostGit, WorkSite } from './hostGit.ts';
import type { GitCall } from './gitCall.ts';
import { diffTrees, type TreeDifference } from './trees.ts';

type Changes = ReadonlyMap<GitPath, TreeDifference>;

/** Something that no tree holds lies where files are to be written. Nothing has been touched. */
export class ObstructedError extends UserError {
  readonly paths: readonly GitPath[];

  constructor(paths: readonly GitPath[]) {
    const [first] = paths;
    super({
      reason: 'refused',
      message: `${first === undefined ? 'A file' : textOf(first)} is in the way, and Kandev has no copy of it. Move it, and try again.`,
    });
    this.paths = paths;
  }
}

/**
 * Brings the files of a folder from one tree to another, and the index with them. All or nothing: git first looks
 * whether every file that it would write or remove is as the index says, and refuses otherwise. Links are replaced and
 * never followed.
 *
 * @throws ObstructedError for what git itself would overwrite without asking: ignored files
 */
export async function checkOut(
  git: HostGit,
  from: string,
  to: string,
  call: Pick<GitCall, 'doing' | 'signal'> & { site: WorkSite },
): Promise<void> {
  const changes = await diffTrees(git, from, to, call);
  const obstacles = await findObstacles(call.site.workTree, changes);
  if (obstacles.length > 0) throw new ObstructedError(obstacles);
  await git.run(['read-tree', '-m', '-u', from, to], call);
}

const atOnce = 32;

/** New files whose place is taken by something that is in neither tree; by path, as they would be written. */
export async function findObstacles(root: string, changes: Changes): Promise<GitPath[]> {
  const created = [...changes].flatMap(([path, { before, after }]) => (!before && after ? path : []));
  const folders = new Map<GitPath, Promise<FolderState>>();
  const stateOf = (folder: GitPath): Promise<FolderState> => {
    const known = folders.get(folder) ?? folderState(root, folder, changes);
    folders.set(folder, known);
    return known;
  };
  const isOpen = async (path: GitPath): Promise<boolean> => {
    for (const folder of foldersOf(path).reverse()) {
      const state = await stateOf(folder);
      if (state !== 'folder') return state === 'free';
    }
    return isFree(root, path, changes);
  };
  const obstacles: GitPath[] = [];
  await eachLimited(created, atOnce, async (path) => {
    if (!(await isOpen(path))) obstacles.push(path);
  });
  return obstacles.sort();
}

/** What is where a folder will have to be: a folder, nothing that stays (so nothing below either), or something else. */
type FolderState = 'folder' | 'free' | 'taken';

async function folderState(root: string, folder: GitPath, changes: Changes): Promise<FolderState> {
  const stats = await statsOf(root, folder);
  if (stats?.isDirectory()) return 'folder';
  return !stats || goes(folder, changes) ? 'free' : 'taken';
}

async function isFree(root: string, path: GitPath, changes: Changes): Promise<boolean> {
  const stats = await statsOf(root, path);
  if (!stats) return true;
  if (stats.isDirectory()) return allGo(root, path, changes);
  // Where case does not count, a file that is only renamed in its case is still there under its old name.
  for (const other of changes.keys()) {
    if (other.toLowerCase() !== path.toLowerCase() || !goes(other, changes)) continue;
    if ((await statsOf(root, other))?.ino === stats.ino) return true;
  }
  return false;
}

/** Whether every file below a folder is one that this change removes. */
async function allGo(root: string, folder: GitPath, changes: Changes): Promise<boolean> {
  for (const entry of await readdir(onDisk(root, folder), { withFileTypes: true, encoding: 'buffer' })) {
    const path = below(folder, entry.name.toString('latin1') as GitPath);
    const isKnown = entry.isDirectory() ? await allGo(root, path, changes) : goes(path, changes);
    if (!isKnown) return false;
  }
  return true;
}

function goes(path: GitPath, changes: Changes): boolean {
  const change = changes.get(path);
  return change !== undefined && change.before !== null && change.after === null;
}

function statsOf(root: string, path: GitPath): Promise<Stats | null> {
  return lstat(onDisk(root, path)).catch(() => null);
}
