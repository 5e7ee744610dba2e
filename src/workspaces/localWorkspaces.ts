import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import { applyToFolder } from './applyToFolder.ts';
import { applyToRepository } from './applyToRepository.ts';
import { checkpointTurn } from './betweenTurns.ts';
import { branchSpan, commitSpan } from './commitChanges.ts';
import { finishRemovals, removeFolder } from './diskSpace.ts';
import { HostGit } from './hostGit.ts';
import { Isolation } from './isolation.ts';
import { KeyedLock } from './keyedLock.ts';
import { mergeBranch } from './mergeBranch.ts';
import { Merger } from './mergeTrees.ts';
import { afterSetup, prepareWorkspace } from './prepareWorkspace.ts';
import { pushResult } from './pushResult.ts';
import { RemoteRepositories } from './remoteRepository.ts';
import { discardWork, rollBack, undoRevert } from './reverting.ts';
import { changesOf, checkpointAfter, fileAtSide } from './runCheckpoints.ts';
import type { SetupScript } from './setupScript.ts';
import { SnapshotStore } from './snapshotStore.ts';
import { WorkIndexes } from './workIndex.ts';
import { infoOf, WorkspaceRecords, type WorkspaceRecord } from './workspaceRecord.ts';
import type * as api from './workspaces.ts';
import type { WorkspaceTools } from './workspaceTools.ts';
import { diskUseOf, pruneCheckpoints, removeWorkspace, workStateOf } from './workState.ts';

export interface LocalWorkspacesOptions {
  /** A folder of ours in the storage, that no container has. Only the process that leads may use it. */
  folder: string;
  /** The git program: VS Code's setting `git.path`, or found in PATH when left out. */
  git?: string;
  environment: Readonly<Record<string, string | undefined>>;
  editors: api.Editors;
  /** Files that are new and larger are left out of checkpoints, and named. 1 GB when left out. */
  maxFileBytes?: number;
}

const defaultMaxFileBytes = 1024 ** 3;

/** The workspaces in a folder of this machine. */
export class LocalWorkspaces implements api.Workspaces {
  readonly #tools: WorkspaceTools;
  readonly #locks = new KeyedLock();

  private constructor(tools: WorkspaceTools) {
    this.#tools = tools;
  }

  /** @throws UserError when git is missing, or the folder cannot be written */
  static async open(options: LocalWorkspacesOptions): Promise<LocalWorkspaces> {
    const { folder, environment, editors, maxFileBytes = defaultMaxFileBytes } = options;
    const safeFolder = path.join(folder, 'git');
    const treesFolder = path.join(folder, 'trees');
    for (const each of [safeFolder, treesFolder]) await mkdir(each, { recursive: true, mode: 0o700 });
    const program = options.git === undefined ? {} : { program: options.git };
    const git = new HostGit({ ...program, safeFolder, environment });
    const indexes = new WorkIndexes(path.join(folder, 'indexes'));
    const store = new SnapshotStore(git, folder, indexes, maxFileBytes);
    const records = new WorkspaceRecords(path.join(folder, 'records'));
    await indexes.open();
    await store.open();
    await records.open();
    const isolation = new Isolation(path.join(folder, 'isolated'));
    const remotes = new RemoteRepositories(git, path.join(folder, 'repositories'));
    const merger = new Merger(git);
    return new LocalWorkspaces({
      git,
      isolation,
      indexes,
      store,
      records,
      remotes,
      merger,
      editors,
      maxFileBytes,
      storageFolder: folder,
      treesFolder,
    });
  }

  async recover(): Promise<api.Interrupted[]> {
    const { records, treesFolder } = this.#tools;
    await finishRemovals(treesFolder);
    const interrupted: api.Interrupted[] = [];
    for (const record of records.all()) {
      if (!record.isReady) {
        await removeFolder(path.join(treesFolder, record.id));
        await records.remove(record.id);
      }
      for (const { id, what, at, isComplete } of record.undos) {
        if (!isComplete) interrupted.push({ workspaceId: record.id, what, undoId: id, at });
      }
    }
    return interrupted;
  }

  async prepare(request: api.PrepareRequest, signal?: AbortSignal): Promise<api.PreparedWorkspace> {
    const doing = `preparing the workspace of "${request.title}"`;
    const { place, workspaceId } = request;
    const keys = [workspaceId, ...(place.kind === 'folder' ? [folderKey(place.folder)] : [])];
    return this.#locks.run(keys, () => prepareWorkspace(this.#tools, request, { doing, signal }));
  }

  describe(workspaceId: string): Promise<api.WorkspaceInfo | null> {
    const record = this.#tools.records.find(workspaceId);
    return Promise.resolve(record?.isReady === true ? infoOf(record) : null);
  }

  async workOf(workspaceId: string, signal?: AbortSignal): Promise<api.WorkState> {
    const record = this.#tools.records.find(workspaceId);
    if (!record) return 'none';
    return this.#writing(record, 'looking at a workspace', signal, (call) =>
      workStateOf(this.#tools, record, call),
    );
  }

  async setupDone(runId: string, setup: SetupScript, signal?: AbortSignal): Promise<void> {
    const record = this.#tools.records.ofRun(runId);
    await this.#writing(record, 'taking a checkpoint', signal, (call) =>
      afterSetup(this.#tools, { record, runId, setup }, call),
    );
  }

  async beginTurn(runId: string, signal?: AbortSignal): Promise<string[]> {
    const record = this.#tools.records.ofRun(runId);
    return this.#writing(record, 'taking a checkpoint', signal, (call) =>
      checkpointTurn(this.#tools, record, runId, call),
    );
  }

