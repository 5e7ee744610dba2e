import type { Column } from '../model/board.ts';
import type { Run } from '../model/run.ts';

export type TreeNode =
  NeedsNode | ColumnNode | CardNode | RunNode | RequestNode | QuestionNode | WordNode | BlockedNode;

/** The group of all that waits for the user. */
export interface NeedsNode {
  kind: 'needs';
}
export interface ColumnNode {
  kind: 'column';
  boardId: string;
  column: Column;
}
export interface CardNode {
  kind: 'card';
  taskId: string;
}
/** A run below its card. */
export interface RunNode {
  kind: 'run';
  taskId: string;
  runId: string;
  run: Run;
  /** From 1, the oldest first. */
  number: number;
}
/** A permission request. */
export interface RequestNode {
  kind: 'request';
  taskId: string;
  requestId: string;
}
/** Something else that an agent asks. */
export interface QuestionNode {
  kind: 'question';
  taskId: string;
  questionId: string;
}

/** A card that cannot start before its user has said something. */
export interface WordNode {
  kind: 'word';
  taskId: string;
}

/** The hosts that an agent was refused, below its card. */
export interface BlockedNode {
  kind: 'blocked';
  taskId: string;
}
