import type { ChosenFile } from './chosenChanges.ts';
import type { SetupScript } from './setupScript.ts';
import type { FileConflict } from './revert.ts';
import type { SkippedFile } from './scanFiles.ts';
import type { FileChange } from './trees.ts';

/**
 * Where an agent works:
 * - `folder`: the open folder itself, one writer at a time;
 * - `clone`: a private clone of the folder's repository, on a branch of its own; many in parallel;
 * - `repository`: a private clone of a repository elsewhere;
 * - `copy`: a copy of a folder without git.
 */
export type WorkspaceKind = 'folder' | 'clone' | 'repository' | 'copy';

export type WorkspacePlace =
  | { kind: 'folder'; folder: string }
  | {
      kind: 'clone';
      folder: string;
      /** The branch to begin with; the folder's commit when null. */
      branch: string | null;
      /** Whether the agent finds what is not committed in the folder; only without a branch. */
      includeUncommitted: boolean;
    }
  | { kind: 'repository'; url: string; branch: string | null; credential?: Credential }
  | { kind: 'copy'; folder: string };

/** For a server, from VS Code's secret storage. Given to git alone, by its environment; never stored or shown. */
export interface Credential {
  username: string;
  password: string;
}

export interface PrepareRequest {
  /** The card's: its runs share one workspace. Letters, digits, dots, dashes and underscores, like `runId`. */
  workspaceId: string;
  runId: string;
  /** The card's title, which the branch is named after. */
  title: string;
  place: WorkspacePlace;
  /** Patterns (`.env`, `config/*.local.json`) of files that are copied from the folder although git ignores them. */
  copyIn: readonly string[];
  /** Patterns, in the syntax of `.gitignore`, of what neither checkpoints nor copies hold. */
  exclude: readonly string[];
  setup: SetupScript | null;
  /** One line of what goes on, for the card. */
  onProgress?: (line: string) => void;
}

/** A file or folder by its absolute path, which the agent's container holds in its place. */
export interface GitGuard {
  path: string;
  /** False: it can be written to, but not be renamed, removed or replaced. */
  readOnly: boolean;
}

export interface PreparedWorkspace {
  workspaceId: string;
  kind: WorkspaceKind;
  /** The folder that the container gets, at the same path. All paths of files are relative to it. */
  root: string;
  /** Where the agent begins: `root`, or the folder below it that is open in VS Code. */
  workingFolder: string;
  /** `kandev/fix-login-1a2b3c4d`; null for kinds without. */
  branch: string | null;
  /** Whether what is done there can be committed. */
  hasRepository: boolean;
  /** To be run in the container before the agent; null when there is none, or it has been run here. */
  setup: SetupScript | null;
  /** Files that were copied in, relative to `root`. */
  copiedIn: string[];
  /** What the user should know: links that lead out, submodules that are empty, a checkpoint that is not complete. */
  warnings: string[];
  /** Files that the checkpoint does not hold. */
  skipped: SkippedFile[];
  /** Repositories below the root, and what they and it lead to: to be held in their place in the container. */
  guards: GitGuard[];
}

/** What is looked at: one run against the state that it began with, or all that was done in a workspace. */
export type Span = { runId: string } | { workspaceId: string };

export interface ChangeSet {
  /** Sorted by path. Files that git ignores are not among them. */
  files: FileChange[];
  /** Lines, of text files. */
  added: number;
  removed: number;
  /** Changes that may be there, but could not be read. */
  skipped: SkippedFile[];
  /** Of the files those that were changed while no agent was at work, most likely by the user. */
  between: string[];
  warnings: string[];
}

/** What a turn has done. */
export interface TurnChanges extends ChangeSet {
  /** Of the warnings those that cannot wait until somebody reads them: what was left could run on this machine. */
  alarms: string[];
}

/** A branch that is not where it was: somebody has committed, or switched. */
export interface BranchMove {
  from: { branch: string | null; commit: string | null };
  to: { branch: string | null; commit: string | null };
}

export interface RevertChoice {
  /** See `RevertRequest.conflicts`; `stop` when left out. */
  conflicts?: 'stop' | 'keep' | 'overwrite';
  /**
   * When HEAD has moved since: do nothing and say so (`stop`, when left out), leave it, or move it back too. The
   * commits stay reachable under `refs/kandev/`.
   */
  branch?: 'stop' | 'keep' | 'moveBack';
  /** Takes only these files back, as the change set names them; HEAD and the index stay as they are. */
  only?: readonly string[];
}

