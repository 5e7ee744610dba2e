import type { LineChange } from './lineTracking.ts';

/** A place between characters, counted from 0. */
interface Position {
  line: number;
  character: number;
}

/** What is to be put in place of what, in a text. */
export interface HunkEdit {
  start: Position;
  end: Position;
  text: string;
}

/** The changes that lines of the new text are of; a deletion belongs to the lines beside it. */
export function changesAt(
  changes: readonly LineChange[],
  { first, last }: { first: number; last: number },
): LineChange[] {
  return changes.filter(({ newStart, newCount }) =>
    newCount === 0
      ? first <= newStart && newStart - 1 <= last
      : first < newStart + newCount && newStart <= last,
  );
}

/**
 * Puts the old lines back in place of a change.
 * @param before all lines of the old text
 * @param after all lines of the new text, which the edit is for
 */
export function revertEdit(
  { oldStart, oldCount, newStart, newCount }: LineChange,
  { before, after, eol }: { before: readonly string[]; after: readonly string[]; eol: string },
): HunkEdit {
  const old = before.slice(oldStart, oldStart + oldCount);
  const newEnd = newStart + newCount;
  if (newEnd < after.length) {
    const text = old.map((line) => `${line}${eol}`).join('');
    return { start: { line: newStart, character: 0 }, end: { line: newEnd, character: 0 }, text };
  }
  // The last line has no line end of its own: that before it comes and goes with it.
  const end = { line: after.length - 1, character: after.at(-1)?.length ?? 0 };
  if (newStart === 0) return { start: { line: 0, character: 0 }, end, text: old.join(eol) };
  const start = { line: newStart - 1, character: after[newStart - 1]?.length ?? 0 };
  return { start, end, text: old.map((line) => `${eol}${line}`).join('') };
}

/**
 * The old text with some of the changes made, and none of the others. Both texts keep their line ends; one that the last
 * line lacks is added where something follows it.
 * @param chosen of the changes that lead from one to the other, in their order
 */
export function takeChanges(before: string, after: string, chosen: readonly LineChange[]): string {
  const old = linesWithEnds(before);
  const fresh = linesWithEnds(after);
  const taken: string[] = [];
  let at = 0;
  for (const { oldStart, oldCount, newStart, newCount } of chosen) {
    taken.push(...old.slice(at, oldStart), ...fresh.slice(newStart, newStart + newCount));
    at = oldStart + oldCount;
  }
  taken.push(...old.slice(at));
  const eol = /\r\n|\r|\n/.exec(before)?.[0] ?? /\r\n|\r|\n/.exec(after)?.[0] ?? '\n';
  const last = taken.length - 1;
  return taken
    .map((line, index) => {
      const text = line.replace(/(\r\n|\r|\n)$/, '');
      if (index === last) return text;
      return text === line ? `${line}${eol}` : line;
    })
    .join('');
}

/** As many as `linesOf` finds: after a last line end there is an empty line. */
function linesWithEnds(text: string): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) {
    lines.push(text.slice(at, index + end.length));
    at = index + end.length;
  }
  return [...lines, text.slice(at)];
}
