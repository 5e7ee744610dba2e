import type { ColumnChange } from '../../model/board.ts';
import type { UserAction } from '../../model/failure.ts';
import { taskStates, type CardMove, type TaskState } from '../../model/task.ts';
import type { BoardCard, Choice, UiCommand } from '../protocol.ts';
import { actionsOf, type CardActions } from './cardFacts.ts';
import type { HostClient, Outcome } from './hostClient.ts';
import { t } from './l10n.ts';
import { movesTo, type Placement } from './moves.ts';
import type { PendingWork, Store } from './state.ts';

function isTaskState(state: string): state is TaskState {
  return taskStates.some((each) => each === state);
}

/** What can be done with the cards. Each command shows that it is under way, and a refusal with what helps. */
export class CardCommands {
  readonly #store: Store;
  readonly #host: HostClient;
  readonly #editCard: (taskId: string) => void;

  constructor(store: Store, host: HostClient, editCard: (taskId: string) => void) {
    this.#store = store;
    this.#host = host;
    this.#editCard = editCard;
  }

  /** Puts cards there, in this order. */
  async place(taskIds: readonly string[], placement: Placement): Promise<void> {
    const { layout } = this.#store.state;
    const moves = layout ? movesTo(layout, this.#cards(taskIds), placement) : [];
    if (moves.length > 0) await this.move(moves);
  }

  async move(moves: readonly CardMove[], stopRuns = false): Promise<void> {
    const taskIds = moves.map(({ taskId }) => taskId);
    const outcome = await this.#whilePending(taskIds, 'moving', () => this.#host.moveCards(moves, stopRuns));
    if (outcome) this.#report(outcome, moves);
  }

  /** Of several cards, those that can be started. */
  async start(taskIds: readonly string[]): Promise<void> {
    const startable = taskIds.length === 1 ? taskIds : this.#those(taskIds, 'start');
    if (startable.length === 0) this.#store.announce(t('None of these cards can be started.'));
    await this.#each(startable, 'starting', (taskId) => this.#host.execute('task.start', { taskId }));
  }

  async stop(taskIds: readonly string[]): Promise<void> {
    const stoppable = this.#those(taskIds, 'stop');
    await this.#each(stoppable, 'stopping', (taskId) => this.#host.execute('task.stop', { taskId }));
  }

  /** Gives a silent agent the same time again. */
  async wait(taskId: string): Promise<void> {
    this.#report(await this.#host.execute('run.wait', { taskId }));
  }

  async nudge(taskId: string): Promise<void> {
    await this.#each([taskId], 'nudging', () => this.#host.execute('run.nudge', { taskId }));
  }

  async delete(taskIds: readonly string[]): Promise<void> {
    const outcome = await this.#whilePending(taskIds, 'deleting', () => this.#host.deleteCards(taskIds));
    if (outcome) this.#report(outcome);
  }

  /** To a board that the user chooses in VS Code. */
  moveToBoard(taskIds: readonly string[]): void {
    this.#host.post({ type: 'moveToBoard', taskIds });
  }

  message(taskId: string): void {
    const card = this.#store.state.content?.cards.get(taskId);
    if (card && actionsOf(card).message) this.runUiCommand('kandev.sendMessage', taskId);
  }

  review(taskId: string): void {
    const card = this.#store.state.content?.cards.get(taskId);
    if (card && actionsOf(card).review) this.runUiCommand('kandev.reviewChanges', taskId);
  }

  runUiCommand(command: UiCommand, taskId: string): void {
    this.#host.post({ type: 'uiCommand', command, taskId });
  }

  /** Takes back what was done last with cards, here or elsewhere. */
  async undo(): Promise<void> {
    this.dismissUndo();
    this.#report(await this.#host.undo());
  }

  dismissUndo(): void {
    this.#store.update({ undoable: null });
  }

  async setColumn(columnId: string, change: Pick<ColumnChange, 'isHidden' | 'isCollapsed'>): Promise<void> {
    this.#report(await this.#host.execute('board.setColumn', { ...this.#onBoard(), columnId, ...change }));
  }

  /** In VS Code's own list. */
  choose(what: Choice): void {
    this.#host.post({ type: 'choose', what });
  }

  async answer(requestId: string, optionId: string): Promise<void> {
    const { answering } = this.#store.state;
    if (answering.has(requestId)) return;
    this.#store.update({ answering: new Map([...answering, [requestId, optionId]]) });
    const outcome = await this.#host.execute('permission.answer', { requestId, optionId });
    const others = [...this.#store.state.answering].filter(([id]) => id !== requestId);
    this.#store.update({ answering: new Map(others) });
    this.#report(outcome);
  }

  async addSamples(): Promise<void> {
    this.#store.update({ addingSamples: true });
    const outcome = await this.#host.execute('board.addSamples', this.#onBoard());
    this.#store.update({ addingSamples: false });
    this.#report(outcome);
  }

  async resumeQueue(): Promise<void> {
    this.#report(await this.#host.execute('queue.resume', {}));
  }

  /** Does what the button of a failure says; `moves` are those that were refused, where it was about moves. */
  async act(action: UserAction, moves: readonly CardMove[] = []): Promise<void> {
    this.dismissNotice();
    switch (action.kind) {
      case 'retry':
        return this.start([action.taskId]);
      case 'stop':
        return this.stop([action.taskId]);
      case 'stopAndMove': {
        const { taskId, to } = action;
        const refused = moves.find((move) => move.taskId === taskId);
        if (refused) return this.move([refused], true);
        if (isTaskState(to)) await this.move([{ taskId, to, beforeTaskId: null }], true);
        return;
      }
      case 'editTask':
        this.#editCard(action.taskId);
        return;
      default:
        return this.#runAction(action);
    }
  }

  dismissNotice(): void {
    this.#store.update({ notice: null });
  }

  async #runAction(action: UserAction): Promise<void> {
    this.#store.update({ runningAction: action.kind });
    const outcome = await this.#host.runAction(action);
    this.#store.update({ runningAction: null });
    this.#report(outcome);
  }

  #onBoard(): { boardId?: string } {
    const { content } = this.#store.state;
    return content ? { boardId: content.board.id } : {};
  }

