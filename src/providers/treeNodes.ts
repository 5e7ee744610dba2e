import type { Column } from '../model/board.ts';

export type TreeNode = ColumnNode | CardNode | RequestNode | QuestionNode | BlockedNode;
export interface ColumnNode {
  kind: 'column';
  column: Column;
}
export interface CardNode {
  kind: 'card';
  taskId: string;
}
/** A permission request below its card. */
export interface RequestNode {
  kind: 'request';
  taskId: string;
  requestId: string;
}
/** Something else that an agent asks, below its card. */
export interface QuestionNode {
  kind: 'question';
  taskId: string;
  questionId: string;
}

/** The hosts that an agent was refused, below its card. */
export interface BlockedNode {
  kind: 'blocked';
  taskId: string;
}
