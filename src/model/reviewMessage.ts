import { codeBlock, codeSpan } from './markdownText.ts';
import type { ReviewComment } from './review.ts';

/** So much code is quoted for one comment; the agent has the file. */
const quoteLimits = { lines: 40, characters: 4000 };

type Said = Pick<ReviewComment, 'path' | 'side' | 'lines' | 'quote' | 'text' | 'state'>;

/** All comments as one message to the agent, by file and line. In English, as all that agents are told. */
export function composeReview(comments: readonly Said[]): string {
  const sorted = [...comments].sort(
    (one, other) => compare(one.path, other.path) || one.lines.start - other.lines.start,
  );
  const intro =
    sorted.length === 1
      ? 'I have looked at your changes and have one comment. Please address it.'
      : `I have looked at your changes and have ${sorted.length} comments. Please address each of them.`;
  return [
    intro,
    ...sorted.map((comment, index) => commentText(comment, index + 1)),
    'Where you think that a comment is wrong, leave the code as it is and say why.',
  ].join('\n\n');
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function commentText({ path, side, lines, quote, text, state }: Said, number: number): string {
  const where = `${number}. ${codeSpan(path)}, ${linesText(lines)}`;
  const sides = side === 'before' ? ' of the file as it was before your change' : '';
  const again = state === 'reopened' ? ' (I have said this before, and these lines are as they were)' : '';
  return [`${where}${sides}${again}:`, quoted(quote, path), text.trim()].filter(Boolean).join('\n\n');
}

/** Lines as editors count them: from 1, the last one included. */
function linesText({ start, end }: ReviewComment['lines']): string {
  return end - start > 1 ? `lines ${start + 1}–${end}` : `line ${start + 1}`;
}

function quoted(quote: string, path: string): string {
  if (quote.trim() === '') return '';
  const lines = quote.split('\n');
  const shown = lines.slice(0, quoteLimits.lines).join('\n').slice(0, quoteLimits.characters);
  return codeBlock(shown.length < quote.length ? `${shown}\n…` : shown, path);
}
