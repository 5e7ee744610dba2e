import { UserError } from '../model/failure.ts';

/** Work that whoever asked for it can call off by a name. */
export class Operations {
  readonly #running = new Map<string, AbortController>();

  /** @throws UserError `cancelled` when it was called off */
  async run<T>(name: string | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    if (name !== undefined) this.#running.set(name, controller);
    try {
      return await work(controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      throw new UserError({ reason: 'cancelled', message: 'It was called off.' }, { cause: error });
    } finally {
      if (name !== undefined) this.#running.delete(name);
    }
  }

  cancel(name: string): void {
    this.#running.get(name)?.abort();
  }
}
