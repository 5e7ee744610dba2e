import { chown, lstat, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import type { HostPath } from './containerFiles.ts';
import { homeFolder, type ContainerUser } from './containerUser.ts';

/** The folder that an agent works in, as the container gets it. */
export interface Workspace {
  /** On the host. */
  folder: string;
  /** In the container: the same, so that paths in messages mean the same on both sides. */
  target: string;
  /** What of the folder's `.git` is mounted over it again. */
  git: readonly GitMount[];
}

export interface GitMount {
  /** Relative to the folder. */
  path: string;
  readOnly: boolean;
}

/** A file or folder by its absolute path on this machine, which is mounted over itself again. */
export interface GuardedPath {
  path: string;
  /** False: it can be written to, but not renamed, removed or replaced. */
  readOnly: boolean;
}

/** The folder, and over it what of its `.git` and of other repositories is mounted again. */
export function workspacePaths(
  { folder, target, git }: Workspace,
  guards: readonly GuardedPath[] = [],
): HostPath[] {
  return [
    { source: folder, target, readOnly: false },
    ...git.map(({ path, readOnly }) => ({
      source: `${folder}/${path}`,
      target: `${target}/${path}`,
      readOnly,
    })),
    ...guards
      .map(({ path, readOnly }) => ({ source: path, target: targetOf(path), readOnly }))
      .filter(({ target }) => !isReserved(target)),
  ];
}

/** What the container needs itself: a folder that holds one of these cannot be mounted at its own path. */
const reserved = ['/bin', '/dev', '/etc', '/lib', '/proc', '/sbin', '/sys', '/tmp', '/usr', homeFolder];

/**
 * Checks that the folder can be mounted, and returns where in the container.
 *
 * @throws UserError `no-folder` when it is gone; `invalid-input` when the container needs that path itself
 */
export async function checkWorkspace(folder: string): Promise<string> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw new UserError({
      reason: 'no-folder',
      message: `The folder ${folder} does not exist any more. Open another folder.`,
      action: { kind: 'openFolder' },
    });
  }
  const target = targetOf(folder);
  if (isReserved(target)) {
    throw new UserError({
      reason: 'invalid-input',
      message: `An agent cannot work in ${folder}: its container needs that path itself. Open a folder below it.`,
      action: { kind: 'openFolder' },
    });
  }
  return target;
}

/** Whether mounting something there would hide what the container needs. */
export function isReserved(target: string): boolean {
  const below = target.endsWith('/') ? target : `${target}/`;
  return reserved.some((needed) => `${needed}/`.startsWith(below));
}

/** Where a folder of this machine is in a container. */
export function targetOf(folder: string): string {
  return pathInContainer(folder, process.platform);
}

/** The same path; for one of Windows the form that Docker Desktop and Git Bash use: `C:\a b` is `/c/a b`. */
export function pathInContainer(folder: string, platform: NodeJS.Platform): string {
  if (platform !== 'win32') return folder;
  return folder
    .replace(/^([a-z]):/i, (_all, drive: string) => `/${drive.toLowerCase()}`)
    .replaceAll('\\', '/');
}

/**
 * Says what of the folder's `.git` is mounted over it again. Whoever can write there, or can put another `.git` in its
 * place, has their code run by the next git command on the host; VS Code runs one every few seconds.
 *
 * - In the user's own folder all of it is read-only, be it a folder or a file: no setting, hook, `commondir`, ref or
 *   index can be changed, and a mount cannot be renamed or removed. What lies elsewhere (submodules, what a `.git` file
 *   leads to) is in `LaunchPlace.guards`, from who knows git.
 * - In a clone of our own the agent commits: there only the settings and the hooks are read-only, and `.git` cannot be
 *   replaced. The host's git does not obey them anyway (workspaces/isolation.ts).
 *
 * @throws UserError when `.git` is a link, which no mount can hold in its place
 */
export async function protectGit(
  folder: string,
  { isOwn, taskId }: { isOwn: boolean; taskId: string },
  user: ContainerUser,
): Promise<GitMount[]> {
  const kind = await kindOf(path.join(folder, '.git'));
  if (kind === null) return [];
  if (isOwn) return kind === 'folder' ? protectSettings(folder, user) : [];
  if (kind === 'link') {
    throw new UserError({
      reason: 'refused',
      message: `An agent cannot work in ${folder} itself: its .git is a link, which it could replace by a repository that makes your own git run programs. Let the card work in a clone.`,
      action: { kind: 'workInCopy', taskId },
    });
  }
  return [{ path: '.git', readOnly: true }];
}

/** For a container whose `.git` is read-only: looking at the state does not try to write the index anew. */
export const readOnlyGit: Readonly<Record<string, string>> = { GIT_OPTIONAL_LOCKS: '0' };

async function protectSettings(folder: string, user: ContainerUser): Promise<GitMount[]> {
  const hooks = path.join(folder, '.git', 'hooks');
  if ((await kindOf(hooks)) === null) {
    // What does not exist cannot be mounted over, and the agent could make it.
    await mkdir(hooks);
    if (process.getuid?.() === 0) await chown(hooks, user.uid, user.gid);
  }
  const mounts: GitMount[] = [
    { path: '.git', readOnly: false },
    { path: '.git/hooks', readOnly: true },
  ];
  for (const name of ['config', 'config.worktree']) {
    const file = path.join(folder, '.git', name);
    // Git reads the second only where the first says so, which the agent cannot change.
    if (name === 'config.worktree' && !(await hasWorktreeConfig(folder))) continue;
    if ((await kindOf(file)) === null) {
      await writeFile(file, '', { flag: 'wx' });
      if (process.getuid?.() === 0) await chown(file, user.uid, user.gid);
    }
    mounts.push({ path: `.git/${name}`, readOnly: true });
  }
  return mounts;
}

/** Whether the repository's configuration may make git read another file of it. */
async function hasWorktreeConfig(folder: string): Promise<boolean> {
  const text = await readFile(path.join(folder, '.git', 'config'), 'utf8').catch(() => '');
  return /worktreeconfig/i.test(text);
}

/** Of the thing itself, not of what a link points to; null where there is nothing. */
async function kindOf(file: string): Promise<'folder' | 'link' | 'file' | null> {
  return lstat(file).then(
    (stats) => (stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file'),
    () => null,
  );
}
