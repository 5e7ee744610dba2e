import { commands, l10n, window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable, EventData, KandevEvent } from '../model/events.ts';
import { offersOf } from '../model/resultOffers.ts';
import type { Task } from '../model/task.ts';
import { findCard, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';

export interface RunMessagesOptions {
  kandev: Kandev;
  failures: FailureMessages;
  state: BoardState;
  /** Whether the user has a card before them, and sees by themselves what becomes of it. */
  isWatched: (taskId: string) => boolean;
  /** What the user wants to be told of, as the setting says. */
  wanted: () => 'all' | 'needsYou' | 'off';
}

/**
 * Tells the user of a run that has failed, has something to review or stands still: with its action, and never with a
 * second notification of a card while one is there.
 */
export class RunMessages implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #kandev: Kandev;
  readonly #failures: FailureMessages;
  readonly #state: BoardState;
  readonly #isWatched: (taskId: string) => boolean;
  readonly #wanted: RunMessagesOptions['wanted'];
  /** The cards that a notification is shown of. */
  readonly #shown = new Set<string>();

  constructor({ kandev, failures, state, isWatched, wanted }: RunMessagesOptions) {
    this.#kandev = kandev;
    this.#failures = failures;
    this.#state = state;
    this.#isWatched = isWatched;
    this.#wanted = wanted;
    this.#disposables.add(
      kandev.subscribe('task.state_changed', (event) => {
        this.#tellEnd(event);
      }),
    );
    this.#disposables.add(
      kandev.subscribe('run.notice', ({ data }) => {
        if ('notice' in data) this.#notify(data);
      }),
    );
    this.#disposables.add(
      kandev.subscribe('run.stalled', ({ data }) => {
        if (!('since' in data) || data.since === null || wanted() === 'off') return;
        this.#once(data.taskId, () => this.#tellStalled(data.taskId));
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

  #tellEnd({ data }: KandevEvent): void {
    if (!('to' in data) || data.actor !== 'kandev' || this.#wanted() !== 'all') return;
    const { task, from, to } = data;
    if (to === 'REVIEW') this.#once(task.id, () => this.#tellReady(task));
    // A failure that is tried again by itself shows on its card only.
    else if (to === 'FAILED' && from === 'IN_PROGRESS') this.#once(task.id, () => this.#tellFailed(task));
  }

  /** Of a card that the user has before them, or is being told of, nothing. */
  #once(taskId: string, tell: () => Promise<void>): void {
    if (this.#isWatched(taskId) || this.#shown.has(taskId)) return;
    this.#shown.add(taskId);
    void this.#failures.guard(tell).finally(() => this.#shown.delete(taskId));
  }

  async #tellStalled(taskId: string): Promise<void> {
    const title = findCard(this.#state, taskId)?.task.title ?? '';
    const actions = {
      'kandev.waitForAgent': l10n.t('Wait'),
      'kandev.nudgeAgent': l10n.t('Nudge'),
      'kandev.stopTask': l10n.t('Stop'),
    };
    const chosen = await window.showWarningMessage(
      l10n.t(
        'The agent of “{0}” has said nothing for a while in the middle of its work. A nudge cancels its turn and asks it to go on.',
        title,
      ),
      ...Object.values(actions),
    );
    const command = Object.entries(actions).find(([, label]) => label === chosen)?.[0];
    if (command !== undefined) await commands.executeCommand(command, taskId);
  }

  async #tellFailed({ id, title }: Task): Promise<void> {
    const { cards } = await this.#kandev.query('cards', { taskIds: [id] });
    const failure = cards[0]?.run?.failure;
    if (failure) await this.#failures.tell(failure, `“${title}”`);
  }

  async #tellReady({ id, title }: { id: string; title: string }): Promise<void> {
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
