import { l10n } from 'vscode';
import type { CommandInput, Kandev } from '../api/contract.ts';
import type { CardDeletion } from './cardDeletion.ts';
import type { UndoHistory } from './undoHistory.ts';

/** Makes several cards at once, with a way back. */
export class QuickCards {
  readonly #kandev: Pick<Kandev, 'execute'>;
  readonly #deletion: CardDeletion;
  readonly #history: UndoHistory;

  constructor(kandev: Pick<Kandev, 'execute'>, deletion: CardDeletion, history: UndoHistory) {
    this.#kandev = kandev;
    this.#deletion = deletion;
    this.#history = history;
  }

  /** In their order. Those that were made before one that fails stay, and can be taken back. */
  async create(cards: readonly CommandInput<'task.create'>[]): Promise<void> {
    const made: string[] = [];
    try {
      for (const card of cards) made.push((await this.#kandev.execute('task.create', card)).id);
    } finally {
      const [first] = cards;
      if (first && made.length > 0) {
        const text =
          made.length === 1
            ? l10n.t('“{0}” was created.', first.title)
            : l10n.t('{0} cards were created.', made.length);
        this.#history.add({
          text,
          undo: async () => {
            await this.#deletion.delete(made, { quietly: true });
          },
        });
      }
    }
  }
}
