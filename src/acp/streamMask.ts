import { shortestBeginning, withMasks, type Range, type SecretMask } from './secretMask.ts';

/** So much of a secret's beginning is masked also where the rest of it never comes. */
const tellingBeginning = 8;

/**
 * Masks the secrets in a text that comes in pieces, also those that are cut by them: an end that a secret could begin
 * with is held back until it is clear. Of a secret that comes letter by letter the first three are let through.
 */
export class StreamMask {
  readonly #mask: SecretMask;
  /** The end of what was let through: too short to have been held back, or a beginning that nothing had followed. */
  #before = '';
  #held = '';

  constructor(mask: SecretMask) {
    this.#mask = mask;
  }

  /** Something is held back. */
  get isHolding(): boolean {
    return this.#held !== '';
  }

  /** What can be let through now. */
  push(text: string): string {
    if (this.#mask.isEmpty && this.#held === '') return text;
    const whole = this.#before + this.#held + text;
    const ranges = this.#mask.ranges(whole);
    const beginning = whole.length - this.#mask.beginningAtEnd(whole);
    // What a secret ends in cannot be held back with it.
    const until = Math.max(this.#before.length, beginning, ranges.at(-1)?.[1] ?? 0);
    return this.#release(whole, ranges, until);
  }

  /**
   * All that was held back: nothing more comes, or not soon. What the text has ended in is remembered: where a secret
   * had begun, its rest is masked when it comes after all.
   */
  flush(): string {
    const whole = this.#before + this.#held;
    const ranges = this.#mask.ranges(whole);
    const beginning = this.#mask.beginningAtEnd(whole);
    const rest = whole.length - beginning;
    if (beginning >= tellingBeginning && rest >= (ranges.at(-1)?.[1] ?? 0)) ranges.push([rest, whole.length]);
    const released = this.#release(whole, ranges, whole.length);
    this.#before = whole.slice(-Math.max(shortestBeginning - 1, beginning));
    return released;
  }

  #release(whole: string, ranges: readonly Range[], until: number): string {
    const from = this.#before.length;
    this.#held = whole.slice(until);
    this.#before = whole.slice(Math.max(0, until - shortestBeginning + 1), until);
    const inside = ranges.filter(([, end]) => end > from);
    return withMasks(
      whole.slice(from, until),
      inside.map(([start, end]) => [Math.max(0, start - from), end - from]),
    );
  }
}
