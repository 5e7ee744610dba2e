import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineChanges, linesOf } from '../../../src/model/lineChanges.ts';
import { findQuote, trackRange, type LineChange } from '../../../src/model/lineTracking.ts';

/** Few different lines, so that the same ones come again. */
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '', '}'), { maxLength: 30 })
  .map((lines) => lines.join('\n'));

function changesBetween(before: string, after: string): LineChange[] {
  const changes = lineChanges(before, after);
  if (!changes) throw new Error('too different');
  return changes;
}

function track(before: string, after: string, start: number, end: number) {
  return trackRange({ start, end }, changesBetween(before, after));
}

describe('the changes between two texts', () => {
  it('make the one out of the other', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = linesOf(before);
        for (const { oldStart, oldCount, newStart, newCount } of changesBetween(before, after).reverse()) {
          lines.splice(oldStart, oldCount, ...linesOf(after).slice(newStart, newStart + newCount));
        }
        expect(lines).toEqual(linesOf(after));
      }),
    );
  });

  it('do not touch each other, and are none for line ends alone', () => {
    expect(lineChanges('a\nb\n', 'a\r\nb\r\n')).toEqual([]);
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changes = changesBetween(before, after);
        for (const [index, { oldStart }] of changes.entries()) {
          const previous = changes[index - 1];
          if (previous) expect(oldStart).toBeGreaterThan(previous.oldStart + previous.oldCount);
        }
      }),
    );
  });

  it('are not told of texts that have almost nothing in common', () => {
    const many = (name: string): string => Array.from({ length: 1000 }, (_, i) => `${name}${i}`).join('\n');
    expect(lineChanges(many('a'), many('b'))).toBeNull();
  });
});

describe('lines are followed', () => {
  it('to the same lines, when nothing has touched them', () => {
    fc.assert(
      fc.property(text, text, fc.nat(30), fc.nat(5), (before, after, from, more) => {
        const old = linesOf(before);
        const start = Math.min(from, old.length - 1);
        const end = Math.min(old.length, start + 1 + more);
        const { range, isTouched } = track(before, after, start, end);
        const now = linesOf(after);
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeLessThanOrEqual(now.length);
        if (!isTouched) expect(now.slice(range.start, range.end)).toEqual(old.slice(start, end));
      }),
    );
  });

  it('when lines come or go above', () => {
    expect(track('a\nb\nc', 'x\ny\na\nb\nc', 1, 2)).toEqual({
      range: { start: 3, end: 4 },
      isTouched: false,
    });
    expect(track('a\nb\nc\nd', 'c\nd', 3, 4)).toEqual({ range: { start: 1, end: 2 }, isTouched: false });
  });

  it('when they are changed, to what stands in their place', () => {
    expect(track('a\nb\nc', 'a\nx\ny\nc', 1, 2)).toEqual({ range: { start: 1, end: 3 }, isTouched: true });
  });

  it('when they are deleted, to where they were', () => {
    expect(track('a\nb\nc', 'a\nc', 1, 2)).toEqual({ range: { start: 1, end: 1 }, isTouched: true });
  });

  it.each([
    ['right above', 'a\nx\nb\nc', { start: 2, end: 3 }],
    ['right below', 'a\nb\nx\nc', { start: 1, end: 2 }],
  ])('and new lines %s them count as an answer', (_, after, range) => {
    expect(track('a\nb\nc', after, 1, 2)).toEqual({ range, isTouched: true });
  });

  it('and a change of the next line is none of them', () => {
    expect(track('a\nb\nc', 'a\nb\nx', 1, 2).isTouched).toBe(false);
    expect(track('a\nb\nc', 'x\nb\nc', 1, 2).isTouched).toBe(false);
  });

  it('from between two lines, where what was meant had been deleted', () => {
    expect(track('a\nc', 'a\nb\nc', 1, 1).isTouched).toBe(true);
    expect(track('a\nc\nd', 'a\nc\nx', 1, 1).isTouched).toBe(false);
  });
});

describe('lines that nothing is known of any more are found', () => {
  it('by their text, the nearest first', () => {
    expect(findQuote('b', 4, ['b', 'a', 'a', 'b', 'a'])).toEqual({ start: 3, end: 4 });
    expect(findQuote('a\nb', 0, ['x', 'a', 'b'])).toEqual({ start: 1, end: 3 });
  });

  it('or not at all', () => {
    expect(findQuote('b', 0, ['a'])).toBeNull();
  });
});
