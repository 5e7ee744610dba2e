import { randomBytes } from 'node:crypto';
import { UserError } from '../model/failure.ts';
import { betweenTurnsOf } from './betweenTurns.ts';
import { gitPathOf, textOf, type GitPath } from './gitPath.ts';
import type { GitCall } from './gitCall.ts';
import { shown, takeSnapshot, targetPlace, unsavedIn, workspacePlace, type Place } from './openWorkspace.ts';
import type { Head } from './repositoryRefs.ts';
import { revertFiles, type RevertRequest } from './revert.ts';
import { beforeOf } from './runCheckpoints.ts';
import type { Snapshot } from './snapshotStore.ts';
import type { BetweenTurns, UndoRecord, WorkspaceRecord } from './workspaceRecord.ts';
import type { BranchMove, RevertChoice, RevertOutcome } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** So many can be undone in a workspace, the newest ones. */
const keptUndos = 20;

/** Notes that files are about to be written, so that it can be undone also when the process ends in between. */
export async function beginUndo(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  undo: Pick<UndoRecord, 'id' | 'what' | 'place' | 'runId'> & { paths: readonly GitPath[] },
): Promise<void> {
  const current = tools.records.get(record.id);
  const others = current.undos.filter(({ id }) => id !== undo.id);
  const forgotten = others.slice(0, Math.max(0, others.length - keptUndos + 1));
  const begun = { ...undo, paths: [...undo.paths], at: Date.now(), isComplete: false };
  const undos = [...others.slice(forgotten.length), begun];
  await tools.records.change(record.id, { undos });
  for (const { id } of forgotten) await forgetUndo(tools, id);
}

export async function completeUndo(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  undoId: string,
): Promise<void> {
  const { undos, rolledBack } = tools.records.get(record.id);
  const runId = undos.find(({ id }) => id === undoId)?.runId ?? null;
  await tools.records.change(record.id, {
    undos: undos.map((undo) => (undo.id === undoId ? { ...undo, isComplete: true, paths: [] } : undo)),
    ...(runId === null ? {} : { rolledBack: toggled(rolledBack, runId) }),
  });
}

/** What takes a run back and what brings it back again are each the undoing of the other. */
function toggled(runs: readonly string[], runId: string): string[] {
  return runs.includes(runId) ? runs.filter((each) => each !== runId) : [...runs, runId];
}

export async function forgetUndo(tools: WorkspaceTools, undoId: string): Promise<void> {
  await tools.store.remove([refNames.undoFrom(undoId), refNames.undoTo(undoId)]);
}

export function newUndoId(): string {
  return `undo-${randomBytes(8).toString('hex')}`;
}

interface Revert {
  record: WorkspaceRecord;
  place: Place;
  /** Whether HEAD and the index go back too. */
  withRepository: boolean;
  what: UndoRecord['what'];
  undoPlace: UndoRecord['place'];
  runId: string | null;
  from: Snapshot | 'now';
  to: Snapshot;
  choice: RevertChoice;
  only?: ReadonlySet<GitPath>;
  /** What somebody else has done as part of what is taken back. */
  between?: BetweenTurns;
}

/** Takes the files back to before a run. */
export async function rollBack(
  tools: WorkspaceTools,
  runId: string,
  choice: RevertChoice,
  call: Call,
): Promise<RevertOutcome> {
  const record = tools.records.ofRun(runId);
  const to = await beforeOf(tools, runId, call);
  const place = await workspacePlace(tools, record);
  const after = await tools.store.read(refNames.after(runId), call.signal);
  if (!after) {
    throw new UserError({
      reason: 'refused',
      message: 'There is no checkpoint after this run yet. Stop the run first, then roll it back.',
    });
  }
  const prefix = place.prefix === '' ? '' : `${textOf(place.prefix)}/`;
  const only = choice.only && new Set(choice.only.map((path) => gitPathOf(`${prefix}${path}`)));
  return revert(
    tools,
    {
      ...{ record, place, to, choice, what: 'rollBack', undoPlace: 'workspace', from: after },
      withRepository: record.kind === 'folder' && !only,
      // Only a run that is taken back as a whole is called rolled back.
      runId: only ? null : runId,
      ...(only ? { only } : {}),
      between: betweenTurnsOf(record, runId),
    },
    call,
  );
}

/** Gives up what was done in a clone or a copy. */
export async function discardWork(
  tools: WorkspaceTools,
  workspaceId: string,
  call: Call,
): Promise<RevertOutcome> {
  const record = tools.records.get(workspaceId);
  if (record.kind === 'folder') {
    throw new UserError({
      reason: 'refused',
      message: 'The agent worked in the folder itself. Roll back its runs instead.',
    });
  }
  const to = await tools.store.read(refNames.base(record.id), call.signal);
  if (!to)
    throw new UserError({
      reason: 'not-found',
      message: 'There is no checkpoint of this workspace any more.',
    });
  const place = await workspacePlace(tools, record);
  const outcome = await revert(
    tools,
    {
      record,
      place,
      withRepository: false,
      what: 'discard',
      undoPlace: 'workspace',
      runId: null,
      from: 'now',
      to,
      choice: { conflicts: 'keep' },
    },
    call,
  );
  // What it is now, which may be more than the start: files that are open and not saved stay.
  const { tree } = await takeSnapshot(tools, place, {
    ...call,
    ref: refNames.now(record.id),
    excludes: await tools.store.excludesOf(to, call.signal),
    withRepository: false,
  });
  if (outcome.conflicts.length === 0) await tools.records.change(record.id, { discarded: tree });
  return outcome;
}

