import type { Disposable, KandevEvent } from '../model/events.ts';
import type {
  CommandInput,
  CommandName,
  CommandResults,
  Kandev,
  QueryInput,
  QueryName,
  QueryResults,
} from './contract.ts';

/** A Kandev that is still being opened: what is asked of it waits until it is there, and fails if it cannot be. */
export class DeferredKandev implements Kandev {
  readonly #opening: Promise<Kandev>;

  constructor(opening: Promise<Kandev>) {
    this.#opening = opening;
    // Whoever asks hears of a failure; nobody having asked yet is no unhandled rejection.
    opening.catch(() => undefined);
  }

  async execute<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandResults[C]> {
    return (await this.#opening).execute(command, input);
  }

  async query<Q extends QueryName>(query: Q, input: QueryInput<Q>): Promise<QueryResults[Q]> {
    return (await this.#opening).query(query, input);
  }

  subscribe(pattern: string, listener: (event: KandevEvent) => void): Disposable {
    let subscription: Disposable | null = null;
    let disposed = false;
    this.#opening.then(
      (kandev) => {
        if (!disposed) subscription = kandev.subscribe(pattern, listener);
      },
      () => undefined,
    );
    return {
      dispose: () => {
        disposed = true;
        subscription?.dispose();
      },
    };
  }
}