  async finish(runId: string, signal?: AbortSignal): Promise<api.TurnChanges> {
    return this.#writing(this.#tools.records.ofRun(runId), 'taking a checkpoint', signal, async (call) => {
      const told = await checkpointAfter(this.#tools, this.#tools.records.ofRun(runId), runId, call);
      return { ...(await changesOf(this.#tools, { runId }, call)), ...told };
    });
  }

  async changes(span: api.Span, signal?: AbortSignal): Promise<api.ChangeSet> {
    return changesOf(this.#tools, span, { doing: 'looking up what has changed', signal });
  }

  async fileAt(
    span: api.Span,
    side: 'before' | 'after',
    file: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null> {
    return fileAtSide(this.#tools, span, side, file, { doing: `reading ${file} of a checkpoint`, signal });
  }

  async rollBack(
    runId: string,
    choice: api.RevertChoice = {},
    signal?: AbortSignal,
  ): Promise<api.RevertOutcome> {
    return this.#writing(this.#tools.records.ofRun(runId), 'rolling back', signal, (call) =>
      rollBack(this.#tools, runId, choice, call),
    );
  }

  async discard(workspaceId: string, signal?: AbortSignal): Promise<api.RevertOutcome> {
    return this.#writing(this.#tools.records.get(workspaceId), 'discarding changes', signal, (call) =>
      discardWork(this.#tools, workspaceId, call),
    );
  }

  async undo(
    undoId: string,
    choice: api.RevertChoice = {},
    signal?: AbortSignal,
  ): Promise<api.RevertOutcome> {
    return this.#writing(this.#tools.records.ofUndo(undoId).record, 'undoing', signal, (call) =>
      undoRevert(this.#tools, undoId, choice, call),
    );
  }

  async apply(
    workspaceId: string,
    choice: api.ApplyChoice = {},
    signal?: AbortSignal,
  ): Promise<api.ApplyOutcome> {
    const record = this.#tools.records.get(workspaceId);
    return this.#writing(record, 'applying changes', signal, (call) => {
      if (record.kind === 'copy') return applyToFolder(this.#tools, record, choice, call);
      if (record.kind === 'clone') return applyToRepository(this.#tools, record, choice, call);
      throw new UserError({
        reason: 'refused',
        message:
          record.kind === 'folder'
            ? 'The agent worked in the folder itself: its changes are there already.'
            : 'This card worked on a repository from elsewhere. Send its branch there instead.',
      });
    });
  }

  async merge(workspaceId: string, message: string, signal?: AbortSignal): Promise<api.MergeOutcome> {
    return this.#writing(this.#tools.records.get(workspaceId), 'merging', signal, (call) =>
      mergeBranch(this.#tools, this.#tools.records.get(workspaceId), message, call),
    );
  }

  async commit(span: api.Span, message: string, signal?: AbortSignal): Promise<api.CommitOutcome> {
    return this.#writing(this.#recordOf(span), 'committing', signal, (call) =>
      commitSpan(this.#tools, span, message, call),
    );
  }

  async createBranch(
    span: api.Span,
    name: string,
    message: string,
    signal?: AbortSignal,
  ): Promise<api.CommitOutcome> {
    return this.#writing(this.#recordOf(span), `making the branch ${name}`, signal, (call) =>
      branchSpan(this.#tools, span, { name, message }, call),
    );
  }

  async push(
    workspaceId: string,
    options: { branch: string; message: string; credential?: api.Credential },
    signal?: AbortSignal,
  ): Promise<api.CommitOutcome> {
    return this.#writing(this.#tools.records.get(workspaceId), 'sending a branch', signal, (call) =>
      pushResult(this.#tools, workspaceId, options, call),
    );
  }

  async diskUse(signal?: AbortSignal): Promise<api.DiskUse> {
    return diskUseOf(this.#tools, { doing: 'looking at the workspaces', signal });
  }

  async dispose(workspaceId: string, signal?: AbortSignal): Promise<void> {
    return this.#writing(this.#tools.records.get(workspaceId), 'removing a workspace', signal, (call) =>
      removeWorkspace(this.#tools, this.#tools.records.get(workspaceId), call),
    );
  }

  async clear(inUse: (workspaceId: string) => boolean, signal?: AbortSignal): Promise<string[]> {
    const removed: string[] = [];
    for (const record of this.#tools.records.all()) {
      if (record.kind === 'folder' || inUse(record.id)) continue;
      await this.#writing(record, 'removing a workspace', signal, async (call) => {
        const work = await workStateOf(this.#tools, record, call);
        if (work === 'untaken' || work === 'unknown') return;
        await removeWorkspace(this.#tools, record, call);
        removed.push(record.id);
      });
    }
    return removed;
  }

  async prune(keeps: (runId: string) => boolean, signal?: AbortSignal): Promise<void> {
    const call = { doing: 'forgetting old checkpoints', signal };
    // What is being put together is not referred to by anything yet.
    return this.#locks.runAlone(() => pruneCheckpoints(this.#tools, keeps, call));
  }

  #recordOf(span: api.Span): WorkspaceRecord {
    return 'runId' in span
      ? this.#tools.records.ofRun(span.runId)
      : this.#tools.records.get(span.workspaceId);
  }

  /** One change at a time to a workspace, and to the user's folder. */
  #writing<T>(
    record: WorkspaceRecord,
    doing: string,
    signal: AbortSignal | undefined,
    work: (call: { doing: string; signal: AbortSignal | undefined }) => Promise<T>,
  ): Promise<T> {
    const call = { doing: `${doing} (${record.folder ?? record.root})`, signal };
    const keys = [record.id, ...(record.folder === null ? [] : [folderKey(record.folder)])];
    return this.#locks.run(keys, () => work(call));
  }
}

/** Ids of workspaces have no colon. */
function folderKey(folder: string): string {
  return `folder:${path.resolve(folder)}`;
}
