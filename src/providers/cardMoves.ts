import { l10n } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { columnOf, isOverLimit } from '../model/board.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import type { CardMove, Task } from '../model/task.ts';
import { cardsOf, findCard, type BoardState } from './boardState.ts';
import type { UndoHistory } from './undoHistory.ts';

/** A move that was made, and the one that takes it back. */
interface MadeMove {
  before: Task;
  back: CardMove;
}

/** Moves cards by hand, from wherever it is asked for, with a way back. */
export class CardMoves {
  readonly #kandev: Pick<Kandev, 'execute'>;
  readonly #state: BoardState;
  readonly #history: UndoHistory;

  constructor(kandev: Pick<Kandev, 'execute'>, state: BoardState, history: UndoHistory) {
    this.#kandev = kandev;
    this.#state = state;
    this.#history = history;
  }

  /**
   * Moves one card after the other; those that are refused stay where they are.
   * @throws UserError when there is such a one
   */
  async move(moves: readonly CardMove[], { stopRuns = false } = {}): Promise<void> {
    const refusals: Failure[] = [];
    const made: MadeMove[] = [];
    const back = new Map(moves.map((move) => [move, this.#wayBack(move.taskId)]));
    for (const move of moves) {
      try {
        await this.#kandev.execute('task.move', { ...move, stopRun: stopRuns });
        const way = back.get(move);
        if (way) made.push(way);
      } catch (error) {
        refusals.push(failureOf(error));
      }
    }
    this.#remember(made, moves[0]);
    const [refusal, ...others] = refusals;
    if (!refusal) return;
    if (others.length === 0) throw new UserError(refusal);
    const { reason, message } = refusal;
    const text = l10n.t('{0} of {1} cards stay where they are. {2}', refusals.length, moves.length, message);
    throw new UserError({ reason, message: text });
  }

  #wayBack(taskId: string): MadeMove | null {
    const { current } = this.#state;
    const before = findCard(this.#state, taskId)?.task;
    if (current.status !== 'ready' || !before) return null;
    const column = columnOf(current.view.board.columns, before.state);
    const inColumn = cardsOf(this.#state).filter(({ task }) => column?.states.includes(task.state));
    const next = inColumn[inColumn.findIndex(({ task }) => task.id === taskId) + 1];
    return { before, back: { taskId, to: before.state, beforeTaskId: next?.task.id ?? null } };
  }

  #remember(made: readonly MadeMove[], first: CardMove | undefined): void {
    const [move] = made;
    const { current } = this.#state;
    if (!move || !first || current.status !== 'ready') return;
    const column = columnOf(current.view.board.columns, first.to);
    if (!column) return;
    const text =
      made.length > 1
        ? l10n.t('{0} cards were moved to {1}.', made.length, column.title)
        : l10n.t('“{0}” was moved to {1}.', move.before.title, column.title);
    const moved = new Set(made.map(({ before }) => before.id));
    const others = cardsOf(this.#state).filter(
      ({ task }) => column.states.includes(task.state) && !moved.has(task.id),
    );
    const warning = isOverLimit(column, others.length + moved.size)
      ? l10n.t('That is over its limit of {0}.', column.limit ?? 0)
      : '';
    this.#history.add({ text: `${text} ${warning}`.trim(), undo: () => this.#takeBack(made) });
  }

  /** The last one first: each then finds the card that it stood before. */
  async #takeBack(made: readonly MadeMove[]): Promise<void> {
    for (const { before, back } of [...made].reverse()) {
      // What waited for a retry does not start because a move was taken back.
      const held = before.retry?.at ? l10n.t('A move of it was taken back.') : before.heldBecause;
      await this.#kandev.execute('task.move', { ...back, undo: { heldBecause: held } });
    }
  }
}
