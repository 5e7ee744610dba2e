import path from 'node:path';
import { lstat } from 'node:fs/promises';
import { UserError } from '../model/failure.ts';
import { bytesOf, removeFolder } from './diskSpace.ts';
import type { GitCall } from './gitCall.ts';
import { takeSnapshot, workspacePlace } from './openWorkspace.ts';
import { cloneAt } from './privateClone.ts';
import { RepositoryRefs } from './repositoryRefs.ts';
import { isAncestor } from './resultCommit.ts';
import { changesOf } from './runCheckpoints.ts';
import { keyOf } from './snapshotStore.ts';
import { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { DiskUse, HeldWork, WorkState } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** Whether the files of a workspace, and the commits in it, are kept somewhere else. Whatever cannot be told is unknown. */
export async function workStateOf(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  call: Call,
): Promise<WorkState> {
  if (record.kind === 'folder') return 'none';
  // Half-made, or removed by the user: nobody's work either way.
  if (!record.isReady || !(await exists(record.root))) return 'none';
  try {
    const base = await tools.store.read(refNames.base(record.id), call.signal);
    if (!base) return 'unknown';
    const place = await workspacePlace(tools, record);
    const { tree, skipped } = await takeSnapshot(tools, place, {
      ...call,
      ref: refNames.now(record.id),
      excludes: await tools.store.excludesOf(base, call.signal),
      withRepository: false,
    });
    if (skipped.some(({ path: file }) => !base.skipped.some((known) => known.path === file)))
      return 'unknown';
    // A discard is meant for commits too.
    if (tree === record.discarded) return 'discarded';
    const taken = await takenOf(tools, record, call);
    const isTaken = tree === taken?.tree;
    if (!isTaken && tree !== base.tree) return 'untaken';
    if (await hasUnknownCommits(tools, record, taken?.commit ?? record.startCommit, call)) return 'untaken';
    return isTaken ? 'taken' : 'none';
  } catch {
    call.signal?.throwIfAborted();
    return 'unknown';
  }
}

/** What was taken; by a merge that was left to the user only when the commit is there. */
async function takenOf(
  tools: WorkspaceTools,
  { taken, offered, repository }: WorkspaceRecord,
  call: Call,
): Promise<WorkspaceRecord['taken']> {
  if (!repository || !offered?.commit) return taken;
  const user = new UserRepository(tools, repository);
  const { oid } = await user.refs.head(call.signal);
  const site = await user.site(call.signal);
  return oid !== null && (await isAncestor(tools, offered.commit, oid, site, call)) ? offered : taken;
}

/** Whether a branch of a clone has commits that are not in the repository that it came from. */
async function hasUnknownCommits(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  known: string | null,
  call: Call,
): Promise<boolean> {
  if (!record.repository || known === null) return false;
  const refs = new RepositoryRefs(tools.git, cloneAt(record.root));
  const repository = new UserRepository(tools, record.repository);
  const site = await repository.site(call.signal);
  const tips = new Set([...(await refs.list('refs/heads/', call.signal)).values()]);
  const stash = await refs.resolve('refs/stash', call.signal);
  if (stash !== null) return true;
  for (const tip of tips) {
    const { code } = await tools.git.run(['cat-file', '-e', `${tip}^{commit}`], {
      ...call,
      site,
      answers: [1, 128],
    });
    if (code !== 0 || !(await isAncestor(tools, tip, known, site, call))) return true;
  }
  return false;
}

export async function diskUseOf(tools: WorkspaceTools, call: Call): Promise<DiskUse> {
  const workspaces: DiskUse['workspaces'] = [];
  for (const record of tools.records.all()) {
    const folder = path.join(tools.treesFolder, record.id);
    const work = await workStateOf(tools, record, call);
    workspaces.push({
      workspaceId: record.id,
      kind: record.kind,
      root: record.root,
      bytes: record.kind === 'folder' ? 0 : await bytesOf(folder, call.signal),
      work,
      held: work === 'untaken' ? await heldBy(tools, record, call) : null,
    });
  }
  return {
    workspaces,
    checkpointBytes: await bytesOf(tools.store.site.gitDir, call.signal),
    repositoryBytes: await bytesOf(tools.remotes.folder, call.signal),
  };
}

/** Null where that cannot be told. */
async function heldBy(tools: WorkspaceTools, record: WorkspaceRecord, call: Call): Promise<HeldWork | null> {
  const span = { workspaceId: record.id };
  const changes = await changesOf(tools, span, call).catch(() => {
    call.signal?.throwIfAborted();
    return null;
  });
  if (changes === null) return null;
  const last = record.runs.at(-1);
  const after = last === undefined ? null : await tools.store.read(refNames.after(last), call.signal);
  const { files, added, removed } = changes;
  return { files: files.length, added, removed, at: after?.at ?? null };
}

/** Removes a workspace. @throws UserError while it holds work that nobody has taken */
export async function removeWorkspace(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  call: Call,
): Promise<void> {
  const work = await workStateOf(tools, record, call);
  if (work === 'untaken' || work === 'unknown') {
    const why = work === 'untaken' ? 'holds changes that nobody has taken' : 'could not be looked through';
    throw new UserError({
      reason: 'refused',
      message: `The workspace ${record.root} ${why}. Apply, merge or discard its changes first.`,
    });
  }
  if (record.kind !== 'folder') await removeFolder(path.join(tools.treesFolder, record.id));
  await forgetCheckpoints(tools, record, [record.id, ...record.runs], call);
  await tools.store.remove(record.undos.flatMap(({ id }) => [refNames.undoFrom(id), refNames.undoTo(id)]));
  await tools.store.forget(keyOf(record.root, ''));
  await tools.records.remove(record.id);
}

/** Forgets what is kept of some runs, or of the workspace itself: in the storage and in the repository. */
async function forgetCheckpoints(
  tools: WorkspaceTools,
  { repository }: WorkspaceRecord,
  ids: readonly string[],
  call: Call,
): Promise<void> {
  const prefixes = ids.map((id) => `refs/kandev/${id}/`);
  const isOf = (ref: string): boolean => prefixes.some((prefix) => ref.startsWith(prefix));
  await tools.store.remove((await tools.store.refs(call.signal)).filter(isOf), call.signal);
  // A repository that is gone, or broken, has nothing that could be forgotten.
  if (!repository || !(await exists(repository.gitDir))) return;
  const { refs } = new UserRepository(tools, repository);
  const own = await refs.list('refs/kandev/', call.signal).catch(() => new Map<string, string>());
  await refs.remove([...own.keys()].filter(isOf), call.signal);
}

/**
 * Forgets the checkpoints of runs that are not kept, and gives their room back. Other windows have runs of their own in
 * the same repository, which are not known here and left alone.
 */
export async function pruneCheckpoints(
  tools: WorkspaceTools,
  keeps: (runId: string) => boolean,
  call: Call,
): Promise<void> {
  for (const record of tools.records.all()) {
    const old = record.runs.filter((runId) => !keeps(runId));
    if (old.length === 0) continue;
    await forgetCheckpoints(tools, record, old, call);
    const { betweenTurns } = tools.records.get(record.id);
    await tools.records.change(record.id, {
      runs: record.runs.filter(keeps),
      betweenTurns: Object.fromEntries(Object.entries(betweenTurns).filter(([runId]) => keeps(runId))),
    });
  }
  await tools.store.tidy(call.signal);
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
