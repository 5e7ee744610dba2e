import { UserError } from '../model/failure.ts';
import { betweenTurnsOf, changedByOthers } from './betweenTurns.ts';
import { gitPathOf, textOf, type GitPath } from './gitPath.ts';
import { lookForGit, newGitPrograms } from './gitPrograms.ts';
import type { GitCall } from './gitCall.ts';
import { shown, takeSnapshot, workspacePlace, type Place } from './openWorkspace.ts';
import { commitClone } from './resultCommit.ts';
import type { RepositoryState, Snapshot } from './snapshotStore.ts';
import { commitTree, diffTrees, listChanges } from './trees.ts';
import type { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { ChangeSet, Span, TurnChanges } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/**
 * Takes the checkpoint before a run, in the storage and as a commit in the repository.
 *
 * @param taken what the workspace began with, where that was looked at just now; null otherwise
 */
export async function checkpointBefore(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  { place, runId, taken }: { place: Place; runId: string; taken: Snapshot | null },
  call: Call,
): Promise<{ snapshot: Snapshot; warnings: string[] }> {
  const isFolder = record.kind === 'folder';
  const { repository } = place;
  const state = isFolder ? repository?.state(call) : undefined;
  const ref = refNames.before(runId);
  const [snapshot, warnings] = await Promise.all([
    taken
      ? tools.store.keep(ref, taken)
      : takeSnapshot(tools, place, {
          ...{ ...call, ref, withRepository: isFolder, isBeginning: true },
          ...(state && repository ? { state, also: () => repository.ignoredButTracked(call) } : {}),
        }),
    repository ? keepBefore(tools, record, { place, repository, state, runId }, call) : [],
  ]);
  return { snapshot, warnings };
}

interface KeptBefore {
  place: Place;
  repository: UserRepository;
  /** Of kind `folder`. */
  state: Promise<RepositoryState> | undefined;
  runId: string;
}

async function keepBefore(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  { place, repository, state, runId }: KeptBefore,
  call: Call,
): Promise<string[]> {
  const ref = refNames.before(runId);
  try {
    if (state) await repository.checkpoint(ref, (await state).head.oid, `Before run ${runId}`, call);
    else if (record.runs.length === 0)
      await repository.refs.update(ref, record.startCommit, { signal: call.signal });
    else {
      const { commit } = await commitClone(
        tools,
        record,
        place,
        { message: `Before run ${runId}`, author: 'kandev' },
        call,
      );
      await repository.refs.update(ref, commit, { signal: call.signal });
    }
    return [];
  } catch (error) {
    call.signal?.throwIfAborted();
    return [notInRepository(error)];
  }
}

/** Takes the checkpoint after a run; returns what to tell, see TurnChanges. */
export async function checkpointAfter(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  runId: string,
  call: Call,
): Promise<Pick<TurnChanges, 'warnings' | 'alarms'>> {
  const place = await workspacePlace(tools, record);
  const before = await beforeOf(tools, runId, call);
  const warnings: string[] = [];
  const after = await takeSnapshot(tools, place, {
    ...call,
    ref: refNames.after(runId),
    excludes: await tools.store.excludesOf(before, call.signal),
    withRepository: record.kind === 'folder',
  }).catch(async (error: unknown) => {
    call.signal?.throwIfAborted();
    if (record.kind !== 'folder' || !place.repository) throw error;
    // An agent can break the repository. The files are what counts.
    warnings.push(notInRepository(error));
    return takeSnapshot(
      tools,
      { ...place, repository: null },
      {
        ...call,
        ref: refNames.after(runId),
        excludes: await tools.store.excludesOf(before, call.signal),
        withRepository: false,
      },
    );
  });
  const alarms: string[] = [];
  if (place.isReplaced) {
    alarms.push(
      `The .git of ${record.root} is not the one that was there before the run. Kandev leaves it alone; look at it before you use git there.`,
    );
  }
  if (record.kind === 'folder') alarms.push(...(await newPrograms(tools, record, call)));
  warnings.push(...alarms);
  // Another turn of it has made something new.
  const rolledBack = record.rolledBack.filter((each) => each !== runId);
  if (rolledBack.length < record.rolledBack.length) await tools.records.change(record.id, { rolledBack });
  try {
    if (record.kind === 'folder') await keepInFolder(tools, place, runId, { before, after }, call);
    else warnings.push(...(await keepOfClone(tools, record, place, runId, call)));
  } catch (error) {
    call.signal?.throwIfAborted();
    warnings.push(notInRepository(error));
  }
  return { warnings, alarms };
}

/** Tells once of what the run has left for the user's own git to run. */
async function newPrograms(tools: WorkspaceTools, record: WorkspaceRecord, call: Call): Promise<string[]> {
  const { programs: after } = await lookForGit(record.root, tools.git, { ...call, site: tools.store.site });
  const warning = newGitPrograms(record.gitPrograms, after, record.root);
  if (warning !== null) {
    await tools.records.change(record.id, { gitPrograms: { ...record.gitPrograms, ...after } });
  }
  return warning === null ? [] : [warning];
}

/** The commit after a run in the folder: the one before, with the files that the run has changed. */
async function keepInFolder(
  tools: WorkspaceTools,
  { repository, source }: Place,
  runId: string,
  { before, after }: { before: Snapshot; after: Snapshot },
  call: Call,
): Promise<void> {
  const base = await repository?.refs.resolve(refNames.before(runId), call.signal);
  if (!repository || base === null || base === undefined) return;
  const site = await repository.site(call.signal);
  const differences = await diffTrees(tools.git, before.tree, after.tree, {
    ...call,
    site: tools.store.site,
  });
  const { tree } = await repository.treeWith(base, differences, source.root, call);
  const { oid } = await repository.refs.head(call.signal);
  const content = {
    tree,
    parents: oid === null ? [] : [oid],
    message: `After run ${runId}`,
    author: 'kandev',
  } as const;
  const commit = await commitTree(tools.git, content, { ...call, site });
  await repository.refs.update(refNames.after(runId), commit, { signal: call.signal });
  if (oid !== null) await repository.refs.update(refNames.head(runId), oid, { signal: call.signal });
}

async function keepOfClone(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  place: Place,
  runId: string,
  call: Call,
): Promise<string[]> {
  if (!place.repository) return [];
  const content = { message: `After run ${runId}`, author: 'kandev' } as const;
  const { commit, warnings } = await commitClone(tools, record, place, content, call);
  await place.repository.refs.update(refNames.after(runId), commit, { signal: call.signal });
  return warnings;
}

/** The two states that are compared. */
export interface SpanStates {
  record: WorkspaceRecord;
  place: Place;
  before: Snapshot;
  after: Snapshot;
}

/** @param upTo the checkpoint after the run, where there is one; or how the files are now */
export async function statesOf(
  tools: WorkspaceTools,
  span: Span,
  upTo: 'after' | 'now',
  call: Call,
): Promise<SpanStates> {
  const isRun = 'runId' in span;
  const record = isRun ? tools.records.ofRun(span.runId) : tools.records.get(span.workspaceId);
  const before = await startOf(tools, span, record, call);
  const place = await workspacePlace(tools, record);
  const after =
    isRun && upTo === 'after' ? await tools.store.read(refNames.after(span.runId), call.signal) : null;
  const now = async (): Promise<Snapshot> =>
    takeSnapshot(tools, place, {
      ...call,
      ref: refNames.now(record.id),
      excludes: await tools.store.excludesOf(before, call.signal),
      withRepository: false,
    });
  return { record, place, before, after: after ?? (await now()) };
}

async function startOf(
  tools: WorkspaceTools,
  span: Span,
  record: WorkspaceRecord,
  call: Call,
): Promise<Snapshot> {
  if ('runId' in span) return beforeOf(tools, span.runId, call);
  const [first] = record.runs;
  if (record.kind === 'folder' && first !== undefined) return beforeOf(tools, first, call);
  return (await tools.store.read(refNames.base(record.id), call.signal)) ?? noCheckpoint();
}

export async function changesOf(tools: WorkspaceTools, span: Span, call: Call): Promise<ChangeSet> {
  const { record, place, before, after } = await statesOf(tools, span, 'after', call);
  const all = await listChanges(tools.git, before.tree, after.tree, { ...call, site: tools.store.site });
  const files = all.map((file) => ({
    ...file,
    path: shown(file.path, place),
    oldPath: file.oldPath === null ? null : shown(file.oldPath, place),
  }));
  const count = (side: 'added' | 'removed'): number =>
    files.reduce((sum, file) => sum + (file[side] ?? 0), 0);
  const others = await othersIn(tools, span, { record, place, after }, call);
  return {
    files,
    added: count('added'),
    removed: count('removed'),
    skipped: after.skipped,
    between: files.map(({ path }) => path).filter((path) => others.has(path)),
    warnings: [],
  };
}

/** As they are shown. */
async function othersIn(
  tools: WorkspaceTools,
  span: Span,
  { record, place, after }: Pick<SpanStates, 'record' | 'place' | 'after'>,
  call: Call,
): Promise<Set<string>> {
  const paths =
    'runId' in span
      ? betweenTurnsOf(record, span.runId).paths
      : record.kind === 'folder'
        ? []
        : await changedByOthers(tools, record, after.tree, call);
  return new Set([...paths].map((path) => shown(textOf(path as GitPath), place)));
}

export async function fileAtSide(
  tools: WorkspaceTools,
  span: Span,
  side: 'before' | 'after',
  path: string,
  call: Call,
): Promise<Uint8Array | null> {
  const record = 'runId' in span ? tools.records.ofRun(span.runId) : tools.records.get(span.workspaceId);
  const prefix = record.kind === 'folder' ? record.prefix : '';
  const full = prefix === '' ? path : `${prefix}/${path}`;
  // How the files are now is not looked at for what they were: there may be thousands.
  const snapshot =
    side === 'before'
      ? await startOf(tools, span, record, call)
      : (await statesOf(tools, span, 'after', call)).after;
  return tools.store.fileIn(snapshot, gitPathOf(full), call.signal);
}

export async function beforeOf(tools: WorkspaceTools, runId: string, call: Call): Promise<Snapshot> {
  return (await tools.store.read(refNames.before(runId), call.signal)) ?? noCheckpoint();
}

function noCheckpoint(): never {
  throw new UserError({ reason: 'not-found', message: 'There is no checkpoint of this run any more.' });
}

function notInRepository(error: unknown): string {
  const why = error instanceof UserError ? error.message : String(error);
  return `The checkpoint is kept in Kandev's own storage, but not under refs/kandev in the repository. ${why}`;
}
