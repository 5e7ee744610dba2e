import { commands, l10n, window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable, KandevEvent } from '../model/events.ts';
import { offersOf } from '../model/resultOffers.ts';
import type { Run } from '../model/run.ts';
import { findCard, type BoardState } from './boardState.ts';
import type { FailureMessages } from './failureMessages.ts';

/** Tells the user of a run that has failed or has something to review: one notification a card, with its action. */
export class RunMessages implements Disposable {
  readonly #subscription: Disposable;
  readonly #failures: FailureMessages;
  readonly #state: BoardState;

  constructor(kandev: Kandev, failures: FailureMessages, state: BoardState) {
    this.#failures = failures;
    this.#state = state;
    this.#subscription = kandev.subscribe('agent.*', (event) => {
      this.#tell(event);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #tell(event: KandevEvent): void {
    if (!('run' in event.data)) return;
    const { run } = event.data;
    const title = findCard(this.#state, run.taskId)?.task.title ?? '';
    if (event.type === 'agent.failed' && run.failure) this.#failures.show(run.failure, `“${title}”`);
    else if (event.type === 'agent.ready') void this.#tellReady(run, title);
  }

  async #tellReady(run: Run, title: string): Promise<void> {
    const review = l10n.t('Review Changes');
    const show = l10n.t('Show Card');
    const message = l10n.t('Send Message…');
    const chosen = await window.showInformationMessage(
      l10n.t('“{0}” is ready for your review.', title),
      ...(offersOf({ run }).review ? [review] : []),
      show,
      message,
    );
    if (chosen === review) await commands.executeCommand('kandev.reviewChanges', run.taskId);
    else if (chosen === show) await commands.executeCommand('kandev.revealInBoard', run.taskId);
    else if (chosen === message) await commands.executeCommand('kandev.sendMessage', run.taskId);
  }
}