export interface RevertOutcome {
  /** False when nothing was touched: `conflicts` and `branchMoved` say why. */
  done: boolean;
  /** To be given to `undo`; null when nothing was done. */
  undoId: string | null;
  /** Files that were taken back. */
  paths: string[];
  conflicts: FileConflict[];
  /** New files that were left, since something of that name was ignored before the run. */
  kept: string[];
  /** Null when HEAD is where it was before the run. */
  branchMoved: BranchMove | null;
}

export interface ApplyChoice {
  /** Files that are not committed and not what the agent began with: say so and do nothing (when left out), or merge. */
  uncommitted?: 'stop' | 'merge';
  /** Brings only these files in, or what of them is at these lines; all of the change when left out. */
  only?: readonly ChosenFile[];
}

export interface ApplyOutcome {
  /** False when nothing was touched: `blocked` says why. */
  done: boolean;
  undoId: string | null;
  /** Files that were written or removed. */
  paths: string[];
  /** Files that hold work of the user's which would be mixed with the change, or are not saved. */
  blocked: FileConflict[];
  /**
   * Files that both sides have changed in the same place. In a git repository they hold markers and stand in the index
   * as unmerged, which VS Code's merge editor opens; elsewhere they are as they were.
   */
  conflicts: string[];
}

export interface MergeOutcome {
  /** `blocked` when nothing was touched; `conflicts` when the merge is under way and waits for the user. */
  result: 'merged' | 'fast-forward' | 'nothing-to-merge' | 'conflicts' | 'blocked';
  commit: string | null;
  blocked: FileConflict[];
  conflicts: string[];
}

export interface CommitOutcome {
  commit: string;
  /** Files that are not in it, because they lie in a submodule. */
  left: string[];
}

/** Whether a workspace may go: only one whose work was taken, or that has none, is ever removed. */
export type WorkState = 'none' | 'untaken' | 'taken' | 'discarded' | 'unknown';

export interface WorkspaceUse {
  workspaceId: string;
  kind: WorkspaceKind;
  /** Where it is; of kind `folder`, the user's own. */
  root: string;
  /** On the disk; 0 for kind `folder`. */
  bytes: number;
  work: WorkState;
  /** What it holds that nobody has taken; null where it holds nothing of that kind. */
  held: HeldWork | null;
}

export interface HeldWork {
  files: number;
  /** Lines, of text files. */
  added: number;
  removed: number;
  /** When an agent was last at work there, in milliseconds since the epoch; null when that is not known. */
  at: number | null;
}

export interface DiskUse {
  workspaces: WorkspaceUse[];
  /** Checkpoints of all workspaces, and repositories that were fetched. */
  checkpointBytes: number;
  repositoryBytes: number;
}

/** What was cut off, by the end of the process, while files were being written. */
export interface Interrupted {
  workspaceId: string;
  what: 'rollBack' | 'discard' | 'apply' | 'undo';
  /** To be given to `undo`, which brings back how it was before. */
  undoId: string;
  at: number;
}

/** What can be taken back, by `undo`. */
export interface Undoable {
  undoId: string;
  what: 'rollBack' | 'discard' | 'apply' | 'undo';
  /** False when it was cut off: undoing it brings back how it was before. */
  isComplete: boolean;
  at: number;
}

/** What is known of a workspace without looking into it. */
export interface WorkspaceInfo {
  kind: WorkspaceKind;
  root: string;
  /** The user's folder that it came from; null for a repository from elsewhere. */
  folder: string | null;
  /** What the paths of `apply` and `merge` are relative to: the top of that folder's repository, or the folder itself. */
  targetRoot: string | null;
  /** Where a repository from elsewhere is; null for the other kinds. */
  url: string | null;
  branch: string | null;
  /** Whether what was done can be committed. */
  hasRepository: boolean;
  /** Oldest first. */
  runs: string[];
  /** Those of the runs whose files were taken back to before them. */
  rolledBack: string[];
  /** Newest first. */
  undos: Undoable[];
}

/** What the editor knows of files. */
export interface Editors {
  /** Absolute paths of files with changes that are not saved. */
  unsavedFiles(): readonly string[];
}

