import { textOf } from './rows.ts';
import type { RunViewStore } from './runState.ts';

/** Finds text in the transcript, also in what is not drawn and in what was not read yet. */
export class Finder {
  readonly #store: RunViewStore;
  readonly #loadOlder: () => Promise<void>;
  #round = 0;

  /** `loadOlder` reads the part before what is known. */
  constructor(store: RunViewStore, loadOlder: () => Promise<void>) {
    this.#store = store;
    this.#loadOlder = loadOlder;
  }

  open(): void {
    if (!this.#store.state.find) {
      this.#store.update({ find: { query: '', matches: [], current: -1, searching: false } });
    }
  }

  close(): void {
    this.#round += 1;
    this.#store.update({ find: null });
  }

  /** Looks for another text, from the end of the transcript; older parts follow as they are read. */
  async search(query: string): Promise<void> {
    const { find } = this.#store.state;
    if (!find) return;
    this.#round += 1;
    const round = this.#round;
    const matches = this.#matchesOf(query);
    this.#store.update({
      find: {
        query,
        matches,
        current: matches.length - 1,
        searching: query !== '' && this.#store.state.hasOlder,
      },
    });
    while (query !== '' && this.#store.state.hasOlder && round === this.#round) {
      const known = this.#store.state.rows.length;
      await this.#loadOlder();
      // What cannot be read is told of, and not asked for again and again.
      if (this.#store.state.rows.length === known) break;
    }
    const now = this.#store.state.find;
    if (now && round === this.#round) this.#store.update({ find: { ...now, searching: false } });
  }

  /** Goes to the next match, or the one before; from the last to the first. */
  step(by: 1 | -1): void {
    const { find } = this.#store.state;
    if (!find || find.matches.length === 0) return;
    const count = find.matches.length;
    this.#store.update({ find: { ...find, current: (find.current + by + count) % count } });
  }

  /** The rows have changed: the match that is shown stays. */
  refresh(): void {
    const { find } = this.#store.state;
    if (!find || find.query === '') return;
    const matches = this.#matchesOf(find.query);
    const shown = find.matches[find.current];
    const kept = shown === undefined ? -1 : matches.indexOf(shown);
    const current = kept === -1 ? matches.length - 1 : kept;
    this.#store.update({ find: { ...find, matches, current } });
  }

  #matchesOf(query: string): string[] {
    if (query === '') return [];
    const wanted = query.toLowerCase();
    return this.#store.state.rows.flatMap((row) =>
      textOf(row).toLowerCase().includes(wanted) ? [row.key] : [],
    );
  }
}
