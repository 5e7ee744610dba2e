import type { UserAction } from '../../model/failure.ts';
import { taskStates, type TaskState } from '../../model/task.ts';
import type { BoardCommand, BoardCommandInput, UiCommand } from '../protocol.ts';
import { actionsOf } from './cardFacts.ts';
import type { HostClient, Outcome } from './hostClient.ts';
import { moveTo, type Move, type Placement } from './moves.ts';
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

  async place(taskId: string, placement: Placement): Promise<void> {
    const { content, layout } = this.#store.state;
    const card = content?.cards.get(taskId);
    const move = card && layout && moveTo(layout, card, placement);
    if (move) await this.move(move);
  }

  async move(move: Move, stopRun = false): Promise<void> {
    await this.#work(move.taskId, 'moving', 'task.move', { ...move, stopRun }, move);
  }

  async start(taskId: string): Promise<void> {
    await this.#work(taskId, 'starting', 'task.start', { taskId });
  }

  async stop(taskId: string): Promise<void> {
    const card = this.#store.state.content?.cards.get(taskId);
    if (card && actionsOf(card).stop) await this.#work(taskId, 'stopping', 'task.stop', { taskId });
  }

  /** Gives a silent agent the same time again. */
  async wait(taskId: string): Promise<void> {
    this.#report(await this.#host.execute('run.wait', { taskId }));
  }

  async nudge(taskId: string): Promise<void> {
    await this.#work(taskId, 'nudging', 'run.nudge', { taskId });
  }

  async delete(taskId: string): Promise<void> {
    await this.#whilePending(taskId, 'deleting', () => this.#host.deleteCard(taskId));
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
    const outcome = await this.#host.execute('board.addSamples', {});
    this.#store.update({ addingSamples: false });
    this.#report(outcome);
  }

  async resumeQueue(): Promise<void> {
    this.#report(await this.#host.execute('queue.resume', {}));
  }

  /** Does what the button of a failure says; `move` is the one that was refused, where it was a move. */
  async act(action: UserAction, move: Move | null = null): Promise<void> {
    this.dismissNotice();
    switch (action.kind) {
      case 'retry':
        return this.start(action.taskId);
      case 'stop':
        return this.stop(action.taskId);
      case 'stopAndMove': {
        if (move) return this.move(move, true);
        const { taskId, to } = action;
        if (isTaskState(to)) await this.move({ taskId, to, beforeTaskId: null }, true);
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

  async #work<C extends BoardCommand>(
    taskId: string,
    work: PendingWork,
    command: C,
    input: BoardCommandInput<C>,
    move: Move | null = null,
  ): Promise<void> {
    await this.#whilePending(taskId, work, () => this.#host.execute(command, input), move);
  }

  async #whilePending(
    taskId: string,
    work: PendingWork,
    send: () => Promise<Outcome>,
    move: Move | null = null,
  ): Promise<void> {
    const { pending } = this.#store.state;
    if (pending.get(taskId) === work) return;
    this.#store.update({ pending: new Map([...pending, [taskId, work]]) });
    const outcome = await send();
    // A card that is stopped while it is being started now waits for the stop.
    const left = [...this.#store.state.pending].filter(([id, each]) => id !== taskId || each !== work);
    this.#store.update({ pending: new Map(left) });
    this.#report(outcome, move);
  }

  #report(outcome: Outcome, move: Move | null = null): void {
    if (outcome.ok) return;
    this.#store.update({ notice: { failure: outcome.failure, move } });
    this.#store.announce(outcome.failure.message);
  }
}
