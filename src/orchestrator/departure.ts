/** How long files may be on their way before nobody waits for them any more who only wanted the agent to stop. */
const patienceMs = 1_000;

/** The removal of a container in which there are files that are nowhere else, and have to be brought back before. */
export class Departure {
  readonly #leave = new AbortController();
  readonly #long = Promise.withResolvers<undefined>();

  /** Aborted when nobody wants to wait for them: they stay where they are, with the container. */
  get left(): AbortSignal {
    return this.#leave.signal;
  }

  /** Resolves when they are on their way, and it takes long. */
  get isLong(): Promise<unknown> {
    return this.#long.promise;
  }

  leave(): void {
    this.#leave.abort();
  }

  /** They are on their way. */
  readonly begun = (): void => {
    setTimeout(() => {
      this.#long.resolve(undefined);
    }, patienceMs).unref();
  };
}
