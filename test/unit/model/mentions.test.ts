import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mentionOf, mentionsIn } from '../../../src/model/mentions.ts';

describe('mentions', () => {
  it('are paths after an @ at the beginning of a word, without what ends a sentence', () => {
    const text = 'See @src/a.ts, (@README.md) and @"a b/c.txt". Mail ann@example.org; @src/a.ts again!';
    expect(mentionsIn(text)).toEqual(['src/a.ts', 'README.md', 'a b/c.txt']);
  });

  it('are found again as they were written, whatever the path', () => {
    const path = fc.string({ unit: 'grapheme', minLength: 1 }).filter((each) => !/["\n]/.test(each));
    fc.assert(
      fc.property(
        path,
        fc.constantFrom('', 'See ', '('),
        fc.constantFrom('', ' now', '\n'),
        (each, before, after) => {
          expect(mentionsIn(`${before}${mentionOf(each)}${after}`)).toEqual([each]);
        },
      ),
    );
  });
});