/**
 * The workspaces of one window's storage: what agents work in, how it was before, and how the result reaches the user.
 *
 * The order of a run: `prepare` → the container works in `root` → `finish` after each turn. Then, as the user likes,
 * `changes` and `fileAt` for the diff, and `rollBack`, `apply`, `merge`, `commit`, `createBranch`, `push`, `discard`.
 * No agent may be at work in a workspace while its files are written.
 *
 * Every method throws a `UserError` for what is foreseen, and the signal's reason when it is aborted. Nothing of the
 * user's is overwritten without having been kept first; a process may be killed at any moment (`recover`).
 */
export interface Workspaces {
  /** Readies the place and takes the checkpoint before the run. For a workspace that exists: the next run in it. */
  prepare(request: PrepareRequest, signal?: AbortSignal): Promise<PreparedWorkspace>;
  /** Null when there is none of this id. */
  describe(workspaceId: string): Promise<WorkspaceInfo | null>;
  /** Whether a workspace holds work that nobody has taken; `none` when there is no such workspace. */
  workOf(workspaceId: string, signal?: AbortSignal): Promise<WorkState>;
  /**
   * The setup script that `prepare` asked for has been run: it is not asked for again, and what it has made counts as
   * there before the run. In a workspace where no agent has been yet, it is what the workspace began with.
   */
  setupDone(runId: string, setup: SetupScript, signal?: AbortSignal): Promise<void>;
  /**
   * Takes the checkpoint before another turn of a run.
   *
   * @returns the files that have changed since the last turn: they are only taken back when that is asked for
   */
  beginTurn(runId: string, signal?: AbortSignal): Promise<string[]>;
  /** Takes the checkpoint after a run, or after another turn of it, and fetches what the agent has committed. */
  finish(runId: string, signal?: AbortSignal): Promise<TurnChanges>;
  /** What has changed: up to the checkpoint after a run; up to now for a workspace, or while there is none. */
  changes(span: Span, signal?: AbortSignal): Promise<ChangeSet>;
  /** A file before or after, for the diff editor; of a link the path it points to. Null when it did not exist. */
  fileAt(
    span: Span,
    side: 'before' | 'after',
    path: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null>;
  /** Takes the files back to before a run, all but those that somebody has changed since. */
  rollBack(runId: string, choice?: RevertChoice, signal?: AbortSignal): Promise<RevertOutcome>;
  /** Gives up all that was done in a workspace that is not the folder. It may be removed then. */
  discard(workspaceId: string, signal?: AbortSignal): Promise<RevertOutcome>;
  /** Takes back a roll-back, a discard, an apply or an undo. */
  undo(undoId: string, choice?: RevertChoice, signal?: AbortSignal): Promise<RevertOutcome>;
  /** Brings the change into the folder, uncommitted, as a three-way merge with what is there. */
  apply(workspaceId: string, choice?: ApplyChoice, signal?: AbortSignal): Promise<ApplyOutcome>;
  /** Merges the workspace's branch into the branch of the folder. */
  merge(workspaceId: string, message: string, signal?: AbortSignal): Promise<MergeOutcome>;
  /**
   * Commits the change: in the folder on its branch, and only the files that it is in, as they are now; otherwise on the
   * workspace's branch.
   */
  commit(span: Span, message: string, signal?: AbortSignal): Promise<CommitOutcome>;
  /** Makes a branch with the change in the folder's repository, without switching to it. */
  createBranch(span: Span, name: string, message: string, signal?: AbortSignal): Promise<CommitOutcome>;
  /** Sends the change of kind `repository` to a new branch of the repository that it came from. */
  push(
    workspaceId: string,
    options: { branch: string; message: string; credential?: Credential },
    signal?: AbortSignal,
  ): Promise<CommitOutcome>;
  diskUse(signal?: AbortSignal): Promise<DiskUse>;
  /** Removes a workspace and what is remembered of it. Refused while it holds work that nobody has taken. */
  dispose(workspaceId: string, signal?: AbortSignal): Promise<void>;
  /** Removes all workspaces that are safe to remove and not in use; returns their ids. */
  clear(inUse: (workspaceId: string) => boolean, signal?: AbortSignal): Promise<string[]>;
  /** Forgets the checkpoints of runs that are not kept, in the storage and under `refs/kandev/`. */
  prune(keeps: (runId: string) => boolean, signal?: AbortSignal): Promise<void>;
  /** To be called once before anything else: removes half-made workspaces, and says what was cut off. */
  recover(): Promise<Interrupted[]>;
}
