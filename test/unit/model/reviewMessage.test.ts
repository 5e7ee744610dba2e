import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import { describe, expect, it } from 'vitest';
import { composeReview } from '../../../src/model/reviewMessage.ts';

const comment = (more: Partial<Parameters<typeof composeReview>[0][number]> = {}) => ({
  path: 'src/app.ts',
  side: 'after' as const,
  lines: { start: 2, end: 3 },
  quote: 'const a = 1;',
  text: 'Give it a name that says what it is.',
  state: 'draft' as const,
  ...more,
});

describe('a review as a message', () => {
  it('has file, lines, code and comment', () => {
    expect(composeReview([comment()])).toBe(
      [
        'I have looked at your changes and have one comment. Please address it.',
        '',
        '1. `src/app.ts`, line 3:',
        '',
        '```ts',
        'const a = 1;',
        '```',
        '',
        'Give it a name that says what it is.',
        '',
        'Where you think that a comment is wrong, leave the code as it is and say why.',
      ].join('\n'),
    );
  });

  it('goes by file and line, whatever was written first', () => {
    const message = composeReview([
      comment({ path: 'b.ts', text: 'third' }),
      comment({ path: 'a.ts', lines: { start: 9, end: 12 }, text: 'second' }),
      comment({ path: 'a.ts', text: 'first' }),
    ]);
    expect(message).toMatch(
      /3 comments[^]*1\. `a.ts`, line 3[^]*first[^]*2\. `a.ts`, lines 10–12[^]*3\. `b.ts`/,
    );
  });

  it('says which text is meant, and what was said before', () => {
    expect(composeReview([comment({ side: 'before' })])).toContain('as it was before your change:');
    expect(composeReview([comment({ state: 'reopened' })])).toContain('I have said this before');
  });

  it('quotes no more than can be read', () => {
    const message = composeReview([comment({ quote: 'x\n'.repeat(1000) })]);
    expect(message.split('\n').length).toBeLessThan(60);
    expect(message).toContain('…');
  });

  it('keeps code in its block, whatever is in it', () => {
    const markdown = new MarkdownIt();
    const code = fc.array(fc.constantFrom('```', '````', '~~~', 'a', '`', '    b'), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(code, (lines) => {
        const quote = lines.join('\n');
        const fences = markdown.parse(composeReview([comment({ quote, text: 'end' })]), {});
        const [fence, ...others] = fences.filter(({ type }) => type === 'fence');
        expect(others).toEqual([]);
        expect(fence?.content).toBe(`${quote}\n`);
      }),
    );
  });
});
