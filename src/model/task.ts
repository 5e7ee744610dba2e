import type { ResourceChanges } from './resources.ts';

/** Every state a card can be in, in the order the board shows them. */
export const taskStates = [
  'BACKLOG',
  'TODO',
  'BLOCKED',
  'IN_PROGRESS',
  'REVIEW',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
] as const;
export type TaskState = (typeof taskStates)[number];

/** From least to most urgent; the index is what the database stores and the queue sorts by. */
export const priorities = ['low', 'normal', 'high', 'urgent'] as const;
export type Priority = (typeof priorities)[number];

export const workspaceModes = ['folder', 'clone', 'repository', 'copy'] as const;
/**
 * Where the agent works: in the open `folder` itself, in a private `clone` of its repository, in a private clone of the
 * card's own `repository`, or in a `copy` of a folder without git.
 */
export type WorkspaceMode = (typeof workspaceModes)[number];

/** Those that can be the default of a board: a repository is a card's own. */
export const boardWorkspaceModes = ['folder', 'clone', 'copy'] as const;
export type BoardWorkspaceMode = (typeof boardWorkspaceModes)[number];

/** How a card that the queue has begun is tried again by itself where that may help. */
export interface Retry {
  /** Which retry it is that runs or is waited for; 0 before the first. */
  made: number;
  /** How many there may be. */
  of: number;
  /** When it begins, while it is waited for. */
  at: number | null;
}

/** A card on a board. Times are milliseconds since the epoch. */
export interface Task {
  id: string;
  boardId: string;
  title: string;
  /** Markdown; it is the prompt the agent is given. */
  description: string;
  state: TaskState;
  priority: Priority;
  /** Order within the column: lower is higher up. Fractions make room between two neighbours. */
  position: number;
  /** Null when a person does the work. */
  agentTypeId: string | null;
  workspaceMode: WorkspaceMode;
  /** What is cloned in mode `repository`. */
  repositoryUrl: string | null;
  /** The branch to begin with, in modes with a clone; the one that is checked out, or the repository's own, when null. */
  branch: string | null;
  /** Whether a clone without a branch of its own begins with what is not committed in the folder. */
  includeUncommitted: boolean;
  labels: string[];
  /** What its runs may use, where that is otherwise than its agent type says; null where it is not. */
  resources: ResourceChanges | null;
  /** Why a card in TODO is not started by the queue ("You stopped it."), or null when it may be. */
  heldBecause: string | null;
  /** By which the queue goes (queueOrder.ts); null when the card is not queued. */
  queueOrder: number | null;
  /** Null when a failure is not retried by itself. */
  retry: Retry | null;
  createdBy: string;
  /** The card whose agent has created it; null where a person or a program has. */
  createdFrom: string | null;
  createdAt: number;
  updatedAt: number;
}

/** Where a card is put: into a state, and before another card of that column or at its end. */
export interface CardMove {
  taskId: string;
  to: TaskState;
  beforeTaskId: string | null;
}

/** Where the agent of a card works, and with what it begins. */
export type CardPlace = Pick<Task, 'workspaceMode' | 'repositoryUrl' | 'branch' | 'includeUncommitted'>;

/** A row of the history of a card: one change of state. */
export interface TaskEvent {
  id: string;
  taskId: string;
  /** The person (git identity) or part of the system that asked for it. */
  actor: string;
  from: TaskState | null;
  to: TaskState;
  why: string | null;
  at: number;
}

/** A card that was deleted. */
export interface DeletedTask {
  task: Task;
  /** Where it stood. */
  board: { name: string; isDeleted: boolean };
  /** In milliseconds since the epoch. */
  deletedAt: number;
}

/** Nothing of the queue is started by itself. */
export interface QueuePause {
  by: string;
  /** In milliseconds since the epoch. */
  at: number;
}
