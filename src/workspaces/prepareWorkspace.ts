import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import { copyIn } from './copyIn.ts';
import { removeFolder } from './diskSpace.ts';
import { gitGuards, unguardedText } from './gitGuards.ts';
import type { GitGuard } from './workspaces.ts';
import { lookForGit, type GitPrograms } from './gitPrograms.ts';
import type { GitCall } from './gitCall.ts';
import { makeWorkspace, repositoryOfFolder } from './makeWorkspace.ts';
import { takeSnapshot, workspacePlace, type Place } from './openWorkspace.ts';
import { outsideLinks } from './outsideLinks.ts';
import { checkpointBefore } from './runCheckpoints.ts';
import type { Snapshot } from './snapshotStore.ts';
import { setupDigest, type SetupScript } from './setupScript.ts';
import { UserRepository } from './userRepository.ts';
import { checkedId, type WorkspaceRecord } from './workspaceRecord.ts';
import type { PreparedWorkspace, PrepareRequest } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** Readies a workspace for a run: makes it where it is new, copies files in, and takes the checkpoint before. */
export async function prepareWorkspace(
  tools: WorkspaceTools,
  request: PrepareRequest,
  call: Call,
): Promise<PreparedWorkspace> {
  checkedId(request.workspaceId);
  checkedId(request.runId);
  const present = tools.records.find(request.workspaceId);
  if (present && present.kind !== request.place.kind) throw otherKind(present);
  const record =
    present !== null && (await isUsable(present))
      ? await refreshed(tools, present, request, call)
      : await makeOrRemove(tools, request, present, call);
  const place = await workspacePlace(tools, record);
  const copiedIn = await copyInto(tools, record, request, place, call);
  const isNew = record.kind !== 'folder' && !record.isReady;
  const base = isNew ? await takeBase(tools, record, place, call) : null;
  const [{ snapshot, warnings }, git] = await Promise.all([
    checkpointBefore(tools, record, { place, runId: request.runId, taken: base }, call),
    gitOf(tools, record, place, call),
  ]);
  const runs = [...record.runs.filter((run) => run !== request.runId), request.runId];
  const isSetUp = request.setup === null || record.setup === setupDigest(request.setup);
  const hasBegun = record.hasBegun || isSetUp;
  const { gitPrograms, guards, unguarded } = git;
  await tools.records.change(record.id, {
    ...{ isReady: true, runs, discarded: null, hasBegun, gitPrograms },
  });
  return {
    workspaceId: record.id,
    kind: record.kind,
    root: record.root,
    workingFolder: record.kind === 'folder' ? record.root : path.join(record.root, record.prefix),
    branch: record.branch,
    hasRepository: record.repository !== null,
    setup: isSetUp ? null : request.setup,
    copiedIn,
    warnings: [...warnings, ...unguarded, ...(await warningsOf(tools, record, place, snapshot.tree, call))],
    skipped: snapshot.skipped,
    guards,
  };
}

/** What of the user's repositories the agent could turn against them: only the open folder has something of the user's. */
async function gitOf(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  { repository: known }: Place,
  call: Call,
): Promise<{ gitPrograms: GitPrograms; guards: GitGuard[]; unguarded: string[] }> {
  if (record.kind !== 'folder') return { gitPrograms: {}, guards: [], unguarded: [] };
  const { root } = record;
  const site = tools.store.site;
  const { programs, repositories } = await lookForGit(root, tools.git, { ...call, site });
  const { guards, unguarded } = await gitGuards(tools, { root, repositories, known }, call);
  const warning = unguardedText(unguarded);
  return { gitPrograms: programs, guards, unguarded: warning === null ? [] : [warning] };
}

/** Takes the checkpoint before a run once more, with what the setup script has made. */
export async function afterSetup(
  tools: WorkspaceTools,
  { record, runId, setup }: { record: WorkspaceRecord; runId: string; setup: SetupScript },
  call: Call,
): Promise<void> {
  const place = await workspacePlace(tools, record);
  const isBase = !record.hasBegun && record.kind !== 'folder';
  const taken = isBase ? await takeBase(tools, record, place, call) : null;
  await checkpointBefore(tools, record, { place, runId, taken }, call);
  await tools.records.change(record.id, { setup: setupDigest(setup), hasBegun: true });
}