  #cards(taskIds: readonly string[]): BoardCard[] {
    const { content } = this.#store.state;
    return taskIds.flatMap((taskId) => content?.cards.get(taskId) ?? []);
  }

  /** Those of the cards that this can be done with. */
  #those(taskIds: readonly string[], action: keyof CardActions): string[] {
    return this.#cards(taskIds)
      .filter((card) => actionsOf(card)[action])
      .map(({ task }) => task.id);
  }

  /** Does something with one card after the other. */
  async #each(
    taskIds: readonly string[],
    work: PendingWork,
    send: (taskId: string) => Promise<Outcome>,
  ): Promise<void> {
    const outcomes = await this.#whilePending(taskIds, work, async (pending) => {
      const sent: Outcome[] = [];
      for (const taskId of pending) sent.push(await send(taskId));
      return sent;
    });
    const failures = (outcomes ?? []).flatMap((outcome) => (outcome.ok ? [] : [outcome.failure]));
    const [failure, ...others] = failures;
    if (!failure) return;
    const { reason, message } = failure;
    const summary = t('{0} of {1} cards: {2}', failures.length, taskIds.length, message);
    this.#report({ ok: false, failure: others.length === 0 ? failure : { reason, message: summary } });
  }

  /** Shows that something is done with cards, but for those with which it is done already; null when there are no others. */
  async #whilePending<T>(
    taskIds: readonly string[],
    work: PendingWork,
    send: (taskIds: readonly string[]) => Promise<T>,
  ): Promise<T | null> {
    const { pending } = this.#store.state;
    const ids = taskIds.filter((taskId) => pending.get(taskId) !== work);
    if (ids.length === 0) return null;
    this.#store.update({ pending: new Map([...pending, ...ids.map((taskId) => [taskId, work] as const)]) });
    const result = await send(ids);
    // A card that is stopped while it is being started now waits for the stop.
    const left = [...this.#store.state.pending].filter(([id, each]) => !ids.includes(id) || each !== work);
    this.#store.update({ pending: new Map(left) });
    return result;
  }

  #report(outcome: Outcome, moves: readonly CardMove[] = []): void {
    if (outcome.ok) return;
    this.#store.update({ notice: { failure: outcome.failure, moves } });
    this.#store.announce(outcome.failure.message);
  }
}
