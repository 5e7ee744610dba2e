import { commands } from 'vscode';
import type { BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';

/** Something that waits for the user. */
export interface Prompt {
  id: string;
  /** The card that it is about. */
  taskId: string;
  /** Shows the notification; resolves once the user has chosen or closed it, with what is to be done then. */
  notify(): Promise<() => Promise<unknown>>;
}

/**
 * Asks with notifications as soon as agents do, one at a time: the others wait their turn, and all of them also stand
 * in the tree, on the board and in the status bar.
 */
export class PromptQueue {
  readonly #open: () => readonly Prompt[];
  readonly #isWatched: (taskId: string) => boolean;
  readonly #disposables = new DisposableStore();
  /** Everything that a notification was shown for: it is never shown twice by itself. */
  readonly #shown = new Set<string>();
  #current: string | null = null;

  /**
   * @param open gives all that waits now, in the order in which it is to be asked
   * @param isWatched whether the user has a card before them that asks by itself, and needs no notification for it
   */
  constructor(state: BoardState, open: () => readonly Prompt[], isWatched: (taskId: string) => boolean) {
    this.#open = open;
    this.#isWatched = isWatched;
    this.#disposables.add(
      state.onDidChange(() => {
        this.#next();
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** To be called when the user looks at something else. */
  look(): void {
    this.#next();
  }

  #next(): void {
    const open = this.#open();
    const openIds = new Set(open.map(({ id }) => id));
    for (const id of this.#shown) if (!openIds.has(id)) this.#shown.delete(id);
    if (this.#current !== null && !openIds.has(this.#current)) {
      // Answered elsewhere, or no longer asked: a notification cannot be closed, but it can be put out of the way.
      this.#current = null;
      void commands.executeCommand('notifications.hideToasts');
    }
    if (this.#current !== null) return;
    const prompt = open.find(({ id, taskId }) => !this.#shown.has(id) && !this.#isWatched(taskId));
    if (prompt) void this.#show(prompt);
  }

  async #show(prompt: Prompt): Promise<void> {
    this.#current = prompt.id;
    this.#shown.add(prompt.id);
    const react = await prompt.notify();
    const live = this.#isCurrent(prompt);
    if (live) this.#current = null;
    await react();
    if (live) this.#next();
  }

  #isCurrent({ id }: Prompt): boolean {
    return this.#current === id;
  }
}
