import * as v from 'valibot';
import { isFiltering, noFilter, type CardFilter } from '../model/cardFilter.ts';
import type { Disposable } from '../model/events.ts';
import { taskStates } from '../model/task.ts';
import { boardsOf, shownBoard, type BoardState } from './boardState.ts';
import { Listeners } from './listeners.ts';

/** Where the filter outlives the window; VS Code's `Memento` is one. */
export interface FilterStorage {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const names = (length: number) => v.pipe(v.array(v.pipe(v.string(), v.maxLength(length))), v.maxLength(1000));

export const filterSchema: v.GenericSchema<unknown, CardFilter> = v.object({
  text: v.pipe(v.string(), v.maxLength(10_000)),
  labels: names(50),
  agents: names(100),
  states: v.array(v.picklist(taskStates)),
  needsMe: v.boolean(),
});

const storageKey = 'board.filters';
/** How long typing must pause before the filters are written, in milliseconds. */
const writeDelay = 500;

/** Which cards are shown: for each board one filter for the tree and the page, kept over a reload of the window. */
export class SharedFilter implements Disposable {
  readonly #storage: FilterStorage;
  readonly #state: BoardState;
  readonly #listeners = new Listeners<CardFilter>();
  readonly #following: Disposable;
  readonly #filters: Map<string, CardFilter>;
  /** What listeners know of. */
  #told: CardFilter;
  #timer: NodeJS.Timeout | null = null;

  constructor(storage: FilterStorage, state: BoardState) {
    this.#storage = storage;
    this.#state = state;
    this.#filters = new Map(storedFilters(storage.get(storageKey)));
    this.#told = this.current;
    // Another board has another filter.
    this.#following = state.onDidChange(() => {
      if (this.current !== this.#told) this.#tell();
    });
  }

  /** Of the board that this window shows. */
  get current(): CardFilter {
    const shown = shownBoard(this.#state);
    return (shown && this.#filters.get(shown.id)) ?? noFilter;
  }

  set(filter: CardFilter): void {
    const shown = shownBoard(this.#state);
    if (!shown) return;
    this.#filters.set(shown.id, filter);
    this.#timer ??= setTimeout(() => {
      this.#write();
    }, writeDelay);
    this.#tell();
  }

  onDidChange(listener: (filter: CardFilter) => void): Disposable {
    return this.#listeners.add(listener);
  }

  dispose(): void {
    this.#following.dispose();
    if (this.#timer) this.#write();
  }

  #tell(): void {
    this.#told = this.current;
    this.#listeners.fire(this.#told);
  }

  #write(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const boards = new Set(boardsOf(this.#state).map(({ id }) => id));
    // A window that is being closed knows of no boards any more.
    const isThere = (id: string): boolean => boards.size === 0 || boards.has(id);
    const kept = [...this.#filters].filter(([id, filter]) => isThere(id) && isFiltering(filter));
    void this.#storage.update(storageKey, Object.fromEntries(kept));
  }
}

/** What an older version left behind in another form is dropped. */
function storedFilters(stored: unknown): [string, CardFilter][] {
  const entries = v.safeParse(v.record(v.string(), v.unknown()), stored);
  if (!entries.success) return [];
  return Object.entries(entries.output).flatMap(([boardId, value]): [string, CardFilter][] => {
    const filter = v.safeParse(filterSchema, value);
    return filter.success ? [[boardId, filter.output]] : [];
  });
}
