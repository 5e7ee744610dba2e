/**
 * The lines of a text from `line` on (counted from 1; null is the first), at most `limit` of them (null is all), with
 * their line ends as they are. Past the end there are none.
 */
export function linesOf(text: string, line: number | null, limit: number | null): string {
  const start = skipLines(text, 0, (line ?? 1) - 1);
  return limit === null ? text.slice(start) : text.slice(start, skipLines(text, start, limit));
}

/** The place after so many line feeds; the end of the text, if it has fewer. */
function skipLines(text: string, from: number, count: number): number {
  let place = from;
  for (let skipped = 0; skipped < count; skipped += 1) {
    const lineFeed = text.indexOf('\n', place);
    if (lineFeed === -1) return text.length;
    place = lineFeed + 1;
  }
  return place;
}
