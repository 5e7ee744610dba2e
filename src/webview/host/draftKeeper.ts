import type { Disposable } from '../../model/events.ts';
import type { Draft, Drafts } from '../protocol.ts';
import { readDrafts } from './messages.ts';

/** Where drafts outlive the window; VS Code's `Memento` is one. */
export interface DraftStorage {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const storageKey = 'board.drafts';
/** How long typing must pause before drafts are written, in milliseconds. */
const writeDelay = 500;

/** Keeps what is typed in the board's forms until it is saved or discarded, also when the board is closed. */
export class DraftKeeper implements Disposable {
  readonly #storage: DraftStorage;
  readonly #drafts: Map<string, Draft>;
  #timer: NodeJS.Timeout | null = null;

  constructor(storage: DraftStorage) {
    this.#storage = storage;
    this.#drafts = new Map(Object.entries(readDrafts(storage.get(storageKey))));
  }

  all(): Drafts {
    return Object.fromEntries(this.#drafts);
  }

  save(key: string, draft: Draft | null): void {
    if (draft) this.#drafts.set(key, draft);
    else this.#drafts.delete(key);
    this.#timer ??= setTimeout(() => {
      this.#write();
    }, writeDelay);
  }

  dispose(): void {
    if (this.#timer) this.#write();
  }

  #write(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    void this.#storage.update(storageKey, this.all());
  }
}
