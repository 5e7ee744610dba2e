import { createHash } from 'node:crypto';
import type { Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';

export interface CachedAnswer {
  text: string;
  etag: string;
}

const mostKept = 100;

/** Answers that stay the same until something happens on the board: many programs ask for the same list again and again. */
export class AnswerCache implements Disposable {
  readonly #kept = new Map<string, CachedAnswer>();
  readonly #subscription: Disposable;
  #changes = 0;

  constructor(kandev: Pick<Kandev, 'subscribe'>) {
    this.#subscription = kandev.subscribe('>', () => {
      this.#changes++;
      this.#kept.clear();
    });
  }

  async get(key: string, make: () => Promise<string>): Promise<CachedAnswer> {
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const before = this.#changes;
    const text = await make();
    const answer = { text, etag: `"${createHash('sha1').update(text).digest('base64url')}"` };
    // What has happened meanwhile may be missing in it.
    if (before === this.#changes) {
      if (this.#kept.size >= mostKept) this.#kept.clear();
      this.#kept.set(key, answer);
    }
    return answer;
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
