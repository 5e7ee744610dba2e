/** How often running times are drawn anew, in milliseconds. */
const tick = 1000;

/** The extension's time of day, ticking once a second for whoever shows it and standing still for nobody. */
export class Clock {
  #offset = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  readonly #listeners = new Set<() => void>();

  /** `hostNow` is the extension's clock, in milliseconds since the epoch. */
  synchronize(hostNow: number): void {
    this.#offset = hostNow - Date.now();
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      for (const each of this.#listeners) each();
    }, tick);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }
}
