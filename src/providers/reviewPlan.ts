import type { FileChange } from '../api/resultContract.ts';

/**
 * VS Code's editor for many files opens all of them at once, two documents each, and compares them when they come into
 * view: beyond this it would be slow or hang.
 */
export const reviewLimits = { files: 250, bytes: 30 * 1024 ** 2, fileBytes: 5 * 1024 ** 2 };

/** How one side of a file is shown. */
export type ReviewSide =
  /** Its text, as a checkpoint has it. */
  | 'text'
  /** The file on the disk, which can be edited. */
  | 'live'
  /** The path that a link points to. */
  | 'link'
  /** A sentence in its place: it is not text, or too large. */
  | 'not-text'
  | 'too-large';

export interface ReviewFile {
  change: FileChange;
  /** Null where there was no such file. */
  before: ReviewSide | null;
  after: ReviewSide | null;
}

/** @param isLive whether the files on the disk are what came out of it */
export function reviewFile(change: FileChange, isLive: boolean): ReviewFile {
  const shown = howShown(change);
  const after = shown === 'text' && isLive ? 'live' : shown;
  return {
    change,
    before: change.kind === 'added' ? null : shown,
    after: change.kind === 'deleted' ? null : after,
  };
}

function howShown({ isLink, added, bytes }: FileChange): ReviewSide {
  if (isLink) return 'link';
  if (added === null) return 'not-text';
  return (bytes ?? 0) > reviewLimits.fileBytes ? 'too-large' : 'text';
}

/** Divides what has changed, in its order, into parts that VS Code can show at once. */
export function reviewParts(files: readonly FileChange[]): FileChange[][] {
  const parts: FileChange[][] = [];
  let part: FileChange[] = [];
  let bytes = 0;
  for (const file of files) {
    // What is too large is shown as a sentence.
    const size = howShown(file) === 'text' ? (file.bytes ?? 0) : 0;
    if (part.length > 0 && (part.length === reviewLimits.files || bytes + size > reviewLimits.bytes)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(file);
    bytes += size;
  }
  return part.length > 0 ? [...parts, part] : parts;
}
