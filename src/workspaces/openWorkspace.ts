import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import { findRepository, isSameRepository } from './findRepository.ts';
import { gitPathOf, textOf, type GitPath } from './gitPath.ts';
import type { GitCall } from './gitCall.ts';
import { ignorePatterns } from './ignorePatterns.ts';
import { settingOf } from './repositoryRefs.ts';
import { keyOf, type RepositoryState, type Snapshot, type SnapshotSource } from './snapshotStore.ts';
import { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** A folder with what is known of it: what a workspace is, or the user's folder that its result goes to. */
export interface Place {
  source: SnapshotSource;
  /** Of the files; null without git, and where another one has been put into its place since. */
  repository: UserRepository | null;
  /** Another `.git` than before the run lies in the folder, or none. */
  isReplaced: boolean;
  /** The folder that paths are shown relative to, from the top; empty when it is the top. */
  prefix: GitPath | '';
  exclude: readonly string[];
}

/** The folder that an agent works in. */
export async function workspacePlace(tools: WorkspaceTools, record: WorkspaceRecord): Promise<Place> {
  if (record.kind === 'folder') return folderPlace(tools, record);
  const root = await existing(record.root);
  const repository = record.repository ? new UserRepository(tools, record.repository) : null;
  const source = await sourceOf(root, '', repository);
  return { source, repository, isReplaced: false, prefix: '', exclude: record.exclude };
}

/**
 * The user's folder that a workspace came from, with the repository that it had then. The top of the repository counts,
 * for a change may reach beyond the folder that is open.
 */
export async function targetPlace(tools: WorkspaceTools, record: WorkspaceRecord): Promise<Place> {
  const { folder } = record;
  if (folder === null) {
    throw new UserError({
      reason: 'refused',
      message: 'This card worked on a repository from elsewhere. Send its branch there instead.',
    });
  }
  return record.kind === 'folder'
    ? folderPlace(tools, record)
    : folderPlace(tools, { ...record, root: folder, prefix: '' });
}

async function folderPlace(
  tools: WorkspaceTools,
  record: Pick<WorkspaceRecord, 'root' | 'prefix' | 'repository' | 'exclude'>,
): Promise<Place> {
  const folder = await existing(record.root);
  const known = record.repository;
  const isReplaced = !isSameRepository(known, known ? await findRepository(folder) : null);
  const repository = known && !isReplaced ? new UserRepository(tools, known) : null;
  // The files are where they were, whatever has become of the repository.
  const prefix = known ? gitPathOf(record.prefix) : '';
  const source = await sourceOf(known ? known.topLevel : folder, prefix, repository);
  return { source, repository, isReplaced, prefix, exclude: record.exclude };
}

/** A path from the top, as seen from the folder that is open. */
export function shown(path: string, { prefix }: Pick<Place, 'prefix'>): string {
  const folder = prefix === '' ? '' : `${textOf(prefix)}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}

async function sourceOf(
  root: string,
  prefix: GitPath | '',
  repository: UserRepository | null,
): Promise<SnapshotSource> {
  const settings = (await repository?.settings().catch(() => null)) ?? [];
  const format = settingOf(settings, 'extensions.objectformat');
  return {
    root,
    key: keyOf(root, prefix),
    ...(prefix === '' ? {} : { within: prefix }),
    // Objects with other ids are of no use.
    ...(repository && format !== 'sha256'
      ? { borrowed: path.join(repository.paths.commonDir, 'objects') }
      : {}),
  };
}

/** The patterns of ignored files that count in a place now. */
async function excludesAt(tools: WorkspaceTools, place: Place, signal?: AbortSignal): Promise<string> {
  const { repository, source } = place;
  const exclude = [...place.exclude, ...ownFolder(tools, source.root)];
  return ignorePatterns(tools.git, tools.store.site, repository, exclude, signal);
}

/** Somebody may open the folder that our storage lies in, such as their home. */
function ownFolder({ storageFolder }: WorkspaceTools, root: string): string[] {
  const relative = path.relative(root, storageFolder);
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) return [];
  const escaped = relative
    .split(path.sep)
    .join('/')
    .replace(/[\\*?[\]#! ]/g, '\\$&');
  return [`/${escaped}/`];
}

export interface SnapshotOptions extends Call {
  ref: string;
  /** Patterns of an earlier snapshot; those of now when left out. */
  excludes?: string;
  also?: () => Promise<readonly GitPath[]>;
  isBeginning?: boolean;
  /** Of kind `folder`, HEAD and index belong to the state; and how they are, where that was asked already. */
  withRepository: boolean;
  state?: Promise<RepositoryState>;
}

export async function takeSnapshot(
  tools: WorkspaceTools,
  place: Place,
  { ref, doing, signal, isBeginning = false, withRepository, ...options }: SnapshotOptions,
): Promise<Snapshot> {
  const call = { doing, signal };
  const [excludes, also, repository] = await Promise.all([
    options.excludes ?? excludesAt(tools, place, signal),
    options.also?.() ?? [],
    withRepository && place.repository ? (options.state ?? place.repository.state(call)) : null,
  ]);
  return tools.store.take({ ...call, ref, also, isBeginning, source: place.source, excludes, repository });
}

/** Of the files that are open with unsaved changes, those below a place, as they are named there. */
export async function unsavedIn(tools: WorkspaceTools, { source }: Place): Promise<Set<GitPath>> {
  const unsaved = new Set<GitPath>();
  for (const file of tools.editors.unsavedFiles()) {
    // VS Code may have opened the folder by a link.
    const folder = await realpath(path.dirname(file)).catch(() => path.dirname(file));
    const relative = path.relative(source.root, path.join(folder, path.basename(file)));
    if (!relative.startsWith('..') && !path.isAbsolute(relative)) {
      unsaved.add(gitPathOf(relative.split(path.sep).join('/')));
    }
  }
  return unsaved;
}

async function existing(folder: string): Promise<string> {
  return realpath(folder).catch((error: unknown) => {
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
