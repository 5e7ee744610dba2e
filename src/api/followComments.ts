import { findQuote, trackRange, type LineChange } from '../model/lineTracking.ts';
import type { ReviewComment } from '../model/review.ts';
import type { Run } from '../model/run.ts';
import type { ReviewPatch } from '../store/reviewStore.ts';

type Update = { id: string } & ReviewPatch;

/**
 * Where a comment is after a change of its file.
 * @param changes null when the texts have too little in common to tell
 * @param lines of the new text
 */
export function followComment(
  comment: ReviewComment,
  changes: readonly LineChange[] | null,
  lines: readonly string[],
): Pick<ReviewComment, 'lines' | 'place' | 'isTouched'> {
  const { range, isTouched } = changes ? trackRange(comment.place, changes) : found(comment, lines);
  return {
    place: range,
    lines: comment.side === 'after' ? shownAt(range, lines.length) : comment.lines,
    // What somebody else did before the agent had it is no answer to it.
    isTouched: comment.isTouched || (comment.given !== null && isTouched),
  };
}

function found({ quote, place }: ReviewComment, lines: readonly string[]) {
  const range = findQuote(quote, place.start, lines);
  return range
    ? { range, isTouched: false }
    : {
        range: { start: Math.min(place.start, lines.length), end: Math.min(place.end, lines.length) },
        isTouched: true,
      };
}

/** A comment whose lines are gone is shown at the line that is there now. */
function shownAt({ start, end }: ReviewComment['place'], count: number): ReviewComment['lines'] {
  const last = Math.max(0, count - 1);
  const first = Math.min(start, last);
  return { start: first, end: Math.max(first + 1, Math.min(end, count)) };
}

/** Those that were sent with a message that is neither waiting nor with the agent: they can be sent again. */
export function withdrawn(comments: readonly ReviewComment[], waiting: ReadonlySet<string>): Update[] {
  return comments
    .filter(
      ({ state, given, promptId }) => state === 'sent' && given === null && !waiting.has(promptId ?? ''),
    )
    .map(({ id }) => ({ id, state: 'draft', promptId: null }));
}

/** What has become of those that the agent was given, now that a turn of this run is over. */
export function judged(comments: readonly ReviewComment[], run: Pick<Run, 'id' | 'turns'>): Update[] {
  return comments
    .filter(
      ({ state, given }) =>
        state === 'sent' && given !== null && (given.runId !== run.id || given.turn <= run.turns),
    )
    .map(({ id, isTouched }) => ({
      id,
      state: isTouched ? 'resolved' : 'reopened',
      promptId: null,
      given: null,
    }));
}
