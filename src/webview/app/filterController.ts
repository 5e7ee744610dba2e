import { noFilter, type CardFilter } from '../../model/cardFilter.ts';
import type { TaskState } from '../../model/task.ts';
import type { HostClient } from './hostClient.ts';
import type { Store } from './state.ts';

/** A part of the filter that is not its text. */
export type FilterPart =
  { kind: 'label' | 'agent'; value: string } | { kind: 'state'; value: TaskState } | { kind: 'needsMe' };

function without<T>(values: readonly T[], value: T): T[] {
  return values.filter((each) => each !== value);
}

function toggled<T>(values: readonly T[], value: T): T[] {
  return values.includes(value) ? without(values, value) : [...values, value];
}

/** The parts of a filter besides its text. */
export function filterParts({ labels, agents, states, needsMe }: CardFilter): FilterPart[] {
  return [
    ...(needsMe ? [{ kind: 'needsMe' } as const] : []),
    ...states.map((value) => ({ kind: 'state', value }) as const),
    ...agents.map((value) => ({ kind: 'agent', value }) as const),
    ...labels.map((value) => ({ kind: 'label', value }) as const),
  ];
}

/** Which cards are shown. The extension keeps it, and shows the same cards in the tree. */
export class FilterController {
  readonly #store: Store;
  readonly #host: HostClient;

  constructor(store: Store, host: HostClient) {
    this.#store = store;
    this.#host = host;
  }

  setText(text: string): void {
    this.#set({ ...this.#store.state.filter, text });
  }

  /** Adds a part, or takes it out again. */
  toggle(part: FilterPart): void {
    const { filter } = this.#store.state;
    switch (part.kind) {
      case 'label':
        this.#set({ ...filter, labels: toggled(filter.labels, part.value) });
        break;
      case 'agent':
        this.#set({ ...filter, agents: toggled(filter.agents, part.value) });
        break;
      case 'state':
        this.#set({ ...filter, states: toggled(filter.states, part.value) });
        break;
      case 'needsMe':
        this.#set({ ...filter, needsMe: !filter.needsMe });
        break;
    }
  }

  clear(): void {
    this.#set(noFilter);
  }

  #set(filter: CardFilter): void {
    this.#store.update({ filter });
    this.#host.post({ type: 'setFilter', filter });
  }
}
