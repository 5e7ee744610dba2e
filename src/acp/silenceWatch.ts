/** Tells when an agent at work has given no sign of life for too long. Costs a number a sign, not a timer. */
export class SilenceWatch {
  readonly #limitMs: number;
  readonly #isWaitedFor: () => boolean;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout;
  #lastSign = performance.now();

  /** While `isWaitedFor`, it is the agent that waits, for an answer, and silence is as it should be. */
  constructor(limitMs: number, isWaitedFor: () => boolean, onSilence: () => void) {
    this.#limitMs = limitMs;
    this.#isWaitedFor = isWaitedFor;
    this.#onSilence = onSilence;
    this.#timer = setTimeout(this.#check, limitMs);
  }

  sign(): void {
    this.#lastSign = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #check = (): void => {
    if (this.#isWaitedFor()) this.sign();
    const leftMs = this.#lastSign + this.#limitMs - performance.now();
    if (leftMs <= 0) this.#onSilence();
    else this.#timer = setTimeout(this.#check, leftMs);
  };
}