/** What a workspace of its own began with: the state that its whole change is told from. */
async function takeBase(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  place: Place,
  call: Call,
): Promise<Snapshot> {
  const ref = refNames.base(record.id);
  return takeSnapshot(tools, place, { ...call, ref, isBeginning: true, withRepository: false });
}

/** A folder may have got a repository since its last run, or another one: what is there now is the user's. */
async function refreshed(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  { place, exclude }: PrepareRequest,
  call: Call,
): Promise<WorkspaceRecord> {
  if (place.kind !== 'folder') return record;
  const found = await repositoryOfFolder(tools, place.folder, call);
  return tools.records.change(record.id, {
    root: place.folder,
    folder: place.folder,
    repository: found?.repository ?? null,
    prefix: found?.prefix ?? '',
    exclude: [...exclude],
    ...(record.root === place.folder ? {} : { links: null }),
  });
}

/** One that never became ready, or whose folder the user has removed, is made anew. */
async function isUsable({ kind, root, isReady }: WorkspaceRecord): Promise<boolean> {
  return isReady && (kind === 'folder' || (await exists(root)));
}

async function makeOrRemove(
  tools: WorkspaceTools,
  request: PrepareRequest,
  present: WorkspaceRecord | null,
  call: Call,
): Promise<WorkspaceRecord> {
  const folder = path.join(tools.treesFolder, request.workspaceId);
  if (present) await removeFolder(folder);
  else if (await exists(folder)) {
    throw new UserError({
      reason: 'refused',
      message: `There is a folder ${folder} that Kandev does not know any more. Look whether you need what is in it, and delete it.`,
    });
  }
  try {
    return await makeWorkspace(tools, request, call);
  } catch (error) {
    await removeFolder(folder);
    await tools.records.remove(request.workspaceId);
    throw error;
  }
}

function copyInto(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  { copyIn: patterns }: PrepareRequest,
  place: Place,
  call: Call,
): Promise<string[]> {
  const { folder, kind } = record;
  if (kind === 'folder' || folder === null) return Promise.resolve([]);
  const from = record.repository?.topLevel ?? folder;
  return tools.store.withIndex((site) =>
    copyIn(tools.git, { patterns, from, to: place.source.root, site }, call),
  );
}

async function warningsOf(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  place: Place,
  tree: string,
  call: Call,
): Promise<string[]> {
  const links = await linksOf(tools, record, place, tree, call);
  const warnings = links.map(
    (link) =>
      `The link ${link} leads out of the workspace: in the container it leads somewhere else, or nowhere.`,
  );
  if (record.kind !== 'folder' && record.repository && record.startCommit !== null) {
    const repository = new UserRepository(tools, record.repository);
    const submodules = await repository.submodulesIn(record.startCommit, call);
    if (submodules.length > 0) warnings.push(`Submodules are empty in a clone: ${submodules.join(', ')}.`);
  }
  return warnings;
}

/** Those of an earlier look where the files have not changed since: where a link leads is a part of them. */
async function linksOf(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  { source }: Place,
  tree: string,
  call: Call,
): Promise<string[]> {
  const known = record.links;
  if (known?.tree === tree) return known.outside;
  const outside = await outsideLinks(tools.git, tree, source.root, { ...call, site: tools.store.site });
  await tools.records.change(record.id, { links: { tree, outside } });
  return outside;
}

async function exists(folder: string): Promise<boolean> {
  return lstat(folder).then(
    () => true,
    () => false,
  );
}

function otherKind({ id, kind }: WorkspaceRecord): UserError {
  return new UserError({
    reason: 'refused',
    message: `This card has a workspace already, of the kind "${kind}". Take or discard its work first.`,
    detail: id,
  });
}
