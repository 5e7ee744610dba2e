import type { BoardWorkspaceMode, TaskState } from './task.ts';

export interface Column {
  id: string;
  title: string;
  /** The states whose cards stand here. A card that is moved here takes the first of them. */
  states: readonly [TaskState, ...TaskState[]];
  /** Shown only while it has cards: nobody moves cards here by hand. */
  hideWhenEmpty: boolean;
}

export interface Board {
  id: string;
  name: string;
  columns: readonly Column[];
  /** Where the agents of new cards work. */
  workspaceMode: BoardWorkspaceMode;
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
