/** Lets one thing at a time be done to each of several things. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<unknown>>();
  /** What waits for all of them, and what all others wait for. */
  #alone: Promise<unknown> = Promise.resolve();

  /**
   * Runs `work` when all that was asked for before, under any of these keys, has ended, however that went. Not to be
   * asked for again from within `work`.
   */
  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const mine = Promise.allSettled([...keys.map((key) => this.#last.get(key)), this.#alone]).then(work);
    for (const key of keys) this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      for (const key of keys) if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }

  /** Runs `work` while nothing else runs, under any key. */
  async runAlone<T>(work: () => Promise<T>): Promise<T> {
    const mine = Promise.allSettled([...this.#last.values(), this.#alone]).then(work);
    this.#alone = mine;
    return mine;
  }
}
