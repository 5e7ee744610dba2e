import type { Kandev } from '../api/contract.ts';
import type { EngineStatus } from '../model/engine.ts';
import type { Disposable } from '../model/events.ts';
import type { LiveBoardState } from './boardState.ts';

/** While the engine does not answer it is asked again this often, so that a started Docker is noticed. */
const retryMs = 10_000;

/** Keeps the board told of the Docker engine: looked at when asked to, and again while it does not answer. */
export class EngineWatch implements Disposable {
  readonly #kandev: Kandev;
  readonly #state: LiveBoardState;
  #timer: NodeJS.Timeout | null = null;
  #disposed = false;

  constructor(kandev: Kandev, state: LiveBoardState) {
    this.#kandev = kandev;
    this.#state = state;
  }

  /** Looks in the background; what is found appears in the tree and on the board. */
  look(): void {
    void this.check().catch(() => undefined);
  }

  async check(): Promise<EngineStatus> {
    const status = await this.#kandev.execute('engine.check', {});
    await this.#state.setEngine(status);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (status.failure && !this.#disposed) {
      this.#timer = setTimeout(() => {
        this.look();
      }, retryMs);
    }
    return status;
  }

  dispose(): void {
    this.#disposed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }
}
