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

/** The folder, and over it what of its `.git` is mounted again. */
export function workspacePaths({ folder, target, git }: Workspace): HostPath[] {
  return [
    { source: folder, target, readOnly: false },
    ...git.map(({ path, readOnly }) => ({
      source: `${folder}/${path}`,
      target: `${target}/${path}`,
      readOnly,
    })),
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
 * Says what of the folder's `.git` is mounted over it again. An agent that could write `.git/config` or `.git/hooks`,
 * or put another `.git` in its place, would have its code run by the next git command on the host. So these two are
 * read-only, and `.git` is a mount of its own, which cannot be renamed. Where `.git` is a file (a worktree, a
 * submodule) what it points to is not mounted at all. No mount keeps an agent from making a repository where there is
 * none, here or further down: that is looked for after a run, and told (workspaces/gitPrograms.ts).
 */
export async function protectGit(folder: string, user: ContainerUser): Promise<GitMount[]> {
  if ((await kindOf(path.join(folder, '.git'))) !== 'folder') return [];
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
async function kindOf(file: string): Promise<'folder' | 'other' | null> {
  return lstat(file).then(
    (stats) => (stats.isDirectory() ? 'folder' : 'other'),
    () => null,
  );
}
