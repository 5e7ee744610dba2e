import { l10n, window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { CredentialsView } from '../model/credential.ts';
import { plainMessage } from './agentText.ts';
import { findCard, type BoardState } from './boardState.ts';
import { pickCredentials } from './credentialPicker.ts';
import { credentialName } from './credentialText.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';
import { WaitingCards } from './waitingCards.ts';

/** Asks what agents may have of the user's: once a workspace, when a card is started, and whenever the user wants. */
export class CredentialPrompts {
  readonly #kandev: Kandev;
  readonly #state: BoardState;
  readonly #failures: FailureMessages;
  readonly #disposables = new DisposableStore();
  #open: AbortController | null = null;

  constructor(kandev: Kandev, state: BoardState, failures: FailureMessages) {
    this.#kandev = kandev;
    this.#state = state;
    this.#failures = failures;
    this.#disposables.add(
      new WaitingCards(kandev, state, failures, {
        needs: 'credentials',
        message: (title) => l10n.t('“{0}” waits until you say what agents may have of yours.', title),
        ask: () => this.choose(),
      }),
    );
    this.#disposables.add(
      kandev.subscribe('credentials.changed', () => {
        // Answered in another window, or by a program.
        this.#open?.abort();
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Shows what agents may have, and takes what the user says. False when they put it off. */
  async choose(): Promise<boolean> {
    if (this.#open) return false;
    const closed = new AbortController();
    this.#open = closed;
    try {
      const before = await this.#kandev.query('credentials', {});
      const ids = await pickCredentials(before, closed.signal);
      this.#open = null;
      if (ids === undefined) return false;
      const after = await this.#kandev.execute('credentials.share', { ids: [...ids] });
      this.#offerToStop(after);
      return true;
    } finally {
      this.#open = null;
    }
  }

  /** What was taken back is still in the containers that have it. */
  #offerToStop({ things }: CredentialsView): void {
    const left = things.filter(({ shared, usedBy }) => !shared && usedBy.length > 0);
    const taskIds = [...new Set(left.flatMap(({ usedBy }) => usedBy.map(({ taskId }) => taskId)))];
    if (taskIds.length === 0) return;
    const cards = taskIds
      .map((id) => `“${plainMessage(findCard(this.#state, id)?.task.title ?? id)}”`)
      .join(', ');
    const stop = l10n.t('Stop Them');
    const message = l10n.t(
      'New containers do not get it any more. The agents of {0} still have: {1}.',
      cards,
      left.map(credentialName).join(', '),
    );
    void window.showWarningMessage(message, stop).then(async (chosen) => {
      if (chosen !== stop) return;
      for (const taskId of taskIds) {
        await this.#failures.guard(() => this.#kandev.execute('task.stop', { taskId }));
      }
    });
  }
}
