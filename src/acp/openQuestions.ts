interface OpenQuestion {
  turn: number;
  controller: AbortController;
}

/** The questions of an agent that wait for the user, so that they can be closed with the turn that asked them. */
export class OpenQuestions {
  readonly #open = new Set<OpenQuestion>();

  get size(): number {
    return this.#open.size;
  }

  /**
   * Asks, and gives `closed` as the answer as soon as the question is closed, here or by the agent's own signal.
   * @throws what `ask` throws
   */
  async ask<T>(
    turn: number,
    requestSignal: AbortSignal,
    closed: T,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (requestSignal.aborted) return closed;
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, requestSignal]);
    const question: OpenQuestion = { turn, controller };
    this.#open.add(question);
    const aborted = new Promise<T>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(closed);
      });
    });
    try {
      return await Promise.race([ask(signal), aborted]);
    } finally {
      this.#open.delete(question);
    }
  }

  /** Closes those of one turn, or all. */
  close(turn?: number): void {
    for (const question of [...this.#open]) {
      if (turn === undefined || question.turn === turn) question.controller.abort();
    }
  }
}
