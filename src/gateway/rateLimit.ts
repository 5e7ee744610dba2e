/** Room for a burst: what may be asked in this time at once. */
const burstSeconds = 10;

interface Bucket {
  left: number;
  at: number;
}

/** How much each caller may ask: a bucket of requests that fills evenly. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #size: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now in milliseconds, and never going back */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perSecond = perMinute / 60;
    this.#size = Math.max(1, Math.ceil(this.#perSecond * burstSeconds));
    this.#now = now;
  }

  /** Null when a caller may go on, else the seconds until they may. */
  take(caller: string): number | null {
    const now = this.#now();
    const { left, at } = this.#buckets.get(caller) ?? { left: this.#size, at: now };
    const filled = Math.min(this.#size, left + ((now - at) / 1000) * this.#perSecond);
    const allowed = filled >= 1;
    this.#buckets.set(caller, { left: allowed ? filled - 1 : filled, at: now });
    return allowed ? null : Math.ceil((1 - filled) / this.#perSecond);
  }
}
