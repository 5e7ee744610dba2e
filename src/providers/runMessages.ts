import { commands, l10n, window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable, EventData, KandevEvent } from '../model/events.ts';
import { offersOf } from '../model/resultOffers.ts';
import { findCard, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';

/** Tells the user of a run that has failed or has something to review: one notification a card, with its action. */
export class RunMessages implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #kandev: Kandev;
  readonly #failures: FailureMessages;
  readonly #state: BoardState;
  readonly #isWatched: (taskId: string) => boolean;

  /** @param isWatched whether the user has a card before them, and sees by themselves what becomes of it */
  constructor(
    kandev: Kandev,
    failures: FailureMessages,
    state: BoardState,
    isWatched: (taskId: string) => boolean,
  ) {
    this.#kandev = kandev;
    this.#failures = failures;
    this.#state = state;
    this.#isWatched = isWatched;
    this.#disposables.add(
      kandev.subscribe('agent.failed', (event) => {
        this.#tellFailure(event);
      }),
    );
    this.#disposables.add(
      kandev.subscribe('run.notice', ({ data }) => {
        if ('notice' in data) this.#notify(data);
      }),
    );
    this.#disposables.add(
      kandev.subscribe('task.state_changed', ({ data }) => {
        const forReview = 'to' in data && data.to === 'REVIEW' && data.actor === 'kandev';
        if (forReview) void failures.guard(() => this.#tellReady(data.task));
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #notify({ taskId, notice }: EventData['run.notice']): void {
    const title = findCard(this.#state, taskId)?.task.title ?? '';
    this.#failures.notify({ ...notice, message: l10n.t('“{0}”: {1}', title, notice.message) });
  }

  #tellFailure({ data }: KandevEvent): void {
    if (!('run' in data) || !data.run.failure || this.#isWatched(data.run.taskId)) return;
    const title = findCard(this.#state, data.run.taskId)?.task.title ?? '';
    this.#failures.show(data.run.failure, `“${title}”`);
  }

  async #tellReady({ id, title }: { id: string; title: string }): Promise<void> {
    if (this.#isWatched(id)) return;
    const { cards } = await this.#kandev.query('cards', { taskIds: [id] });
    const run = cards[0]?.run;
    const review = l10n.t('Review Changes');
    const open = l10n.t('Open Card');
    const chosen = await window.showInformationMessage(
      l10n.t('“{0}” is ready for your review.', title),
      ...(run && offersOf({ run }).review ? [review] : []),
      open,
    );
    if (chosen === review) await commands.executeCommand('kandev.reviewChanges', id);
    else if (chosen === open) await commands.executeCommand('kandev.openRun', id);
  }
}
