/** An `@` at the beginning of a word and a path after it, in quotes where it has blanks. */
const mention = /(?<=^|[\s([{<>,;])@(?:"([^"\n]+)"|([^\s@"'`<>|*?]+))/g;

/** What a message mentions with an `@`, once each, as it was typed. Whether these are files is not known here. */
export function mentionsIn(text: string): string[] {
  const found = [...text.matchAll(mention)].map(
    ([, quoted, plain]) => quoted ?? plain?.replace(/[.,:;!)\]}]+$/, '') ?? '',
  );
  return [...new Set(found)].filter((path) => path !== '');
}

/** How a path is typed after an `@`. */
export function mentionOf(path: string): string {
  return /[\s@"'`<>|*?]|[.,:;!)\]}]$/.test(path) ? `@"${path}"` : `@${path}`;
}
