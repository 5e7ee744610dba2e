import type { Engine } from './engine.ts';

const limitMs = 5_000;

/**
 * Stops everything in a container without ending it. Engines that cannot (rootless, without a freezer) refuse, and a
 * container that has ended has nothing to stop: then nothing is different.
 */
async function pause(engine: Engine, containerId: string): Promise<boolean> {
  return engine
    .call(
      `pausing container ${containerId}`,
      (docker, abortSignal) => docker.getContainer(containerId).pause({ abortSignal }),
      { limitMs },
    )
    .then(
      () => true,
      () => false,
    );
}

/** Lets a container go on, where it stands still; one that does not is left as it is. */
export async function resume(engine: Engine, containerId: string): Promise<void> {
  await engine
    .call(
      `resuming container ${containerId}`,
      (docker, abortSignal) => docker.getContainer(containerId).unpause({ abortSignal }),
      { limitMs },
    )
    .catch(() => undefined);
}

/** Has a container stand still as long as somebody needs that. */
export class StandStill {
  readonly #engine: Engine;
  readonly #containerId: string;
  #needed = 0;
  /** One change after the other; whether it stands still after the last one. */
  #state = Promise.resolve(false);

  constructor(engine: Engine, containerId: string) {
    this.#engine = engine;
    this.#containerId = containerId;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#needed += 1;
    if (this.#needed === 1) this.#state = this.#state.then(() => pause(this.#engine, this.#containerId));
    await this.#state;
    try {
      return await work();
    } finally {
      this.#needed -= 1;
      if (this.#needed === 0) await this.end();
    }
  }

  /** For who ends the container: one that stands still would not hear of it. */
  async end(): Promise<void> {
    this.#state = this.#state.then(async (isStill) => {
      if (isStill) await resume(this.#engine, this.#containerId);
      return false;
    });
    await this.#state;
  }
}
