import type { LineRange } from './review.ts';

/** Lines of an old text, from 0, that others stand in place of in the new one. */
export interface LineChange {
  oldStart: number;
  oldCount: number;
  newStart: number;
  newCount: number;
}

/** Where lines are after a change, and whether they are what they were. */
export interface TrackedRange {
  range: LineRange;
  /** Some of the lines are others, or are gone, or there are new ones within or right beside them. */
  isTouched: boolean;
}

/** Follows lines from an old text to a new one. `changes` are in the order of the text and do not touch each other. */
export function trackRange(range: LineRange, changes: readonly LineChange[]): TrackedRange {
  const start = followed(range.start, changes, 'start');
  const end = followed(range.end, changes, 'end');
  return {
    range: { start: Math.min(start, end), end: Math.max(start, end) },
    isTouched: changes.some((change) => touches(change, range)),
  };
}

function touches({ oldStart, oldCount }: LineChange, { start, end }: LineRange): boolean {
  const oldEnd = oldStart + oldCount;
  // "Say why" above a line is answered by a line above it.
  if (oldCount === 0) return start <= oldStart && oldStart <= end;
  return start === end ? oldStart <= start && start <= oldEnd : oldStart < end && start < oldEnd;
}

/** Where a border between two lines is. New lines at the borders of a range are outside of it. */
function followed(border: number, changes: readonly LineChange[], side: 'start' | 'end'): number {
  let shift = 0;
  for (const { oldStart, oldCount, newStart, newCount } of changes) {
    const oldEnd = oldStart + oldCount;
    const isPast = oldCount === 0 && side === 'end' ? oldEnd < border : oldEnd <= border;
    if (isPast) shift += newCount - oldCount;
    else if (oldStart < border) return side === 'start' ? newStart : newStart + newCount;
    else break;
  }
  return border + shift;
}

/** Where lines of the old text that nothing is known of any more most likely are: at the same text that is nearest. */
export function findQuote(quote: string, near: number, lines: readonly string[]): LineRange | null {
  const wanted = quote.split('\n');
  let best: number | null = null;
  for (let at = 0; at + wanted.length <= lines.length; at++) {
    if (best !== null && at - near > Math.abs(best - near)) break;
    const isThere = wanted.every((line, offset) => lines[at + offset] === line);
    if (isThere && (best === null || Math.abs(at - near) < Math.abs(best - near))) best = at;
  }
  return best === null ? null : { start: best, end: best + wanted.length };
}
