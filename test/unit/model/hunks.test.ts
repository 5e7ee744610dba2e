import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineChanges, linesOf } from '../../../src/model/lineChanges.ts';
import { changesAt, revertEdit, takeChanges, type HunkEdit } from '../../../src/model/hunks.ts';

const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 20 }).map((lines) => lines.join('\n'));

/** As an editor does it. */
function apply(to: string, { start, end, text: by }: HunkEdit): string {
  const lines = to.split('\n');
  const offset = ({ line, character }: HunkEdit['start']): number =>
    lines.slice(0, line).reduce((sum, each) => sum + each.length + 1, 0) + character;
  return to.slice(0, offset(start)) + by + to.slice(offset(end));
}

function revert(before: string, after: string, which: (index: number) => boolean): string {
  const sides = { before: linesOf(before), after: linesOf(after), eol: '\n' };
  const edits = (lineChanges(before, after) ?? [])
    .filter((_, index) => which(index))
    .map((change) => revertEdit(change, sides));
  return edits.reverse().reduce(apply, after);
}

describe('a change that is taken back', () => {
  it('leaves the old text when it was the only one, or all are', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(revert(before, after, () => true)).toBe(before);
      }),
    );
  });

  it('is gone from the changes, and the others are still there', () => {
    fc.assert(
      fc.property(text, text, fc.nat(5), (before, after, index) => {
        const changes = lineChanges(before, after) ?? [];
        fc.pre(index < changes.length);
        const rest =
          lineChanges(
            before,
            revert(before, after, (each) => each === index),
          ) ?? [];
        const size = (all: typeof changes): number =>
          all.reduce((sum, { oldCount, newCount }) => sum + oldCount + newCount, 0);
        const gone = changes[index];
        expect(size(rest)).toBeLessThanOrEqual(size(changes) - (gone ? gone.oldCount + gone.newCount : 0));
      }),
    );
  });

  it('is found at any of its lines; a deletion at the lines beside it', () => {
    const changes = lineChanges('a\nb\nc\nd', 'a\nx\ny\nc') ?? [];
    const at = (line: number): number[] =>
      changesAt(changes, { first: line, last: line }).map(({ oldStart }) => oldStart);
    expect([0, 1, 2, 3].map(at)).toEqual([[], [1], [1], [3]]);
  });
});

describe('changes that are taken', () => {
  const line = fc.constantFrom('a', 'b', 'c', '');
  const ends = fc.constantFrom('\n', '\r\n');
  const text = fc
    .tuple(fc.array(line, { maxLength: 8 }), ends, fc.boolean())
    .map(([lines, eol, closed]) => lines.join(eol) + (closed && lines.length > 0 ? eol : ''));

  it('make the new text when all are, and leave the old one when none is', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changes = lineChanges(before, after) ?? [];
        expect(linesOf(takeChanges(before, after, changes))).toEqual(linesOf(after));
        expect(takeChanges(before, after, [])).toBe(before);
      }),
    );
  });

  it('leave the others to be taken, and give the same in any order', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changes = lineChanges(before, after) ?? [];
        const some = changes.filter((_, index) => index % 2 === 0);
        const half = takeChanges(before, after, some);
        const left = lineChanges(half, after) ?? [];
        expect(linesOf(takeChanges(half, after, left))).toEqual(linesOf(after));
      }),
    );
  });

  it('keep a last line without an end apart from what follows it', () => {
    const changes = lineChanges('x', 'x\ny') ?? [];
    expect(takeChanges('x', 'x\ny', changes)).toBe('x\ny');
  });
});
