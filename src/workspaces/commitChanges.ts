import { UserError } from '../model/failure.ts';
import { repositoryOf } from './applyToRepository.ts';
import { textOf, type GitPath } from './gitPath.ts';
import type { GitCall } from './gitCall.ts';
import { shown, targetPlace, workspacePlace } from './openWorkspace.ts';
import { commitClone, isAncestor, treeOf } from './resultCommit.ts';
import { statesOf, type SpanStates } from './runCheckpoints.ts';
import { takeFiles } from './scanFiles.ts';
import { commitTree, diffTrees, setEntries, type TreeDifference } from './trees.ts';
import type { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { CommitOutcome, Span } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** Commits a span's change: in the folder to the branch it is on, from a clone to the clone's own branch. */
export async function commitSpan(
  tools: WorkspaceTools,
  span: Span,
  message: string,
  call: Call,
): Promise<CommitOutcome> {
  const record = recordOf(tools, span);
  if (record.kind === 'copy') throw noHistory();
  if (record.kind === 'folder')
    return commitInFolder(tools, await folderChange(tools, span, call), message, call);
  if (record.branch === null) throw noHistory();
  return commitToBranch(tools, record, record.branch, message, call);
}

/** Makes a branch of a span's change, without switching to it. */
export async function branchSpan(
  tools: WorkspaceTools,
  span: Span,
  { name, message }: { name: string; message: string },
  call: Call,
): Promise<CommitOutcome> {
  const record = recordOf(tools, span);
  if (record.kind === 'copy') throw noHistory();
  if (record.kind === 'repository') {
    throw new UserError({
      reason: 'refused',
      message: 'This card worked on a repository from elsewhere. Send its branch there instead.',
    });
  }
  if (record.kind === 'clone') return commitToBranch(tools, record, name, message, call);
  const change = await folderChange(tools, span, call);
  await tools.remotes.checkBranchName(change.repository.paths, name, call.signal);
  const outcome = await commitOf(tools, change, message, call);
  await makeBranch(change.repository, name, outcome.commit, call);
  return { commit: outcome.commit, left: outcome.left };
}

function recordOf(tools: WorkspaceTools, span: Span): WorkspaceRecord {
  return 'runId' in span ? tools.records.ofRun(span.runId) : tools.records.get(span.workspaceId);
}

interface FolderChange {
  states: SpanStates;
  repository: UserRepository;
  differences: Map<GitPath, TreeDifference>;
}

async function folderChange(tools: WorkspaceTools, span: Span, call: Call): Promise<FolderChange> {
  const states = await statesOf(tools, span, 'now', call);
  if (!states.record.repository) throw noHistory();
  const repository = repositoryOf(states.place);
  await repository.assertIdle(call);
  const trees = { ...call, site: tools.store.site };
  const differences = await diffTrees(tools.git, states.before.tree, states.after.tree, trees);
  const after = 'runId' in span ? await tools.store.read(refNames.after(span.runId), call.signal) : null;
  if (after) {
    // What came after the run is somebody else's: of the files that it has changed, what they are now counts.
    const own = await diffTrees(tools.git, states.before.tree, after.tree, trees);
    for (const path of differences.keys()) if (!own.has(path)) differences.delete(path);
  }
  return { states, repository, differences };
}

/** A commit on top of HEAD with the changed files as they are now, and nothing else of what is not committed. */
async function commitOf(
  tools: WorkspaceTools,
  { repository, differences, states }: FolderChange,
  message: string,
  call: Call,
): Promise<CommitOutcome & { head: string | null; paths: Map<GitPath, TreeDifference> }> {
  const head = await repository.refs.head(call.signal);
  const site = await repository.site(call.signal);
  const emptyTree = await tools.git.text(['mktree'], { ...call, site });
  const headTree = head.oid === null ? emptyTree : await treeOf(tools, head.oid, site, call);
  const { tree, left } = await repository.treeWith(headTree, differences, states.place.source.root, call);
  if (tree === headTree) {
    throw new UserError({
      reason: 'refused',
      message: 'There is nothing to commit: all of it has been committed.',
    });
  }
  const parents = head.oid === null ? [] : [head.oid];
  const commit = await commitTree(tools.git, { tree, parents, message }, { ...call, site });
  const paths = new Map([...differences].filter(([path]) => !left.includes(path)));
  return { commit, left: left.map((path) => shown(textOf(path), states.place)), head: head.oid, paths };
}

async function commitInFolder(
  tools: WorkspaceTools,
  change: FolderChange,
  message: string,
  call: Call,
): Promise<CommitOutcome> {
  const { repository } = change;
  const { commit, left, head, paths } = await commitOf(tools, change, message, call);
  const [subject = ''] = message.split('\n', 1);
  await repository.refs.update('HEAD', commit, {
    expected: head,
    why: `commit: ${subject}`,
    signal: call.signal,
  });
  // The index follows for these files alone; what else is staged stays staged.
  const site = { ...(await repository.site(call.signal)), index: repository.indexFile };
  const own = { ...site, workTree: change.states.place.source.root };
  const gone = [...paths].flatMap(([path, { after }]) => (after === null ? path : []));
  const there = [...paths].flatMap(([path, { after }]) => (after === null ? [] : path));
  await setEntries(tools.git, new Map(gone.map((path) => [path, null])), { ...call, site: own });
  await takeFiles(tools.git, own, there, call);
  return { commit, left };
}

async function commitToBranch(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  branch: string,
  message: string,
  call: Call,
): Promise<CommitOutcome> {
  const place = await workspacePlace(tools, record);
  const repository =
    record.kind === 'clone' ? repositoryOf(await targetPlace(tools, record)) : repositoryOf(place);
  await tools.remotes.checkBranchName(repository.paths, branch, call.signal);
  const { commit, now, left } = await commitClone(tools, record, place, { message }, call);
  if (commit === record.startCommit) {
    throw new UserError({ reason: 'refused', message: 'There is nothing to commit: no file has changed.' });
  }
  await makeBranch(repository, branch, commit, call, tools);
  await tools.records.change(record.id, { committed: commit, taken: { tree: now.tree, commit } });
  await repository.refs.update(refNames.result(record.id), commit, { signal: call.signal });
  return { commit, left };
}

/** Makes a branch, or moves it forward; never one that has commits which would be lost, or that is checked out. */
async function makeBranch(
  repository: UserRepository,
  name: string,
  commit: string,
  call: Call,
  tools?: Pick<WorkspaceTools, 'git'>,
): Promise<void> {
  const ref = `refs/heads/${name}`;
  const present = await repository.refs.resolve(ref, call.signal);
  const head = await repository.refs.head(call.signal);
  const site = await repository.site(call.signal);
  const mayMove =
    present === null ||
    (tools !== undefined && head.ref !== ref && (await isAncestor(tools, present, commit, site, call)));
  if (!mayMove) {
    throw new UserError({
      reason: 'refused',
      message: `There is a branch ${name} already. Choose another name.`,
    });
  }
  await repository.refs.update(ref, commit, {
    expected: present,
    why: 'branch: made by Kandev',
    signal: call.signal,
  });
}

function noHistory(): UserError {
  return new UserError({
    reason: 'refused',
    message: 'This folder is not in a git repository, so there is nothing to commit to.',
  });
}
