import { redactByForm } from './redact.ts';
import { mask, spellingsOf, type Spellings } from './secretSpellings.ts';

/** From one place in a text to another, which is no longer a part of it. */
export type Range = readonly [start: number, end: number];

/** The beginning of a secret as short as this may be anything. */
export const shortestBeginning = 4;

/**
 * The secrets that agents were given, and what takes them out of what agents say. More can be added at any time: a
 * password that git asks for is known only then.
 */
export class SecretMask {
  readonly #secrets = new Set<string>();
  #spellings: Spellings = { texts: [], wrapped: [] };

  constructor(secrets: Iterable<string> = []) {
    this.add(secrets);
  }

  add(secrets: Iterable<string>): void {
    const before = this.#secrets.size;
    for (const secret of secrets) this.#secrets.add(secret);
    if (this.#secrets.size > before) this.#spellings = spellingsOf(this.#secrets);
  }

  get isEmpty(): boolean {
    return this.#spellings.texts.length === 0;
  }

  /** Masks the secrets and nothing else: for texts that people read, where what only looks like a secret must stay. */
  mask(text: string): string {
    return withMasks(text, this.ranges(text));
  }

  /** Masks in all texts of a value. */
  maskIn<T>(value: T): T {
    if (this.isEmpty) return value;
    return this.#maskIn(value) as T;
  }

  /** Masks the secrets, and what looks like one by its name or its form: for logs. */
  redact(line: string): string {
    return redactByForm(this.mask(line));
  }

  /** Where secrets stand in a text: in order, none over another. */
  ranges(text: string): Range[] {
    const { texts, wrapped } = this.#spellings;
    const found: Range[] = [];
    for (const spelling of texts) {
      for (let at = text.indexOf(spelling); at !== -1; at = text.indexOf(spelling, at + spelling.length)) {
        found.push([at, at + spelling.length]);
      }
    }
    for (const { pieces, pattern } of wrapped) {
      if (!pieces.some((piece) => text.includes(piece))) continue;
      for (const match of text.matchAll(pattern)) found.push([match.index, match.index + match[0].length]);
    }
    return merged(found);
  }

  /** How long the end of a text is that a secret could begin with; 0 where that is too short to tell. */
  beginningAtEnd(text: string): number {
    let longest = 0;
    for (const spelling of this.#spellings.texts) {
      const head = spelling.slice(0, shortestBeginning);
      const from = Math.max(0, text.length - spelling.length + 1);
      for (let at = text.indexOf(head, from); at !== -1; at = text.indexOf(head, at + 1)) {
        if (!spelling.startsWith(text.slice(at))) continue;
        longest = Math.max(longest, text.length - at);
        break;
      }
    }
    return longest;
  }

  #maskIn(value: unknown): unknown {
    if (typeof value === 'string') return this.mask(value);
    if (Array.isArray(value)) return value.map((one) => this.#maskIn(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.mask(key), this.#maskIn(one)]));
  }
}

/** A text with its secrets masked. */
export function withMasks(text: string, ranges: readonly Range[]): string {
  if (ranges.length === 0) return text;
  let result = '';
  let from = 0;
  for (const [start, end] of ranges) {
    result += text.slice(from, start) + mask;
    from = end;
  }
  return result + text.slice(from);
}

function merged(ranges: readonly Range[]): Range[] {
  const result: [number, number][] = [];
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0] || b[1] - a[1])) {
    const last = result.at(-1);
    if (last && start < last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
