import { UserError } from './failure.ts';
import type { BoardWorkspaceMode, Task, TaskState } from './task.ts';

export interface Column {
  id: string;
  title: string;
  /** The states whose cards stand here. A card that is moved here takes the first of them. */
  states: readonly [TaskState, ...TaskState[]];
  /** Shown only while it has cards: nobody moves cards here by hand. */
  hideWhenEmpty: boolean;
  /** How many cards should stand here at most; left out: any number. A warning, and no bar. */
  limit?: number;
  /** Not shown, as its user wants it. */
  isHidden?: boolean;
  /** Shown by its name only. */
  isCollapsed?: boolean;
}

/** What a user can change of a column. */
export interface ColumnChange {
  title?: string | undefined;
  /** Null: any number. */
  limit?: number | null | undefined;
  isHidden?: boolean | undefined;
  isCollapsed?: boolean | undefined;
}

export function changedColumn(column: Column, change: ColumnChange): Column {
  const { limit, ...others } = { ...column, ...withoutUndefined(change) };
  return limit === null || limit === undefined ? others : { ...others, limit };
}

function withoutUndefined(change: ColumnChange): {
  [K in keyof ColumnChange]: Exclude<ColumnChange[K], undefined>;
} {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

export function isOverLimit({ limit }: Column, count: number): boolean {
  return limit !== undefined && count > limit;
}

export interface Board {
  id: string;
  name: string;
  columns: readonly Column[];
  /** Where the agents of new cards work. */
  workspaceMode: BoardWorkspaceMode;
}

/** A board that was deleted and can be brought back. */
export interface DeletedBoard {
  board: Board;
  /** In milliseconds since the epoch. */
  deletedAt: number;
  /** How many cards come back with it. */
  cards: number;
}

/** Why a board cannot be deleted: an agent is at work on one of its cards. */
export function boardInUse(name: string, { id, title }: Pick<Task, 'id' | 'title'>): UserError {
  return new UserError({
    reason: 'run-active',
    message: `The board “${name}” cannot be deleted while an agent is at work on it: “${title}”. Stop it first, or move the card to another board.`,
    action: { kind: 'stop', taskId: id },
  });
}

export const defaultColumns: readonly Column[] = [
  { id: 'backlog', title: 'Backlog', states: ['BACKLOG'], hideWhenEmpty: false },
  { id: 'todo', title: 'To Do', states: ['TODO', 'BLOCKED'], hideWhenEmpty: false },
  { id: 'in-progress', title: 'In Progress', states: ['IN_PROGRESS'], hideWhenEmpty: false },
  { id: 'review', title: 'Review', states: ['REVIEW'], hideWhenEmpty: false },
  { id: 'done', title: 'Done', states: ['COMPLETED'], hideWhenEmpty: false },
  { id: 'failed', title: 'Failed', states: ['FAILED'], hideWhenEmpty: true },
  { id: 'cancelled', title: 'Cancelled', states: ['CANCELLED'], hideWhenEmpty: true },
];

export function columnOf(columns: readonly Column[], state: TaskState): Column | undefined {
  return columns.find((column) => column.states.includes(state));
}
