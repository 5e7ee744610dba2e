import { l10n } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { columnOf, isOverLimit, type Board, type Column } from '../model/board.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import type { CardMove, Task, TaskState } from '../model/task.ts';
import { boardsOf, cardsOnBoard, findCard, type BoardState } from './boardState.ts';
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

  /**
   * Puts cards on another board, each into the column of its state.
   * @throws UserError when that is refused; those before stay there, and can be taken back
   */
  async toBoard(
    taskIds: readonly string[],
    { id: boardId, name }: Pick<Board, 'id' | 'name'>,
  ): Promise<void> {
    const ways = taskIds.flatMap((taskId) => this.#wayBack(taskId) ?? []);
    const made: MadeMove[] = [];
    try {
      for (const way of ways) {
        if (way.before.boardId === boardId) continue;
        await this.#kandev.execute('task.setBoard', { taskId: way.before.id, boardId });
        made.push(way);
      }
    } finally {
      const [first] = made;
      if (first) {
        const text =
          made.length > 1
            ? l10n.t('{0} cards were moved to the board “{1}”.', made.length, name)
            : l10n.t('“{0}” was moved to the board “{1}”.', first.before.title, name);
        this.#history.add({ text, undo: () => this.#takeBackFromBoard(made) });
      }
    }
  }

  #wayBack(taskId: string): MadeMove | null {
    const before = findCard(this.#state, taskId)?.task;
    if (!before) return null;
    const inColumn = this.#inColumn(before.boardId, this.#columnOf(before.boardId, before.state));
    const next = inColumn[inColumn.findIndex(({ id }) => id === taskId) + 1];
    return { before, back: { taskId, to: before.state, beforeTaskId: next?.id ?? null } };
  }

  #remember(made: readonly MadeMove[], first: CardMove | undefined): void {
    const [move] = made;
    if (!move || !first) return;
    const { boardId } = move.before;
    const column = this.#columnOf(boardId, first.to);
    if (!column) return;
    const text =
      made.length > 1
        ? l10n.t('{0} cards were moved to {1}.', made.length, column.title)
        : l10n.t('“{0}” was moved to {1}.', move.before.title, column.title);
    const moved = new Set(made.map(({ before }) => before.id));
    const others = this.#inColumn(boardId, column).filter(({ id }) => !moved.has(id));
    const warning = isOverLimit(column, others.length + moved.size)
      ? l10n.t('That is over its limit of {0}.', column.limit ?? 0)
      : '';
    this.#history.add({ text: `${text} ${warning}`.trim(), undo: () => this.#takeBack(made) });
  }

  #columnOf(boardId: string, state: TaskState): Column | undefined {
    const board = boardsOf(this.#state).find(({ id }) => id === boardId);
    return board && columnOf(board.columns, state);
  }

  #inColumn(boardId: string, column: Column | undefined): Task[] {
    return cardsOnBoard(this.#state, boardId)
      .map(({ task }) => task)
      .filter(({ state }) => column?.states.includes(state) === true);
  }

  /** The last one first: each then finds the card that it stood before. */
  async #takeBack(made: readonly MadeMove[]): Promise<void> {
    for (const { before, back } of [...made].reverse()) {
      // What waited for a retry does not start because a move was taken back.
      const held = before.retry?.at ? l10n.t('A move of it was taken back.') : before.heldBecause;
      await this.#kandev.execute('task.move', { ...back, undo: { heldBecause: held } });
    }
  }
  async #takeBackFromBoard(made: readonly MadeMove[]): Promise<void> {
    for (const { before, back } of [...made].reverse()) {
      const { boardId } = before;
      await this.#kandev.execute('task.setBoard', {
        taskId: before.id,
        boardId,
        beforeTaskId: back.beforeTaskId,
      });
    }
  }
}
