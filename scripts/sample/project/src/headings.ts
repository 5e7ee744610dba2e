export interface Heading {
  /** 1 to 6. */
  level: number;
  text: string;
}

/** The headings of a Markdown text that are written with #, in their order. */
export function headings(markdown: string): Heading[] {
  const found: Heading[] = [];
  let inCode = false;
  for (const line of markdown.split('\n')) {
    // FIXME: a fence of tildes (~~~) is code, too.
    if (line.startsWith('```')) inCode = !inCode;
    const match = inCode ? null : /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (match) found.push({ level: match[1]?.length ?? 1, text: match[2] ?? '' });
  }
  // TODO: headings that are underlined with === or ---.
  return found;
}
