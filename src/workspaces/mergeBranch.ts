import { UserError } from '../model/failure.ts';
import { repositoryOf } from './applyToRepository.ts';
import { checkOut, findObstacles } from './checkOut.ts';
import { textOf, type GitPath } from './gitPath.ts';
import type { WorkSite } from './hostGit.ts';
import type { GitCall } from './gitCall.ts';
import type { MergedTree } from './mergeTrees.ts';
import { targetPlace, unsavedIn, workspacePlace, type Place } from './openWorkspace.ts';
import { commitClone, isAncestor, treeOf } from './resultCommit.ts';
import type { FileConflict } from './revert.ts';
import { commitTree, diffTrees } from './trees.ts';
import type { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { MergeOutcome } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/**
 * Merges what a clone has become into the branch that the folder is on, as `git merge` would: forward where that is
 * possible; conflicts are left in files and index, with MERGE_HEAD, to be resolved and committed by the user. Not with
 * `git merge` itself, which would obey the repository's configuration and hooks.
 *
 * Only files that are as HEAD has them are written; if others would have to be, nothing is done.
 */
export async function mergeBranch(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  message: string,
  call: Call,
): Promise<MergeOutcome> {
  const place = await targetPlace(tools, record);
  const repository = repositoryOf(place);
  await repository.assertIdle(call);
  const result = await commitClone(tools, record, await workspacePlace(tools, record), { message }, call);
  await repository.refs.update(refNames.result(record.id), result.commit, { signal: call.signal });
  const merge = await planMerge(tools, repository, result.commit, record.branch ?? 'agent', call);
  if (merge.kind === 'nothing') return { ...none, result: 'nothing-to-merge' };

  const blocked = await blockedBy(tools, place, repository, merge, call);
  if (blocked.length > 0) return { ...none, result: 'blocked', blocked };
  await bringIn(tools, repository.indexFile, merge, call);
  const { conflicts } = merge.merged;
  const taken = { tree: result.now.tree, commit: result.commit };
  if (conflicts.size > 0) {
    await tools.records.change(record.id, { offered: taken, committed: result.commit });
    const paths = [...conflicts.keys()];
    await repository.leaveMerging(result.commit, mergeMessage(merge.label, paths), conflicts, call);
    return { ...none, result: 'conflicts', conflicts: paths.map(textOf).sort() };
  }
  const commit = await moveBranch(tools, repository, merge, call);
  await tools.records.change(record.id, { taken, committed: result.commit });
  return { ...none, result: merge.kind === 'forward' ? 'fast-forward' : 'merged', commit };
}

const none = { commit: null, blocked: [], conflicts: [] };

interface Merge {
  kind: 'nothing' | 'forward' | 'merge';
  label: string;
  head: string;
  theirs: string;
  headTree: string;
  merged: MergedTree;
  site: WorkSite;
}

async function planMerge(
  tools: WorkspaceTools,
  repository: UserRepository,
  theirs: string,
  label: string,
  call: Call,
): Promise<Merge> {
  const { oid: head } = await repository.refs.head(call.signal);
  if (head === null) {
    throw new UserError({
      reason: 'refused',
      message: 'There is no commit in the folder yet that could be merged with.',
    });
  }
  const site = await repository.site(call.signal);
  const headTree = await treeOf(tools, head, site, call);
  const plan = { label, head, theirs, headTree, site };
  if (await isAncestor(tools, theirs, head, site, call)) {
    return { ...plan, kind: 'nothing', merged: { tree: headTree, conflicts: new Map() } };
  }
  if (await isAncestor(tools, head, theirs, site, call)) {
    const tree = await treeOf(tools, theirs, site, call);
    return { ...plan, kind: 'forward', merged: { tree, conflicts: new Map() } };
  }
  const merged = await tools.merger.mergeCommits({ ours: head, theirs, label }, { ...call, site });
  return { ...plan, kind: 'merge', merged };
}

/** Files that would be written, and are not as HEAD has them or not saved. */
async function blockedBy(
  tools: WorkspaceTools,
  place: Place,
  repository: UserRepository,
  { headTree, merged, site }: Merge,
  call: Call,
): Promise<FileConflict[]> {
  const touched = await diffTrees(tools.git, headTree, merged.tree, { ...call, site });
  const uncommitted = await repository.uncommitted(headTree, call);
  const unsaved = await unsavedIn(tools, place);
  const obstacles = new Set(await findObstacles(site.workTree, touched));
  return [...touched.keys()].flatMap((path): FileConflict[] => {
    if (unsaved.has(path)) return [{ path: textOf(path), reason: 'unsaved' }];
    if (obstacles.has(path) && !uncommitted.has(path)) return [{ path: textOf(path), reason: 'in-the-way' }];
    return uncommitted.has(path) ? [{ path: textOf(path), reason: 'uncommitted' }] : [];
  });
}

async function moveBranch(
  tools: WorkspaceTools,
  repository: UserRepository,
  merge: Merge,
  call: Call,
): Promise<string> {
  const { kind, head, theirs, merged, label, site } = merge;
  try {
    const content = { tree: merged.tree, parents: [head, theirs], message: mergeMessage(label, []) };
    const commit = kind === 'forward' ? theirs : await commitTree(tools.git, content, { ...call, site });
    const why = `merge ${label}`;
    await repository.refs.update('HEAD', commit, { expected: head, why, signal: call.signal });
    return commit;
  } catch (error) {
    // Somebody has moved HEAD in this very moment, or it was called off: the files go back to what they were.
    const back = { ...merge, headTree: merged.tree, merged: { ...merged, tree: merge.headTree } };
    await bringIn(tools, repository.indexFile, back, { doing: call.doing });
    throw error;
  }
}

/** Writes the merged files, and the user's index with them; git refuses if one of them is not as the index says. */
async function bringIn(
  { git }: WorkspaceTools,
  index: string,
  { headTree, merged, site }: Pick<Merge, 'headTree' | 'merged' | 'site'>,
  call: Call,
): Promise<void> {
  const own = { ...call, site: { ...site, index } };
  // Files whose times alone have changed would otherwise be taken for changed ones.
  await git.run(['update-index', '-q', '--ignore-submodules', '--refresh'], { ...own, answers: [1] });
  await checkOut(git, headTree, merged.tree, own);
}

function mergeMessage(label: string, conflicts: readonly GitPath[]): string {
  const list =
    conflicts.length === 0
      ? ''
      : `\n# Conflicts:\n${conflicts.map((path) => `#\t${textOf(path)}\n`).join('')}`;
  return `Merge branch '${label}'\n${list}`;
}
