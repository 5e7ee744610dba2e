import { diffArrays } from 'diff';
import type { LineChange } from './lineTracking.ts';

/** Beyond so many lines that are new or gone two texts are called different, and no more: telling takes the square. */
const maxEdits = 1000;

/** The lines of a text without their ends, whichever those are. */
export function linesOf(text: string): string[] {
  return text.split(/\r\n|\r|\n/);
}

/** What differs between two texts, line by line; null when that is too much to be told. */
export function lineChanges(before: string, after: string): LineChange[] | null {
  if (before === after) return [];
  const pieces = diffArrays(linesOf(before), linesOf(after), { maxEditLength: maxEdits });
  if (!pieces) return null;
  const changes: LineChange[] = [];
  let [oldAt, newAt] = [0, 0];
  let open: LineChange | null = null;
  for (const { added, removed, count } of pieces) {
    if (!added && !removed) open = null;
    else if (!open) changes.push((open = { oldStart: oldAt, oldCount: 0, newStart: newAt, newCount: 0 }));
    if (open && removed) open.oldCount += count;
    if (open && added) open.newCount += count;
    if (!added) oldAt += count;
    if (!removed) newAt += count;
  }
  return changes;
}