/** Takes back what was done with files before; of what was cut off, as far as it came. */
export async function undoRevert(
  tools: WorkspaceTools,
  undoId: string,
  choice: RevertChoice,
  call: Call,
): Promise<RevertOutcome> {
  const { record, undo } = tools.records.ofUndo(undoId);
  const place =
    undo.place === 'folder' ? await targetPlace(tools, record) : await workspacePlace(tools, record);
  const [from, to] = await Promise.all([
    tools.store.read(refNames.undoFrom(undoId), call.signal),
    tools.store.read(refNames.undoTo(undoId), call.signal),
  ]);
  if (!to || (undo.isComplete && !from)) {
    throw new UserError({ reason: 'not-found', message: 'This can no longer be undone.' });
  }
  const outcome = await revert(
    tools,
    {
      record,
      place,
      withRepository: undo.place === 'folder' || record.kind === 'folder',
      what: 'undo',
      undoPlace: undo.place,
      runId: undo.isComplete ? undo.runId : null,
      to,
      choice,
      // What was cut off is taken back as far as it came: a file may be neither how it was nor how it should be.
      ...(undo.isComplete && from ? { from } : { from: 'now', only: new Set(undo.paths as GitPath[]) }),
    },
    call,
  );
  if (outcome.done && outcome.conflicts.length === 0) {
    const { undos } = tools.records.get(record.id);
    await tools.records.change(record.id, {
      undos: undos.filter(({ id }) => id !== undoId),
      ...(undo.what === 'discard' ? { discarded: null } : {}),
      // It is nowhere but in the workspace again.
      ...(undo.what === 'apply' ? { taken: null, applied: null } : {}),
    });
    await forgetUndo(tools, undoId);
  }
  return outcome;
}

async function revert(tools: WorkspaceTools, revertOf: Revert, call: Call): Promise<RevertOutcome> {
  const { record, place, to, choice, withRepository, what, undoPlace, runId, between } = revertOf;
  const undoId = newUndoId();
  const excludes = await tools.store.excludesOf(to, call.signal);
  const options = { ...call, excludes, withRepository };
  const now = await takeSnapshot(tools, place, { ...options, ref: refNames.undoTo(undoId) });
  const from = revertOf.from === 'now' ? now : revertOf.from;
  const branchMoved = withRepository ? moveBetween(to.head, now.head) : null;
  const stopsForBranch = branchMoved !== null && (choice.branch ?? 'stop') === 'stop';
  const request: RevertRequest = {
    ...call,
    now,
    from,
    to,
    source: place.source,
    unsaved: await unsavedIn(tools, place),
    between: new Set(between?.paths as GitPath[] | undefined),
    conflicts: choice.conflicts ?? 'stop',
    beforeWrite: (paths) => beginUndo(tools, record, { id: undoId, what, place: undoPlace, runId, paths }),
    ...(revertOf.only ? { only: revertOf.only } : {}),
    isRehearsal: stopsForBranch,
  };
  const files = await revertFiles(tools.git, tools.store, request);
  const toRoot = (path: string): string => shown(path, place);
  const told = {
    conflicts: files.conflicts.map((conflict) => ({ ...conflict, path: toRoot(conflict.path) })),
    kept: files.kept.map(toRoot),
  };
  if (!files.done) {
    await forgetUndo(tools, undoId);
    return { done: false, undoId: null, paths: [], branchMoved, ...told };
  }
  const isBack = withRepository
    ? await takeBackRepository(
        tools,
        place,
        {
          from,
          to,
          keepsIndex: between?.movesRepository ?? false,
          movesBranch: choice.branch === 'moveBack',
        },
        call,
      )
    : true;
  await takeSnapshot(tools, place, { ...options, ref: refNames.undoFrom(undoId) });
  await completeUndo(tools, record, undoId);
  return {
    done: true,
    undoId,
    paths: files.paths.map(toRoot),
    branchMoved: isBack ? null : branchMoved,
    ...told,
  };
}

/** @returns whether HEAD is where it was before */
async function takeBackRepository(
  tools: WorkspaceTools,
  { repository }: Place,
  {
    from,
    to,
    keepsIndex,
    movesBranch,
  }: Record<'from' | 'to', Snapshot> & Record<'keepsIndex' | 'movesBranch', boolean>,
  call: Call,
): Promise<boolean> {
  if (!repository || !to.head) return true;
  const index = keepsIndex ? null : await tools.store.indexOf(to, call.signal);
  return repository.takeBack(from, { ...to, index }, { ...call, movesBranch });
}

function moveBetween(before: Head | null, now: Head | null): BranchMove | null {
  if (!before || !now || (before.ref === now.ref && before.oid === now.oid)) return null;
  const side = ({ ref, oid }: Head): BranchMove['from'] => ({
    branch: ref === null ? null : ref.replace(/^refs\/heads\//, ''),
    commit: oid,
  });
  return { from: side(before), to: side(now) };
}
