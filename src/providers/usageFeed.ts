import type { Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';
import { isLive } from '../model/run.ts';
import type { RunUsage } from '../model/runUsage.ts';
import { cardsOf, type BoardState } from './boardState.ts';

/** Between an answer and the next question, in milliseconds. */
const askEvery = 2_000;
/** The same while something was not measured yet, so that it shows soon. */
const askAgain = 500;

/** What the live runs use. Somebody who looks is told again and again until they look away. */
export interface UsageSource {
  look(listener: (usage: readonly RunUsage[]) => void): Disposable;
}

/**
 * Asks what live runs use as long as somebody looks and there is one with a container: nothing is measured for nobody.
 * One question at a time, for all who look.
 */
export class UsageFeed implements UsageSource, Disposable {
  readonly #kandev: Pick<Kandev, 'query'>;
  readonly #state: BoardState;
  readonly #lookers = new Set<(usage: readonly RunUsage[]) => void>();
  readonly #subscription: Disposable;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  #told: readonly RunUsage[] = [];

  constructor(kandev: Pick<Kandev, 'query'>, state: BoardState) {
    this.#kandev = kandev;
    this.#state = state;
    this.#subscription = state.onDidChange(() => {
      this.#wake();
    });
  }

  look(listener: (usage: readonly RunUsage[]) => void): Disposable {
    this.#lookers.add(listener);
    // What was told last may be old when nobody has looked since.
    if (this.#lookers.size > 1) listener(this.#told);
    this.#wake();
    return {
      dispose: () => {
        this.#lookers.delete(listener);
        if (this.#lookers.size === 0) this.#rest();
      },
    };
  }

  /** What one card's run uses, as soon as it was measured; null when that takes too long, or nobody waits any more. */
  async once(taskId: string, signal: AbortSignal): Promise<RunUsage | null> {
    const { promise, resolve } = Promise.withResolvers<RunUsage | null>();
    const looking = this.look((usage) => {
      const own = usage.find((each) => each.taskId === taskId);
      if (own) resolve(own);
    });
    const giveUp = (): void => {
      resolve(null);
    };
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
      looking.dispose();
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#lookers.clear();
    this.#rest();
  }

  #running(): number {
    return cardsOf(this.#state).filter(({ run }) => run && isLive(run.state) && run.containerId !== null)
      .length;
  }

  #wake(): void {
    if (this.#lookers.size === 0 || this.#asking) return;
    if (this.#running() === 0) {
      if (this.#told.length > 0) this.#tell([]);
      this.#rest();
    } else if (!this.#timer) void this.#ask();
  }

  #rest(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#told = [];
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    // An engine that does not answer is told of elsewhere; here nothing is known then.
    const usage = await this.#kandev.query('usage', {}).catch((): RunUsage[] => []);
    this.#asking = false;
    if (this.#lookers.size === 0) return;
    const running = this.#running();
    this.#tell(running === 0 ? [] : usage);
    if (running === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#wake();
      },
      usage.length < running ? askAgain : askEvery,
    );
  }

  #tell(usage: readonly RunUsage[]): void {
    this.#told = usage;
    for (const listener of [...this.#lookers]) listener(usage);
  }
}
