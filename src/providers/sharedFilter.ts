import * as v from 'valibot';
import { noFilter, type CardFilter } from '../model/cardFilter.ts';
import type { Disposable } from '../model/events.ts';
import { taskStates } from '../model/task.ts';
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

const storageKey = 'board.filter';
/** How long typing must pause before the filter is written, in milliseconds. */
const writeDelay = 500;

/** Which cards are shown: one filter for the tree and the boards, kept over a reload of the window. */
export class SharedFilter implements Disposable {
  readonly #storage: FilterStorage;
  readonly #listeners = new Listeners<CardFilter>();
  #current: CardFilter;
  #timer: NodeJS.Timeout | null = null;

  constructor(storage: FilterStorage) {
    this.#storage = storage;
    const stored = v.safeParse(filterSchema, storage.get(storageKey));
    this.#current = stored.success ? stored.output : noFilter;
  }

  get current(): CardFilter {
    return this.#current;
  }

  set(filter: CardFilter): void {
    this.#current = filter;
    this.#timer ??= setTimeout(() => {
      this.#write();
    }, writeDelay);
    this.#listeners.fire(filter);
  }

  onDidChange(listener: (filter: CardFilter) => void): Disposable {
    return this.#listeners.add(listener);
  }

  dispose(): void {
    if (this.#timer) this.#write();
  }

  #write(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    void this.#storage.update(storageKey, this.#current);
  }
}
