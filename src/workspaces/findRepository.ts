import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { WorkspaceMode } from '../model/task.ts';

/** Where a git repository's parts are. All paths are absolute and without symbolic links. */
export interface Repository {
  /** The folder of the working tree. */
  topLevel: string;
  /** HEAD and index: `.git`, or a worktree's folder below `.git/worktrees`. */
  gitDir: string;
  /** Objects, refs and configuration. */
  commonDir: string;
}

/** Enough for any path; what is larger is not a file of git's. */
const maxPointerBytes = 8192;

/**
 * Finds the repository that a folder belongs to, as git would, but without git: no configuration is read, so that
 * neither `core.worktree` nor a `commondir` file in a plain `.git` folder can lead elsewhere. A worktree's `.git` file
 * counts only when the repository it names knows that worktree.
 *
 * @returns null where there is none
 */
export async function findRepository(folder: string): Promise<Repository | null> {
  let topLevel = await realpath(folder).catch(() => null);
  while (topLevel !== null) {
    const repository = await repositoryAt(topLevel);
    if (repository) return repository;
    const parent = path.dirname(topLevel);
    topLevel = parent === topLevel ? null : parent;
  }
  return null;
}

/** Where agents can work: a folder with git is better cloned than copied. */
export async function workspaceModesOf(folder: string | null): Promise<WorkspaceMode[]> {
  const hasGit = folder !== null && (await findRepository(folder)) !== null;
  return ['folder', hasGit ? 'clone' : 'copy', 'repository'];
}

/** Whether these are the same files, and not another repository that has been put in its place. */
export function isSameRepository(one: Repository | null, other: Repository | null): boolean {
  return (
    one?.topLevel === other?.topLevel && one?.gitDir === other?.gitDir && one?.commonDir === other?.commonDir
  );
}

async function repositoryAt(topLevel: string): Promise<Repository | null> {
  const dotGit = path.join(topLevel, '.git');
  const stats = await stat(dotGit).catch(() => null);
  if (stats?.isDirectory()) {
    const gitDir = await realpath(dotGit);
    return (await isGitFolder(gitDir, gitDir)) ? { topLevel, gitDir, commonDir: gitDir } : null;
  }
  if (!stats?.isFile()) return null;
  const pointer = /^gitdir: (.+?)\r?\n?$/.exec((await readPointer(dotGit)) ?? '')?.[1];
  if (pointer === undefined) return null;
  const gitDir = await realpath(path.resolve(topLevel, pointer)).catch(() => null);
  if (gitDir === null) return null;
  const commonDir = await commonDirOf(gitDir, dotGit);
  return commonDir !== null && (await isGitFolder(gitDir, commonDir))
    ? { topLevel, gitDir, commonDir }
    : null;
}

/** For a `.git` that is a file: of a worktree, which shares its repository, or of a repository that lies elsewhere. */
async function commonDirOf(gitDir: string, dotGit: string): Promise<string | null> {
  const shared = (await readPointer(path.join(gitDir, 'commondir')))?.trim();
  if (shared === undefined) return gitDir;
  const back = (await readPointer(path.join(gitDir, 'gitdir')))?.trim();
  const known = back === undefined ? null : await realpath(path.resolve(gitDir, back)).catch(() => null);
  if (known !== (await realpath(dotGit))) return null;
  return realpath(path.resolve(gitDir, shared)).catch(() => null);
}

async function isGitFolder(gitDir: string, commonDir: string): Promise<boolean> {
  const [head, objects, refs] = await Promise.all(
    [path.join(gitDir, 'HEAD'), path.join(commonDir, 'objects'), path.join(commonDir, 'refs')].map((part) =>
      lstat(part).catch(() => null),
    ),
  );
  // HEAD may be a link in very old repositories; never something that reading would wait on.
  return (
    head !== undefined && head !== null && (head.isFile() || head.isSymbolicLink()) && !!objects && !!refs
  );
}

/** Null where there is no plain file: opening a named pipe would wait for ever. */
async function readPointer(file: string): Promise<string | null> {
  const stats = await lstat(file).catch(() => null);
  if (!stats?.isFile() || stats.size > maxPointerBytes) return null;
  return readFile(file, 'utf8');
}
