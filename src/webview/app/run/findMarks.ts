import type { FindState } from './runState.ts';

const all = 'kandev-found';
const current = 'kandev-found-current';

/** Marks what was found in the rows that are drawn, without touching them: with the browser's own highlights. */
export function markMatches(list: HTMLElement, find: FindState | null): void {
  CSS.highlights.delete(all);
  CSS.highlights.delete(current);
  if (!find || find.query === '') return;
  const shown = find.matches[find.current];
  const others = new Highlight();
  const here = new Highlight();
  for (const row of list.querySelectorAll<HTMLElement>('.row')) {
    const marks = row.dataset.key === shown ? here : others;
    for (const range of rangesOf(row, find.query.toLowerCase())) marks.add(range);
  }
  CSS.highlights.set(all, others);
  CSS.highlights.set(current, here);
}

function rangesOf(row: HTMLElement, wanted: string): Range[] {
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.nodeValue?.toLowerCase() ?? '';
    for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, Math.min(at + wanted.length, node.nodeValue?.length ?? 0));
      ranges.push(range);
    }
  }
  return ranges;
}
