import { columnOf } from '../model/board.ts';
import { UserError } from '../model/failure.ts';
import type { Task, TaskState } from '../model/task.ts';
import { boardFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/**
 * The position before a card of the column that `state` belongs to, or at its end.
 * @throws UserError `not-found` when there is no such board any more
 */
export function placeInColumn(
  db: SqlDatabase,
  task: Pick<Task, 'id' | 'boardId'>,
  state: TaskState,
  beforeTaskId: string | null,
): number {
  const states = statesOfColumn(db, task.boardId, state);
  const before =
    beforeTaskId === null || beforeTaskId === task.id
      ? undefined
      : db.get(
          `SELECT position FROM tasks WHERE id = ? AND board_id = ? AND deleted_at IS NULL
             AND state IN (SELECT value FROM json_each(?))`,
          beforeTaskId,
          task.boardId,
          JSON.stringify(states),
        );
  if (!before) return (positionAbove(db, task, states, null) ?? 0) + 1;
  const below = Number(before.position);
  const above = positionAbove(db, task, states, below) ?? below - 2;
  const middle = (above + below) / 2;
  if (middle > above && middle < below) return middle;
  // No number left between the two.
  return numberAfresh(db, task, states, below);
}

/** The highest position above another one, or in the whole column; null when there is none. */
function positionAbove(
  db: SqlDatabase,
  task: Pick<Task, 'id' | 'boardId'>,
  states: readonly TaskState[],
  position: number | null,
): number | null {
  // Each state by itself: the index then leads to the one row that is wanted, however many cards there are.
  const positions = states.flatMap((state) =>
    db.all(
      `SELECT position FROM tasks WHERE board_id = ? AND state = ? AND deleted_at IS NULL AND position < ?
         AND id <> ? ORDER BY position DESC LIMIT 1`,
      task.boardId,
      state,
      position ?? Number.MAX_VALUE,
      task.id,
    ),
  );
  return positions.length === 0 ? null : Math.max(...positions.map((row) => Number(row.position)));
}

/** Numbers the cards of a column from 1, and returns the number that it leaves out before the card at `below`. */
function numberAfresh(
  db: SqlDatabase,
  task: Pick<Task, 'id' | 'boardId'>,
  states: readonly TaskState[],
  below: number,
): number {
  const cards = db.all(
    `SELECT id, position FROM tasks WHERE board_id = ? AND state IN (SELECT value FROM json_each(?))
       AND deleted_at IS NULL AND id <> ? ORDER BY position`,
    task.boardId,
    JSON.stringify(states),
    task.id,
  );
  const gap = cards.findIndex(({ position }) => Number(position) >= below);
  for (const [place, { id }] of cards.entries()) {
    db.run('UPDATE tasks SET position = ? WHERE id = ?', place < gap ? place + 1 : place + 2, id ?? null);
  }
  return gap + 1;
}

/** All states whose cards stand in the same column. */
function statesOfColumn(db: SqlDatabase, boardId: string, state: TaskState): readonly TaskState[] {
  const row = db.get('SELECT * FROM boards WHERE id = ? AND deleted_at IS NULL', boardId);
  if (!row) {
    throw new UserError({ reason: 'not-found', message: 'This board no longer exists.' });
  }
  return columnOf(boardFrom(row).columns, state)?.states ?? [state];
}
