import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import { splitPaths, textOf } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';

export interface CopyInRequest {
  /** Globs from the top of the folder: `.env`, `config/*.json`, `**\/.env.local`. */
  patterns: readonly string[];
  from: string;
  to: string;
  /** A site whose index is empty. */
  site: GitSite;
}

/**
 * Copies files that git ignores, such as `.env`, from the user's folder into a workspace. Only plain files, and only
 * where there is nothing yet: what an agent has made of its copy stays. Nothing is read or written through a link that
 * leads out of either folder.
 *
 * @returns what was copied, relative to the folders
 * @throws UserError for a pattern that leaves the folder
 */
export async function copyIn(
  git: HostGit,
  { patterns, from, to, site }: CopyInRequest,
  call: Pick<GitCall, 'doing' | 'signal'>,
): Promise<string[]> {
  if (patterns.length === 0) return [];
  const specs = patterns.map(pathspecOf);
  const { stdout } = await git.run(['ls-files', '-z', '--others', '--', ...specs], {
    ...call,
    site: { ...site, workTree: from },
    // The one place where a pattern is a pattern.
    environment: { GIT_LITERAL_PATHSPECS: '0' },
  });
  const copied: string[] = [];
  for (const file of splitPaths(stdout)) {
    call.signal?.throwIfAborted();
    if (!file.endsWith('/') && (await copyOne(textOf(file), from, to))) copied.push(textOf(file));
  }
  return copied;
}

function pathspecOf(pattern: string): string {
  const parts = pattern.split(/[/\\]/);
  if (pattern === '' || path.isAbsolute(pattern) || parts.includes('..') || parts.includes('.git')) {
    throw new UserError({
      reason: 'invalid-input',
      message: `"${pattern}" cannot be copied into a workspace: name files below the folder.`,
    });
  }
  return `:(top,glob)${pattern}`;
}

async function copyOne(file: string, from: string, to: string): Promise<boolean> {
  const [source, target] = [path.join(from, file), path.join(to, file)];
  const stats = await lstat(source).catch(() => null);
  if (!stats?.isFile()) return false;
  if (!(await makeFolders(to, path.dirname(file)))) return false;
  return copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    },
  );
}

/** Makes the folders that a file goes into; false when one of them is a link, or a file. */
async function makeFolders(root: string, folder: string): Promise<boolean> {
  let at = await realpath(root);
  for (const part of folder.split(path.sep).filter((each) => each !== '.' && each !== '')) {
    at = path.join(at, part);
    const stats = await lstat(at).catch(() => null);
    if (stats === null) await mkdir(at);
    else if (!stats.isDirectory()) return false;
  }
  return true;
}
