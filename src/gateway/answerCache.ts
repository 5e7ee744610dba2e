import { createHash } from 'node:crypto';
import type { Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';

export interface CachedAnswer {
  text: string;
  etag: string;
}

const mostKept = 100;

interface Making {
  /** How many changes there had been when it was begun. */
  since: number;
  answer: Promise<CachedAnswer>;
}

/**
 * Answers that stay the same until something happens on the board: many programs ask for the same list again and again,
 * also at the same moment. What an agent says is no part of them.
 */
export class AnswerCache implements Disposable {
  readonly #kept = new Map<string, CachedAnswer>();
  readonly #making = new Map<string, Making>();
  readonly #subscription: Disposable;
  #changes = 0;

  constructor(kandev: Pick<Kandev, 'subscribe'>) {
    this.#subscription = kandev.subscribe('>', ({ type }) => {
      if (type.startsWith('acp.message.')) return;
      this.#changes++;
      this.#kept.clear();
    });
  }

  async get(key: string, make: () => Promise<string>): Promise<CachedAnswer> {
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const underWay = this.#making.get(key);
    // It knows all that whoever asks now can know of.
    if (underWay?.since === this.#changes) return underWay.answer;
    const making = { since: this.#changes, answer: this.#make(key, make) };
    this.#making.set(key, making);
    try {
      return await making.answer;
    } finally {
      if (this.#making.get(key) === making) this.#making.delete(key);
    }
  }

  async #make(key: string, make: () => Promise<string>): Promise<CachedAnswer> {
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
