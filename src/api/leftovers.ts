import type { Leftover } from '../model/leftover.ts';
import type { Agents } from '../orchestrator/runInterfaces.ts';
import type { Store } from '../store/store.ts';

export interface LeftoverServices {
  store: Store;
  agents: Pick<Agents, 'findOrphans' | 'removeOrphans'>;
}

/** What is left on the engine that belongs to no card of this board, to no other board, and to nobody else. */
export class Leftovers {
  readonly #services: LeftoverServices;

  constructor(services: LeftoverServices) {
    this.#services = services;
  }

  /** @throws UserError when the engine does not answer */
  find(): Promise<Leftover[]> {
    return this.#services.agents.findOrphans(this.#isKnown);
  }

  /**
   * Removes those of these runs, as far as they still belong to nobody.
   * @returns the ids of the runs of which nothing is left
   * @throws UserError when the engine does not answer or is stuck
   */
  remove(runIds: readonly string[]): Promise<string[]> {
    return this.#services.agents.removeOrphans(this.#isKnown, runIds);
  }

  readonly #isKnown = async (runId: string): Promise<boolean> =>
    (await this.#services.store.query('run', { runId })) !== null;
}
