import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileChange } from '../../../src/api/resultContract.ts';
import { reviewFile, reviewLimits, reviewParts } from '../../../src/providers/reviewPlan.ts';

const modified: FileChange = {
  path: 'a.txt',
  kind: 'modified',
  oldPath: null,
  added: 1,
  removed: 1,
  bytes: 100,
  modeChanged: false,
  content: 'a1',
  isLink: false,
};

const sides = (change: Partial<FileChange>, isLive = true) => {
  const { before, after } = reviewFile({ ...modified, ...change }, isLive);
  return [before, after];
};

describe('a file that is reviewed', () => {
  it('is compared with the one on the disk, so that it can be edited, or with the checkpoint', () => {
    expect(sides({})).toEqual(['text', 'live']);
    expect(sides({}, false)).toEqual(['text', 'text']);
    expect(sides({ kind: 'renamed', oldPath: 'b.txt' })).toEqual(['text', 'live']);
  });

  it('has nothing on the side where it was not', () => {
    expect(sides({ kind: 'added' })).toEqual([null, 'live']);
    expect(sides({ kind: 'deleted' })).toEqual(['text', null]);
  });

  it('is no file on the disk when it is a link, which would be followed', () => {
    expect(sides({ isLink: true })).toEqual(['link', 'link']);
  });

  it('is told of in words when it is not text, or too large', () => {
    expect(sides({ added: null, removed: null })).toEqual(['not-text', 'not-text']);
    expect(sides({ kind: 'added', added: null })).toEqual([null, 'not-text']);
    expect(sides({ bytes: reviewLimits.fileBytes + 1 })).toEqual(['too-large', 'too-large']);
    expect(sides({ bytes: reviewLimits.fileBytes })).toEqual(['text', 'live']);
  });
});

describe('the parts of a review', () => {
  it('are one of what fits into an editor', () => {
    expect(reviewParts([])).toEqual([]);
    expect(reviewParts([modified])).toEqual([[modified]]);
  });

  it('hold every file once and in order, and no more than VS Code can show', () => {
    const change = fc.record({
      bytes: fc.option(fc.integer({ min: 0, max: reviewLimits.bytes * 2 })),
      added: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 1200 }), (drawn) => {
        const files = drawn.map((each, index) => ({ ...modified, ...each, path: `${index}` }));
        const parts = reviewParts(files);
        expect(parts.flat()).toEqual(files);
        for (const part of parts) {
          const bytes = part
            .filter(({ added, bytes: size }) => added !== null && (size ?? 0) <= reviewLimits.fileBytes)
            .reduce((sum, { bytes: size }) => sum + (size ?? 0), 0);
          expect(part.length).toBeGreaterThan(0);
          expect(part.length).toBeLessThanOrEqual(reviewLimits.files);
          expect(bytes).toBeLessThanOrEqual(reviewLimits.bytes);
        }
      }),
    );
  });
});
