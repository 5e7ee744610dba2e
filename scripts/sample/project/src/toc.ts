import { headings } from './headings.ts';
import { slug } from './slug.ts';

/** A nested Markdown list of links to the headings, down to `depth` levels below the topmost one. */
export function tableOfContents(markdown: string, depth = 3): string {
  const all = headings(markdown);
  const top = Math.min(...all.map(({ level }) => level));
  return all
    .filter(({ level }) => level < top + depth)
    .map(({ level, text }) => `${'  '.repeat(level - top)}- [${text}](#${slug(text)})`)
    .join('\n');
}
