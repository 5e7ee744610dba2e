/** Which of the two texts of a file a comment stands at. */
export const commentSides = ['before', 'after'] as const;
export type CommentSide = (typeof commentSides)[number];

/**
 * - `draft`: written, and not sent yet;
 * - `sent`: the agent has it, or it waits until the agent's turn is over;
 * - `resolved`: the agent has changed those lines, or a person said that it is settled;
 * - `reopened`: the agent has ended its turn and left those lines as they were.
 */
export const commentStates = ['draft', 'sent', 'resolved', 'reopened'] as const;
export type CommentState = (typeof commentStates)[number];

/** Lines of a text from 0, without `end`; empty between two lines, where the text that was meant is gone. */
export interface LineRange {
  start: number;
  end: number;
}

/** What a person has said about lines of a card's result. */
export interface ReviewComment {
  id: string;
  taskId: string;
  /** Relative to the root of the card's workspace, as the change set has it. */
  path: string;
  side: CommentSide;
  /** Whose text `before` is: that before a run, or before the card; null for the side `after`, which there is one of. */
  before: { runId: string } | { taskId: string } | null;
  /** On its own side. Those of `before` never move. */
  lines: LineRange;
  /** Where it is in the newest text that is known of the file; for the side `after` the same as `lines`. */
  place: LineRange;
  /** The text of the lines when it was written. */
  quote: string;
  text: string;
  state: CommentState;
  /** The message it was sent with; null before that. */
  promptId: string | null;
  /** The turn of an agent that was given it; null while it waits for that. */
  given: { runId: string; turn: number } | null;
  /** Whether those lines have changed since the agent was given it. */
  isTouched: boolean;
  createdBy: string;
  /** In milliseconds since the epoch. */
  createdAt: number;
}

/** A file that somebody has looked at, and what it was then: when it is another, it has not been looked at. */
export interface ReviewMark {
  path: string;
  /** As the change set names it; empty for a file that is gone. */
  content: string;
}

/** Whether a changed file has been looked at as it is. */
export function isReviewed(
  file: { path: string; content: string | null },
  marks: readonly ReviewMark[],
): boolean {
  return marks.some(({ path, content }) => path === file.path && content === (file.content ?? ''));
}

/** How many comments of a card are not settled. */
export interface ReviewCounts {
  drafts: number;
  sent: number;
  reopened: number;
}

export const noComments: ReviewCounts = { drafts: 0, sent: 0, reopened: 0 };

/** Those that go with the next review: what was not sent yet, and what was left undone. */
export function isUnsent({ state }: Pick<ReviewComment, 'state'>): boolean {
  return state === 'draft' || state === 'reopened';
}

export function unsentCount({ drafts, reopened }: ReviewCounts): number {
  return drafts + reopened;
}
