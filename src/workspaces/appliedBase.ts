import type { GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';
import { diffTrees, setEntries, writeTree, type TreeEntry } from './trees.ts';

export interface AppliedBaseInput {
  /** What the agent began with. */
  start: string;
  /** What was brought into the folder the last time; null when nothing was. */
  applied: string | null;
  /** The folder as it is. */
  ours: string;
}

/**
 * What both sides have in common when a change is applied: what the agent began with, but for files that are still as
 * they were applied before. Those have this state in common, so that the next step of the agent's is no conflict with
 * the one before, and no work of the user's.
 *
 * @param site has an index to work in
 */
export async function appliedBase(
  git: HostGit,
  { start, applied, ours }: AppliedBaseInput,
  call: Pick<GitCall, 'doing' | 'signal'> & { site: GitSite },
): Promise<string> {
  if (applied === null) return start;
  const [step, since] = await Promise.all([
    diffTrees(git, start, applied, call),
    diffTrees(git, applied, ours, call),
  ]);
  const shared = new Map<GitPath, TreeEntry | null>();
  for (const [path, { after }] of step) if (!since.has(path)) shared.set(path, after);
  await git.run(['read-tree', start], call);
  await setEntries(git, shared, call);
  return writeTree(git, call);
}
