import { readlink } from 'node:fs/promises';
import path from 'node:path';
import { onDisk, splitPaths, textOf, type GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';

const shown = 20;

/**
 * Links in a tree that lead out of the folder: for an agent in a container they lead nowhere, or to something else.
 *
 * @returns the first few, as `path → target`
 */
export async function outsideLinks(
  git: HostGit,
  tree: string,
  root: string,
  call: Pick<GitCall, 'doing' | 'signal'> & { site: GitSite },
): Promise<string[]> {
  const { stdout } = await git.run(['ls-tree', '-r', '-z', '--full-tree', tree], call);
  const links = splitPaths(stdout)
    .filter((line) => line.startsWith('120000 '))
    .map((line) => line.slice(line.indexOf('\t') + 1) as GitPath);
  const found: string[] = [];
  for (const link of links) {
    const target = await readlink(onDisk(root, link), 'utf8').catch(() => null);
    if (target === null) continue;
    const leadsTo = path.relative(root, path.resolve(root, path.dirname(textOf(link)), target));
    const isOutside = leadsTo === '..' || leadsTo.startsWith(`..${path.sep}`) || path.isAbsolute(leadsTo);
    if (isOutside) found.push(`${textOf(link)} → ${target}`);
    if (found.length === shown) break;
  }
  return found;
}
