import { shortestBeginning, type Range, type SecretMask } from './secretMask.ts';
import { mask as maskText } from './secretSpellings.ts';
import { textPieceOf, type TextPiece } from './textPiece.ts';

export type Direction = 'in' | 'out';

interface WaitingLine {
  direction: Direction;
  line: string;
  /** Of the text that is looked at; null for a line that only waits its turn. */
  piece: TextPiece | null;
}

/** So much may wait for a text to go on; longer than that it does not. */
const mostLines = 64;
const mostCharacters = 256 * 1024;
const waitMs = 1000;
const tellingBeginning = 8;

/**
 * Takes the secrets out of lines of the protocol before they are kept, also those that an agent sends in pieces, a line
 * each: a line whose text ends as a secret could begin waits for the next piece, and those behind it with it.
 */
export class LineMask {
  readonly #mask: SecretMask;
  readonly #sink: (direction: Direction, line: string) => void;
  readonly #waiting: WaitingLine[] = [];
  #waitingCharacters = 0;
  /** The text that is looked at, and the end of what was let through of it. */
  #key: string | null = null;
  #before = '';
  #timer: NodeJS.Timeout | null = null;

  constructor(mask: SecretMask, sink: (direction: Direction, line: string) => void) {
    this.#mask = mask;
    this.#sink = sink;
  }

  push(direction: Direction, line: string): void {
    const piece = direction === 'in' && !this.#mask.isEmpty ? textPieceOf(line) : null;
    if (this.#waiting.length === 0) {
      if (!piece) {
        this.#sink(direction, this.#mask.redact(line));
        return;
      }
      if (piece.key !== this.#key) this.#before = '';
      this.#key = piece.key;
    }
    const goesOn = piece?.key === this.#key;
    this.#waiting.push({ direction, line, piece: goesOn ? piece : null });
    this.#waitingCharacters += line.length;
    if (goesOn) this.#look();
    else if (this.#isTooMuch()) this.flush();
  }

  /** Lets all through: nothing more comes, or not soon. */
  flush(): void {
    const text = this.#text();
    const ranges = this.#mask.ranges(text);
    const beginning = text.length - this.#mask.beginningAtEnd(text);
    if (text.length - beginning >= tellingBeginning && beginning >= (ranges.at(-1)?.[1] ?? 0)) {
      ranges.push([beginning, text.length]);
    }
    this.#release(text, ranges);
  }

  #look(): void {
    const text = this.#text();
    if (this.#mask.beginningAtEnd(text) === 0) this.#release(text, this.#mask.ranges(text));
    else if (this.#isTooMuch()) this.flush();
    else
      this.#timer ??= setTimeout(() => {
        this.flush();
      }, waitMs);
  }

  #isTooMuch(): boolean {
    return this.#waiting.length > mostLines || this.#waitingCharacters > mostCharacters;
  }

  #text(): string {
    return this.#before + this.#waiting.map(({ piece }) => piece?.text ?? '').join('');
  }

  #release(text: string, ranges: readonly Range[]): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    let start = this.#before.length;
    let isFirst = true;
    for (const { direction, line, piece } of this.#waiting.splice(0)) {
      if (!piece) {
        this.#sink(direction, this.#mask.redact(line));
        continue;
      }
      const end = start + piece.text.length;
      const masked = masksWithin(text, [start, end], ranges, isFirst);
      this.#sink(direction, this.#mask.redact(masked === piece.text ? line : piece.lineWith(masked)));
      start = end;
      isFirst = false;
    }
    this.#waitingCharacters = 0;
    // The rest of a secret may come after all.
    this.#before = text.slice(-Math.max(shortestBeginning - 1, this.#mask.beginningAtEnd(text)));
  }
}

/** A part of a text with its secrets masked; of one that is in several parts the mask stands in the first. */
function masksWithin(text: string, [from, to]: Range, ranges: readonly Range[], isFirst: boolean): string {
  let result = '';
  let at = from;
  for (const [start, end] of ranges) {
    if (end <= from || start >= to) continue;
    result += text.slice(at, Math.max(at, start));
    if (start >= from || isFirst) result += maskText;
    at = Math.min(end, to);
  }
  return result + text.slice(at, to);
}
