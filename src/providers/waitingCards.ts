import { window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { UserWord } from '../model/cardView.ts';
import { plainMessage } from './agentText.ts';
import { cardsOf, findCard, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';

/** One thing that cards may have to wait for until the user has said what they want. */
export interface AwaitedWord {
  /** As in a card's queue; its event and its action have the same name. */
  needs: UserWord;
  /** Says that a card waits, and what for. */
  message(title: string): string;
  /** Asks for it; false when the user puts it off. */
  ask(): Promise<boolean>;
}

/** Asks for the word that cards wait for: once a card, and again only when the card has waited for it anew. */
export class WaitingCards {
  readonly #kandev: Kandev;
  readonly #state: BoardState;
  readonly #failures: FailureMessages;
  readonly #word: AwaitedWord;
  readonly #disposables = new DisposableStore();
  /** Cards whose wait the user was told of. */
  readonly #told = new Set<string>();

  constructor(kandev: Kandev, state: BoardState, failures: FailureMessages, word: AwaitedWord) {
    this.#kandev = kandev;
    this.#state = state;
    this.#failures = failures;
    this.#word = word;
    this.#disposables.add(
      kandev.subscribe(`${word.needs}.needed`, ({ data }) => {
        if ('taskId' in data) this.#needed(data.taskId);
      }),
    );
    this.#disposables.add(
      state.onDidChange(() => {
        this.#look();
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Somebody has started a card: at once where they are, in a notification in windows that they do not look at. */
  #needed(taskId: string): void {
    this.#told.add(taskId);
    if (!window.state.focused) this.#notify(taskId);
    else
      void this.#failures.guard(async () => {
        const hasAnswered = await this.#word.ask();
        if (!hasAnswered && (await this.#stillWaits(taskId))) this.#notify(taskId);
      });
  }

  /** For cards that waited already when this window came. */
  #look(): void {
    for (const { task, queue } of cardsOf(this.#state)) {
      if (queue?.needs !== this.#word.needs) this.#told.delete(task.id);
      else if (!this.#told.has(task.id)) {
        this.#told.add(task.id);
        this.#notify(task.id);
      }
    }
  }

  async #stillWaits(taskId: string): Promise<boolean> {
    const { cards } = await this.#kandev.query('cards', { taskIds: [taskId] });
    return cards.some(({ queue }) => queue?.needs === this.#word.needs);
  }

  #notify(taskId: string): void {
    const title = findCard(this.#state, taskId)?.task.title ?? '';
    const message = this.#word.message(plainMessage(title));
    this.#failures.notify({ severity: 'info', message, action: { kind: this.#word.needs } });
  }
}
