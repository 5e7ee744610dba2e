import type { AcpError } from './errors.ts';
import type { TurnResult } from './types.ts';

/** One prompt and what the agent does about it. It ends once, by whatever comes first. */
export class Turn {
  readonly number: number;
  /** Settles with the turn. */
  readonly result: Promise<TurnResult>;
  hadOutput = false;
  /** The client has cancelled it; that, and not what the agent then answers, is why it ended. */
  cancelled = false;
  #open = true;
  #resolve: (result: TurnResult) => void = () => undefined;
  #reject: (error: AcpError) => void = () => undefined;

  constructor(number: number) {
    this.number = number;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** False if it is still open after so long; without a limit it is waited for. */
  async endsWithin(limitMs: number | undefined): Promise<boolean> {
    const ended = this.result.then(
      () => true,
      () => true,
    );
    if (limitMs === undefined) return ended;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, limitMs);
    });
    try {
      return await Promise.race([ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param tokens what it took; null where the agent has not told */
  end(stopReason: string, tokens: number | null = null): void {
    this.#open = false;
    this.#resolve({
      stopReason: this.cancelled ? 'cancelled' : stopReason,
      hadOutput: this.hadOutput,
      ...(tokens === null ? {} : { tokens }),
    });
  }

  /** An agent may answer a cancelled prompt with any error; only the loss of the connection still counts. */
  fail(error: AcpError): void {
    const lost = error.reason === 'closed' || error.reason === 'line-too-long';
    if (this.cancelled && !lost) {
      this.end('cancelled');
      return;
    }
    this.#open = false;
    this.#reject(error);
  }
}
