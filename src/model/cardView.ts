import type { Board } from './board.ts';
import type { Dependency } from './dependencies.ts';
import type { PermissionRequest } from './permission.ts';
import type { ApprovalPreset } from './permissionRule.ts';
import type { ReviewCounts } from './review.ts';
import type { Run } from './run.ts';
import type { QueuePause, Task, WorkspaceMode } from './task.ts';

/** What a card may wait for its user to say: what agents may have of theirs, and what their images are built on. */
export type UserWord = 'credentials' | 'devcontainer';

/** A card with everything that a face needs to draw it. */
export interface CardView {
  task: Task;
  /** Rises with each change of the card, over all cards of the board. */
  version: number;
  /** Its latest run, live or over. */
  run: Run | null;
  /** Open requests, oldest first: when there are any, the card needs the user. */
  permissions: PermissionRequest[];
  /** What else the agent asks its user, oldest first: these need the user as well. */
  questions: { id: string; message: string }[];
  /** The cards that it waits for, or has waited for. */
  dependencies: Dependency[];
  /** The title of the card whose agent has created it; null where a person or a program has. */
  origin: string | null;
  /** What people have said about its result, as far as that is not settled. */
  review: ReviewCounts;
  /** What becomes of requests of its agent that no rule decides. */
  approvals: ApprovalPreset;
  /** Since when its agent has been silent in the middle of a turn, where that is for too long. */
  stalledSince: number | null;
  /**
   * Its place in the queue, from 1, why it waits, until when at least where that is known, and what the user has to say
   * before it can start; null when it is not queued.
   */
  queue: { place: number; why: string; until: number | null; needs: UserWord | null } | null;
}

/** What of a card tells whether it waits for its user. */
export interface Waiting {
  permissions: readonly unknown[];
  questions: readonly unknown[];
  queue: Pick<NonNullable<CardView['queue']>, 'needs'> | null;
}

/** Its agent waits for an answer of the user, or cannot be started without one. */
export function needsUser({ permissions, questions, queue }: Waiting): boolean {
  return permissions.length + questions.length > 0 || (queue !== null && queue.needs !== null);
}

/** All boards of a folder with their cards. */
export interface BoardsView {
  /** Rises with every change of any card. */
  revision: number;
  /** In their order; there is always one. */
  boards: readonly Board[];
  /** Null while the queue goes on. */
  queuePause: QueuePause | null;
  /** Where agents can work here: a folder without git cannot be cloned. */
  workspaceModes: WorkspaceMode[];
  /** Of all boards, ordered by column and position. */
  cards: CardView[];
}
