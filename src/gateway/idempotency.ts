import { createHash } from 'node:crypto';
import { Refusal } from './problem.ts';

interface Once {
  fingerprint: string;
  answer: Promise<StoredAnswer>;
  at: number;
}

/** An answer that can be given again. */
export interface StoredAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  text: string;
}

const keptMs = 24 * 60 * 60_000;
const mostKept = 1000;
const longestKey = 200;

/**
 * Does what is asked for with an `Idempotency-Key` once: who asks again with the same key is given the same answer. It is
 * remembered for a day, as long as the gateway runs; cards and messages are made once beyond that, for their ids follow
 * from the key.
 */
export class Idempotency {
  readonly #known = new Map<string, Once>();

  /** @throws Refusal `idempotency-key-reused` when the key was used for something else */
  async once(
    request: { key: string; fingerprint: string },
    work: () => Promise<StoredAnswer>,
  ): Promise<StoredAnswer> {
    const { key, fingerprint } = request;
    this.#forget();
    const known = this.#known.get(key);
    if (known && known.fingerprint !== fingerprint) {
      throw new Refusal(422, 'idempotency-key-reused', 'This Idempotency-Key was used for another request.');
    }
    if (known) return known.answer;
    const answer = work();
    this.#known.set(key, { fingerprint, answer, at: Date.now() });
    try {
      const given = await answer;
      // What failed by no fault of the caller may be asked for again.
      if (given.status >= 500) this.#known.delete(key);
      return given;
    } catch (error) {
      this.#known.delete(key);
      throw error;
    }
  }

  #forget(): void {
    const before = Date.now() - keptMs;
    for (const [key, { at }] of this.#known) {
      if (at >= before && this.#known.size < mostKept) return;
      this.#known.delete(key);
    }
  }
}

/** @throws Refusal for a key that is too long or has odd characters */
export function checkKey(key: string): string {
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= longestKey) return key;
  throw new Refusal(400, 'invalid-input', `An Idempotency-Key has 1 to ${longestKey} plain characters.`, {
    errors: [{ field: 'header.Idempotency-Key', message: 'Not a key' }],
  });
}

export function fingerprintOf(method: string, path: string, body: string): string {
  return `${method} ${path} ${createHash('sha256').update(body).digest('base64')}`;
}
