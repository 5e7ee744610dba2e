import { failureOf, UserError } from '../model/failure.ts';
import { textOf } from './gitPath.ts';
import type { GitCall, GitSite } from './gitCall.ts';
import { takeSnapshot, type Place } from './openWorkspace.ts';
import { fetchAgentCommits } from './privateClone.ts';
import type { Snapshot } from './snapshotStore.ts';
import { commitTree, diffTrees, type CommitContent } from './trees.ts';
import type { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** What has become of a clone, as a commit in the repository that it came from. */
export interface CloneResult {
  commit: string;
  tree: string;
  startTree: string;
  /** The files as they are now. */
  now: Snapshot;
  /** Files that are not in the commit, since they lie in a submodule. */
  left: string[];
  warnings: string[];
}

/** @throws UserError when the workspace has no history */
export function startOf(
  record: WorkspaceRecord,
  place: Place,
): { repository: UserRepository; start: string } {
  if (place.repository && record.startCommit !== null && record.kind !== 'folder') {
    return { repository: place.repository, start: record.startCommit };
  }
  throw new UserError({
    reason: 'refused',
    message: 'The agent did not work in a clone, so there is no branch of it.',
  });
}

/**
 * Commits the files of a clone as they are now, on top of what the agent has committed and of what was committed from
 * it before. The host reads the files; the clone's index and configuration do not count.
 */
export async function commitClone(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  place: Place,
  content: Pick<CommitContent, 'message' | 'author'>,
  call: Call,
): Promise<CloneResult> {
  const { repository, start } = startOf(record, place);
  const base = await tools.store.read(refNames.base(record.id), call.signal);
  if (!base)
    throw new UserError({
      reason: 'not-found',
      message: 'There is no checkpoint of this workspace any more.',
    });
  const now = await takeSnapshot(tools, place, {
    ...call,
    ref: refNames.now(record.id),
    excludes: await tools.store.excludesOf(base, call.signal),
    withRepository: false,
  });
  const differences = await diffTrees(tools.git, base.tree, now.tree, { ...call, site: tools.store.site });
  const { tree, left } = await repository.treeWith(start, differences, place.source.root, call);
  const site = await repository.site(call.signal);
  const { parents, warnings } = await parentsOf(tools, record, place, call);
  const [parent] = parents;
  const isCommitted =
    parents.length === 1 && parent !== undefined && (await treeOf(tools, parent, site, call)) === tree;
  const commit = isCommitted
    ? parent
    : await commitTree(tools.git, { ...content, tree, parents }, { ...call, site });
  const startTree = await treeOf(tools, start, site, call);
  return { commit, tree, startTree, now, left: left.map(textOf), warnings };
}

/** Where the agent's HEAD is, when it can be trusted to go on from, and what was committed from here before. */
async function parentsOf(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  place: Place,
  call: Call,
): Promise<{ parents: string[]; warnings: string[] }> {
  const { repository, start } = startOf(record, place);
  const site = await repository.site(call.signal);
  const committed = record.committed ?? start;
  let head: string | null;
  try {
    head = await fetchCommits(tools, record, place, call);
  } catch (error) {
    call.signal?.throwIfAborted();
    const { detail, message } = failureOf(error);
    const warning = `The commits that the agent made could not be fetched; its files are all there. ${error instanceof UserError ? message : (detail ?? '').split('\n', 1).join('')}`;
    return { parents: [committed], warnings: [warning.trim()] };
  }
  if (head === null || (await isAncestor(tools, head, committed, site, call))) {
    return { parents: [committed], warnings: [] };
  }
  if (await isAncestor(tools, committed, head, site, call)) return { parents: [head], warnings: [] };
  // The agent has rewritten history. Both stay reachable, if they have anything to do with each other.
  const related = await tools.git.run(['merge-base', committed, head], { ...call, site, answers: [1] });
  return { parents: related.code === 0 ? [committed, head] : [committed], warnings: [] };
}

/** Fetches what the agent has committed, keeps it under `refs/kandev/`, and returns its HEAD. */
async function fetchCommits(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  place: Place,
  call: Call,
): Promise<string | null> {
  const { repository, start } = startOf(record, place);
  const { head, branches } = await fetchAgentCommits(
    tools.git,
    { root: place.source.root, source: repository, have: start, neutral: tools.store.site.gitDir },
    call,
  );
  const runId = record.runs.at(-1) ?? record.id;
  if (head !== null) await repository.refs.update(refNames.head(runId), head, { signal: call.signal });
  for (const [branch, oid] of branches) {
    if (oid === start || oid === head) continue;
    await repository.refs.update(refNames.agentBranch(runId, branch), oid, { signal: call.signal });
  }
  return head;
}

export async function treeOf(
  tools: Pick<WorkspaceTools, 'git'>,
  commit: string,
  site: GitSite,
  call: Call,
): Promise<string> {
  return tools.git.text(['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`], { ...call, site });
}

export async function isAncestor(
  tools: Pick<WorkspaceTools, 'git'>,
  older: string,
  newer: string,
  site: GitSite,
  call: Call,
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', older, newer];
  return (await tools.git.run(args, { ...call, site, answers: [1] })).code === 0;
}
