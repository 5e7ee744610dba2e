import * as v from 'valibot';
import type { Run } from '../model/run.ts';
import type {
  ApplyOutcome,
  ChangeSet,
  CommitOutcome,
  MergeOutcome,
  RevertOutcome,
  Undoable,
  WorkspaceInfo,
} from '../workspaces/workspaces.ts';

export type { FileConflict } from '../workspaces/revert.ts';
export type { FileChange } from '../workspaces/trees.ts';
export type {
  ApplyOutcome,
  ChangeSet,
  CommitOutcome,
  MergeOutcome,
  RevertOutcome,
} from '../workspaces/workspaces.ts';
import type { OperationTable } from './operationTable.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(10_000));
const message = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('A commit needs a message.'),
  v.maxLength(50_000, 'A message has at most 50,000 characters.'),
);
const branch = v.pipe(v.string(), v.trim(), v.nonEmpty('A branch needs a name.'), v.maxLength(200));

/** One run against the state that it began with, or all that was done on a card. */
const span = v.union([v.object({ runId: id }), v.object({ taskId: id })]);
export type ResultSpan = v.InferOutput<typeof span>;

const line = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Of the file as the agent has left it, from 0, both included. */
const lines = v.object({ first: line, last: line });

/** Chosen by the caller, who can call the work off by it (`result.cancel`). */
const operation = v.optional(id);
const conflicts = v.optional(v.picklist(['stop', 'keep', 'overwrite']));
const movedBranch = v.optional(v.picklist(['stop', 'keep', 'moveBack']));

/**
 * What can be done with what agents have made. All of these write files, branches or commits of the user's, are refused
 * while an agent is at work there, and say what they did or why they did nothing.
 */
export const resultCommandSchemas = {
  /** Takes the files back to before a run: all, or these alone. Those leave the branch and the index as they are. */
  'result.rollBack': v.object({
    runId: id,
    paths: v.optional(v.pipe(v.array(path), v.minLength(1), v.maxLength(1000))),
    conflicts,
    branch: movedBranch,
    operation,
  }),
  /** Gives up all that was done on a card outside of the folder. */
  'result.discard': v.object({ taskId: id, operation }),
  /** Takes back a roll-back, a discard, an apply, or an undo. */
  'result.undo': v.object({ taskId: id, undoId: id, conflicts, branch: movedBranch, operation }),
  /** Brings the change into the folder, not committed: all, or these files, or what is at these lines of them. */
  'result.apply': v.object({
    taskId: id,
    uncommitted: v.optional(v.picklist(['stop', 'merge'])),
    only: v.optional(
      v.pipe(v.array(v.object({ path, lines: v.optional(lines) })), v.minLength(1), v.maxLength(1000)),
    ),
    operation,
  }),
  /** Merges the card's branch into the branch of the folder. */
  'result.merge': v.object({ taskId: id, message, operation }),
  /** In the folder on its branch, else on the card's own branch. */
  'result.commit': v.object({ span, message, operation }),
  /** Makes a branch of the change without switching to it. */
  'result.createBranch': v.object({ span, name: branch, message, operation }),
  /** Sends the change to the repository that it came from. */
  'result.push': v.object({ taskId: id, branch, message, operation }),
  /** Calls off whatever has this name; nothing when it is over. */
  'result.cancel': v.object({ operation: id }),
};

export interface ResultCommandResults {
  'result.rollBack': RevertOutcome;
  'result.discard': RevertOutcome;
  'result.undo': RevertOutcome;
  'result.apply': ApplyOutcome;
  'result.merge': MergeOutcome;
  'result.commit': CommitOutcome;
  'result.createBranch': CommitOutcome;
  'result.push': CommitOutcome;
  'result.cancel': null;
}

export const resultQuerySchemas = {
  /** Where the result of a card is, and of which runs; null when no agent has worked on it. */
  'result.info': v.object({ taskId: id }),
  'result.changes': v.object({ span, operation }),
  /** A file before or after; in base64, and null when there was none. */
  'result.file': v.object({ span, side: v.picklist(['before', 'after']), path }),
  /** What can be taken back on the whole board, the newest first. */
  'result.undos': v.object({}),
};

/** The result of a card; its runs are the newest first. */
export type ResultInfo = Omit<WorkspaceInfo, 'runs'> & {
  runs: Run[];
  /** A name that no other card's branch has. */
  proposedBranch: string;
};

export interface ResultQueryResults {
  'result.info': ResultInfo | null;
  'result.changes': ChangeSet;
  'result.file': string | null;
  'result.undos': (Undoable & { taskId: string; title: string })[];
}

export type ResultCommandTable = OperationTable<typeof resultCommandSchemas, ResultCommandResults>;
export type ResultQueryTable = OperationTable<typeof resultQuerySchemas, ResultQueryResults>;
