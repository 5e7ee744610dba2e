import { copyFile, constants, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import { branchName } from './branchName.ts';
import { findRepository, type Repository } from './findRepository.ts';
import { gitPathOf } from './gitPath.ts';
import type { GitCall } from './gitCall.ts';
import { ignorePatterns } from './ignorePatterns.ts';
import { makePrivateClone } from './privateClone.ts';
import { parseRemoteUrl } from './remoteUrl.ts';
import { settingOf } from './repositoryRefs.ts';
import { treeOf } from './resultCommit.ts';
import { commitTree } from './trees.ts';
import { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { PrepareRequest, WorkspacePlace } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;
type PlaceOf<K extends WorkspacePlace['kind']> = Extract<WorkspacePlace, { kind: K }>;

/** What a new workspace's record says before anything else is known. */
function blank(request: PrepareRequest): WorkspaceRecord {
  return {
    version: 1,
    id: request.workspaceId,
    kind: request.place.kind,
    folder: null,
    root: '',
    repository: null,
    prefix: '',
    url: null,
    branch: null,
    startCommit: null,
    exclude: [...request.exclude],
    isReady: false,
    runs: [],
    rolledBack: [],
    taken: null,
    offered: null,
    applied: null,
    discarded: null,
    committed: null,
    pushed: null,
    setup: null,
    hasBegun: false,
    undos: [],
    gitPrograms: {},
    links: null,
    betweenTurns: {},
    createdAt: Date.now(),
  };
}

/** Makes the files of a new workspace; the record is stored first, so that what is cut off can be found and removed. */
export async function makeWorkspace(
  tools: WorkspaceTools,
  request: PrepareRequest,
  call: Call,
): Promise<WorkspaceRecord> {
  const { place } = request;
  switch (place.kind) {
    case 'folder':
      return makeOfFolder(tools, request, place, call);
    case 'clone':
      return makeClone(tools, request, place, call);
    case 'repository':
      return makeOfRemote(tools, request, place, call);
    case 'copy':
      return makeCopy(tools, request, place, call);
  }
}

/** Where a folder stands in its repository; null when it is in none, or is ignored there. */
export async function repositoryOfFolder(
  tools: WorkspaceTools,
  folder: string,
  call: Call,
): Promise<{ repository: Repository; prefix: string } | null> {
  const repository = await findRepository(folder);
  if (!repository) return null;
  const prefix = path
    .relative(repository.topLevel, await realpath(folder))
    .split(path.sep)
    .join('/');
  const isIgnored =
    prefix !== '' && (await new UserRepository(tools, repository).ignores(gitPathOf(prefix), call));
  return isIgnored ? null : { repository, prefix };
}

async function makeOfFolder(
  tools: WorkspaceTools,
  request: PrepareRequest,
  { folder }: PlaceOf<'folder'>,
  call: Call,
): Promise<WorkspaceRecord> {
  await assertFolder(folder);
  const found = await repositoryOfFolder(tools, folder, call);
  const record = { ...blank(request), folder, root: folder, repository: null, ...found, isReady: true };
  return tools.records.put(record);
}

async function makeClone(
  tools: WorkspaceTools,
  request: PrepareRequest,
  place: PlaceOf<'clone'>,
  call: Call,
): Promise<WorkspaceRecord> {
  await assertFolder(place.folder);
  const found = await repositoryOfFolder(tools, place.folder, call);
  if (!found) {
    throw new UserError({
      reason: 'refused',
      message: `${place.folder} is not in a git repository, so it cannot be cloned. Let the card work in a copy.`,
      action: { kind: 'workInCopy', taskId: request.workspaceId },
    });
  }
  const source = new UserRepository(tools, found.repository);
  const { start, base } = await startOfClone(tools, source, { ...place, taskId: request.workspaceId }, call);
  const origin = settingOf(await source.settings(call.signal), 'remote.origin.url');
  const draft = {
    ...blank(request),
    ...found,
    folder: place.folder,
    root: path.join(tools.treesFolder, request.workspaceId, path.basename(found.repository.topLevel)),
    branch: branchName(request.title, request.workspaceId),
    startCommit: start,
  };
  const record = await tools.records.put(draft);
  await source.refs.update(refNames.start(record.id), start, { signal: call.signal });
  const url = origin === null ? null : withoutPassword(origin);
  await makePrivateClone(tools.git, tools.isolation, {
    ...call,
    source,
    commit: start,
    branch: draft.branch,
    base,
    url,
    root: record.root,
  });
  return record;
}

async function startOfClone(
  tools: WorkspaceTools,
  source: UserRepository,
  { branch, includeUncommitted, folder, taskId }: PlaceOf<'clone'> & { taskId: string },
  call: Call,
): Promise<{ start: string; base: { name: string; commit: string } | null }> {
  if (branch !== null) {
    await tools.remotes.checkBranchName(source.paths, branch, call.signal);
    const commit =
      (await source.refs.resolve(`refs/heads/${branch}`, call.signal)) ??
      (await source.refs.resolve(`refs/remotes/origin/${branch}`, call.signal));
    if (commit !== null) return { start: commit, base: { name: branch, commit } };
    throw new UserError({
      reason: 'invalid-input',
      message: `There is no branch ${branch} in ${folder}. Check its name on the card.`,
      action: { kind: 'editTask', taskId },
    });
  }
  const { oid, ref } = await source.refs.head(call.signal);
  if (oid === null) {
    throw new UserError({
      reason: 'refused',
      message: `There is no commit in ${folder} yet, so there is nothing to clone. Commit first, or let the card work in the folder itself.`,
      action: { kind: 'editTask', taskId },
    });
  }
  const base = ref === null ? null : { name: ref.replace(/^refs\/heads\//, ''), commit: oid };
  return { start: includeUncommitted ? await withUncommitted(tools, source, oid, call) : oid, base };
}

/** HEAD, or a commit on top of it with what is not committed in the folder. */
async function withUncommitted(
  tools: WorkspaceTools,
  source: UserRepository,
  head: string,
  call: Call,
): Promise<string> {
  const site = await source.site(call.signal);
  const tree = await source.workingTree(call);
  if (tree === (await treeOf(tools, head, site, call))) return head;
  const content = { tree, parents: [head], message: 'What was not committed when the agent began' };
  // It is the user's work; where git does not know the user, it is nobody's.
  return commitTree(tools.git, content, { ...call, site }).catch(() =>
    commitTree(tools.git, { ...content, author: 'kandev' }, { ...call, site }),
  );
}

async function makeOfRemote(
  tools: WorkspaceTools,
  request: PrepareRequest,
  place: PlaceOf<'repository'>,
  call: Call,
): Promise<WorkspaceRecord> {
  const remote = {
    url: place.url,
    credential: place.credential ?? null,
    onProgress: request.onProgress,
    signal: call.signal,
  };
  const { repository, url, branch, commit } = await tools.remotes.fetch(remote, place.branch);
  const name = /([^/:]+?)(?:\.git)?\/*$/.exec(url)?.[1] ?? 'repository';
  const record = await tools.records.put({
    ...blank(request),
    root: path.join(
      tools.treesFolder,
      request.workspaceId,
      name.replace(/[^\w.-]/g, '-').replace(/^\.+/, '') || 'repository',
    ),
    repository,
    url,
    branch: branchName(request.title, request.workspaceId),
    startCommit: commit,
  });
  const source = new UserRepository(tools, repository);
  await source.refs.update(refNames.start(record.id), commit, { signal: call.signal });
  await makePrivateClone(tools.git, tools.isolation, {
    ...call,
    source,
    commit,
    branch: record.branch ?? branch,
    base: { name: branch, commit },
    url,
    root: record.root,
  });
  return record;
}

/**
 * Copies a folder by way of a snapshot: what the copy holds is known byte for byte, and is the common state when the
 * change is applied. Ignored files stay behind, as in a clone.
 */
async function makeCopy(
  tools: WorkspaceTools,
  request: PrepareRequest,
  { folder }: PlaceOf<'copy'>,
  call: Call,
): Promise<WorkspaceRecord> {
  await assertFolder(folder);
  const from = await realpath(folder);
  const root = path.join(tools.treesFolder, request.workspaceId, path.basename(from));
  const record = await tools.records.put({ ...blank(request), folder, root });
  await mkdir(root, { recursive: true });
  const excludes = await ignorePatterns(tools.git, tools.store.site, null, request.exclude, call.signal);
  const snapshot = await tools.store.copyFolder({
    from,
    to: await realpath(root),
    excludes,
    ref: refNames.start(record.id),
    ...call,
  });
  for (const { path: file, why } of snapshot.skipped) {
    if (why !== 'too-large') continue;
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await copyFile(
      path.join(from, file),
      path.join(root, file),
      constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL,
    );
  }
  return record;
}

function withoutPassword(url: string): string | null {
  try {
    return parseRemoteUrl(url).url;
  } catch {
    return null;
  }
}

async function assertFolder(folder: string): Promise<void> {
  await realpath(folder).catch((error: unknown) => {
    throw new UserError(
      {
        reason: 'no-folder',
        message: `The folder ${folder} does not exist any more.`,
        action: { kind: 'openFolder' },
      },
      { cause: error },
    );
  });
}
