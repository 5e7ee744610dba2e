/** Text as a block of code that nothing in it can end. `path` gives its language. */
export function codeBlock(text: string, path: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  const language = /\.(\w{1,12})$/.exec(path)?.[1] ?? '';
  return [`${fence}${language}`, text, fence].join('\n');
}

/** Text as code within a line, backticks included. */
export function codeSpan(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1);
  const gap = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${ticks}${gap}${text}${gap}${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}
