import { UserError } from '../model/failure.ts';
import { appliedBase } from './appliedBase.ts';
import { wantedTree } from './chosenChanges.ts';
import { findObstacles } from './checkOut.ts';
import { textOf, type GitPath } from './gitPath.ts';
import type { GitCall } from './gitCall.ts';
import { takeSnapshot, targetPlace, unsavedIn, workspacePlace, type Place } from './openWorkspace.ts';
import type { FileConflict } from './revert.ts';
import { beginUndo, completeUndo, forgetUndo, newUndoId } from './reverting.ts';
import { diffTrees, setEntries, writeTree, type TreeDifference, type TreeEntry } from './trees.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { ApplyChoice, ApplyOutcome } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

/**
 * Brings the change of a copy into the folder that it was made from, which has no git: a three-way merge with what has
 * changed there since. A file that both have changed in the same place stays as it is, and is named.
 */
export async function applyToFolder(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  choice: ApplyChoice,
  call: Pick<GitCall, 'doing' | 'signal'>,
): Promise<ApplyOutcome> {
  const { store, git } = tools;
  const base = await store.read(refNames.base(record.id), call.signal);
  if (!base) throw noCheckpoint();
  const excludes = await store.excludesOf(base, call.signal);
  const options = { ...call, excludes, withRepository: false };
  const workspace = await workspacePlace(tools, record);
  const theirs = await takeSnapshot(tools, workspace, { ...options, ref: refNames.now(record.id) });
  const place = await targetPlace(tools, record);
  const undoId = newUndoId();
  const ours = await takeSnapshot(tools, place, { ...options, ref: refNames.undoTo(undoId) });

  const known = { start: base.tree, applied: record.applied, ours: ours.tree };
  const shared = await store.withIndex((site) => appliedBase(git, known, { ...call, site }));
  const sides = { base: shared, theirs: theirs.tree, applied: record.applied ?? base.tree };
  const wanted = await store.withIndex((site) => wantedTree(git, sides, choice.only, { ...call, site }));
  const { tree, conflicts } = await tools.merger.mergeTrees(
    { base: shared, ours: ours.tree, theirs: wanted.tree, label: 'agent' },
    { ...call, site: store.site },
  );
  const merged = await withoutConflicts(tools, tree, conflicts, call);
  const touched = await diffTrees(git, ours.tree, merged, { ...call, site: store.site });
  const changed = await diffTrees(git, shared, ours.tree, { ...call, site: store.site });
  const blocked = await blockedFiles(tools, place, { touched, changed }, choice);
  if (blocked.length > 0) {
    await forgetUndo(tools, undoId);
    return { done: false, undoId: null, paths: [], blocked, conflicts: [] };
  }
  await beginUndo(tools, record, {
    id: undoId,
    what: 'apply',
    place: 'folder',
    runId: null,
    paths: [...touched.keys()],
  });
  await store.restore(place.source, ours.tree, merged, call);
  await takeSnapshot(tools, place, { ...options, ref: refNames.undoFrom(undoId) });
  await completeUndo(tools, record, undoId);
  await store.keepTree(refNames.applied(record.id), wanted.applied, call);
  const taken = { tree: theirs.tree, commit: null };
  const { applied } = wanted;
  const isTaken = conflicts.size === 0 && applied === theirs.tree;
  await tools.records.change(record.id, { applied, ...(isTaken ? { taken } : {}) });
  return {
    done: true,
    undoId,
    paths: [...touched.keys()].map(textOf).sort(),
    blocked: [],
    conflicts: [...conflicts.keys()].map(textOf).sort(),
  };
}

/** Files of the folder that hold work of the user's which the change would be mixed with. */
async function blockedFiles(
  tools: WorkspaceTools,
  place: Place,
  { touched, changed }: Record<'touched' | 'changed', ReadonlyMap<GitPath, TreeDifference>>,
  choice: ApplyChoice,
): Promise<FileConflict[]> {
  const unsaved = await unsavedIn(tools, place);
  const obstacles = new Set(await findObstacles(place.source.root, touched));
  return [...touched.keys()].flatMap((path): FileConflict[] => {
    if (unsaved.has(path)) return [{ path: textOf(path), reason: 'unsaved' }];
    if (obstacles.has(path)) return [{ path: textOf(path), reason: 'in-the-way' }];
    const mixes = changed.has(path) && choice.uncommitted !== 'merge';
    return mixes ? [{ path: textOf(path), reason: 'uncommitted' }] : [];
  });
}

/** The merged tree, with the folder's own version of each file that is in conflict. */
function withoutConflicts(
  { git, store }: WorkspaceTools,
  tree: string,
  conflicts: ReadonlyMap<GitPath, { ours: TreeEntry | null }>,
  call: Pick<GitCall, 'doing' | 'signal'>,
): Promise<string> {
  return store.withIndex(async (site) => {
    await git.run(['read-tree', tree], { ...call, site });
    const own = new Map([...conflicts].map(([path, { ours }]) => [path, ours]));
    await setEntries(git, own, { ...call, site });
    return writeTree(git, { ...call, site });
  });
}

function noCheckpoint(): UserError {
  return new UserError({
    reason: 'not-found',
    message: 'There is no checkpoint of this workspace any more.',
  });
}
