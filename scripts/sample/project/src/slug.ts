/** The anchor that GitHub gives a heading. */
export function slug(heading: string): string {
  // TODO: the second heading of the same text ends in -1, the third in -2.
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}
