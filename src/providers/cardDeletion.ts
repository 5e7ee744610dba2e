import { l10n, window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { isBusy } from '../model/run.ts';
import { findCard, type BoardState } from './boardState.ts';
import type { FailureMessages } from './failureMessages.ts';
import type { UndoHistory } from './undoHistory.ts';

/** Deletes cards, from wherever it is asked for, with a way back for as long as the notification stands. */
export class CardDeletion {
  readonly #kandev: Kandev;
  readonly #state: BoardState;
  readonly #failures: FailureMessages;
  readonly #history: UndoHistory;

  constructor(kandev: Kandev, state: BoardState, failures: FailureMessages, history: UndoHistory) {
    this.#kandev = kandev;
    this.#state = state;
    this.#failures = failures;
    this.#history = history;
  }

  /**
   * Asks first only where an agent's work would be ended: the rest can be undone. False when the user says no.
   * @param quietly it takes something back itself, and is not told of
   */
  async delete(taskIds: readonly string[], { quietly = false } = {}): Promise<boolean> {
    const working = taskIds.filter((taskId) => this.#isWorking(taskId));
    if (working.length > 0 && !(await this.#confirm(working))) return false;
    const untaken = await this.#untaken(taskIds);
    if (untaken.length > 0 && !(await this.#confirmUntaken(untaken))) return false;
    const titles = taskIds.map((taskId) => findCard(this.#state, taskId)?.task.title ?? '');
    for (const taskId of taskIds) await this.#kandev.execute('task.delete', { taskId });
    if (!quietly) void this.#offerUndo(taskIds, titles);
    return true;
  }

  /** Those whose workspace holds work that nobody has taken. */
  async #untaken(taskIds: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const taskId of taskIds) {
      const workspace = findCard(this.#state, taskId)?.run?.workspace;
      if (!workspace || workspace.kind === 'folder') continue;
      const work = await this.#kandev.query('workspace.work', { taskId });
      if (work === 'untaken' || work === 'unknown') found.push(taskId);
    }
    return found;
  }

  async #confirmUntaken(taskIds: readonly string[]): Promise<boolean> {
    const title = findCard(this.#state, taskIds[0] ?? '')?.task.title ?? '';
    const question =
      taskIds.length === 1
        ? l10n.t('Nobody has taken what the agent has done for “{0}”. Delete the card?', title)
        : l10n.t(
            'Nobody has taken what agents have done for {0} of these cards. Delete them?',
            taskIds.length,
          );
    const detail = l10n.t(
      'The work is kept all the same: “Kandev: Show Workspaces…” lists it, and the card can be brought back for 30 days.',
    );
    const confirm = l10n.t('Delete');
    return (await window.showWarningMessage(question, { modal: true, detail }, confirm)) === confirm;
  }

  #isWorking(taskId: string): boolean {
    const run = findCard(this.#state, taskId)?.run;
    return run !== null && run !== undefined && isBusy(run.state);
  }

  async #confirm(working: readonly string[]): Promise<boolean> {
    const title = findCard(this.#state, working[0] ?? '')?.task.title ?? '';
    const question =
      working.length === 1
        ? l10n.t('An agent is at work on “{0}”. Stop it and delete the card?', title)
        : l10n.t('Agents are at work on {0} of these cards. Stop them and delete the cards?', working.length);
    const detail = l10n.t(
      'Files that were changed stay as they are. The card can be brought back for 30 days.',
    );
    const confirm = l10n.t('Stop and Delete');
    return (await window.showWarningMessage(question, { modal: true, detail }, confirm)) === confirm;
  }

  async #offerUndo(taskIds: readonly string[], titles: readonly string[]): Promise<void> {
    const undo = l10n.t('Undo');
    const message =
      titles.length === 1
        ? l10n.t('“{0}” was deleted.', titles[0] ?? '')
        : l10n.t('{0} cards were deleted.', titles.length);
    const step = {
      text: message,
      isOffered: true,
      undo: async () => {
        for (const taskId of taskIds) await this.#kandev.execute('task.restore', { taskId });
      },
    };
    this.#history.add(step);
    if ((await window.showInformationMessage(message, undo)) !== undo) return;
    await this.#failures.guard(() => this.#history.undo(step));
  }
}
