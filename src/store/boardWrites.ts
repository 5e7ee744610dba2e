import { boardInUse, changedColumn, type Board, type ColumnChange } from '../model/board.ts';
import { UserError } from '../model/failure.ts';
import { isBusy, runStates } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import { boards } from './reads.ts';
import { boardFrom, taskFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';
import { insertTaskEvent, type Change } from './taskWrites.ts';

/** Adds a board behind the others. One with this id that is there is left as it is. */
export function insertBoard(db: SqlDatabase, { board, at }: { board: Board; at: number }): Board {
  const existing = db.get('SELECT * FROM boards WHERE id = ?', board.id);
  if (existing) return boardFrom(existing);
  db.run(
    `INSERT INTO boards (id, name, columns, workspace_mode, created_at, position)
     VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM boards))`,
    board.id,
    board.name,
    JSON.stringify(board.columns),
    board.workspaceMode,
    at,
  );
  return board;
}

/** @throws UserError `not-found` */
export function updateBoard(
  db: SqlDatabase,
  { boardId, patch }: { boardId: string; patch: Partial<Pick<Board, 'name' | 'workspaceMode'>> },
): Board {
  const board = { ...requireBoard(db, boardId), ...patch };
  db.run(
    'UPDATE boards SET name = ?, workspace_mode = ? WHERE id = ?',
    board.name,
    board.workspaceMode,
    boardId,
  );
  return board;
}

/** Puts a board before another one, or behind all. @throws UserError `not-found` */
export function placeBoard(
  db: SqlDatabase,
  { boardId, beforeBoardId }: { boardId: string; beforeBoardId: string | null },
): void {
  requireBoard(db, boardId);
  const others = boards(db).flatMap(({ id }) => (id === boardId ? [] : [id]));
  const before = others.findIndex((id) => id === beforeBoardId);
  others.splice(before < 0 ? others.length : before, 0, boardId);
  for (const [index, id] of others.entries()) {
    db.run('UPDATE boards SET position = ? WHERE id = ?', index + 1, id);
  }
}

/**
 * Changes one column of a board, and leaves the others as they are.
 * @throws UserError `refused` when no column would be left to see, `not-found` when there is no such column
 */
export function setColumn(
  db: SqlDatabase,
  { boardId, columnId, change }: { boardId: string; columnId: string; change: ColumnChange },
): void {
  const before = requireBoard(db, boardId).columns;
  if (!before.some(({ id }) => id === columnId)) {
    throw new UserError({ reason: 'not-found', message: 'This column no longer exists.' });
  }
  const columns = before.map((column) => (column.id === columnId ? changedColumn(column, change) : column));
  if (columns.every(({ isHidden = false, hideWhenEmpty }) => isHidden || hideWhenEmpty)) {
    throw new UserError({ reason: 'refused', message: 'One column has to be left to see.' });
  }
  db.run('UPDATE boards SET columns = ? WHERE id = ?', JSON.stringify(columns), boardId);
}

/**
 * Takes a board away, and its cards with it. All is kept until it is purged. Returns the ids of those cards.
 * @throws UserError `refused` for the last board, `run-active` while an agent is at work on it, `not-found`
 */
export function deleteBoard(
  db: SqlDatabase,
  { boardId, change }: { boardId: string; change: Change },
): string[] {
  const { name } = requireBoard(db, boardId);
  if (boards(db).length === 1) {
    throw new UserError({
      reason: 'refused',
      message: `“${name}” is the last board, and one has to be left. Make another one first.`,
    });
  }
  const tasks = db
    .all('SELECT * FROM tasks WHERE board_id = ? AND deleted_at IS NULL', boardId)
    .map(taskFrom);
  const working = tasks.find(({ id }) => hasBusyRun(db, id));
  if (working) throw boardInUse(name, working);
  db.run('UPDATE boards SET deleted_at = ? WHERE id = ?', change.at, boardId);
  for (const [index, { id, state }] of tasks.entries()) {
    db.run('UPDATE tasks SET deleted_at = ? WHERE id = ?', change.at, id);
    const event = { ...change, eventId: `${change.eventId}.${index}` };
    insertTaskEvent(db, id, state, state, { ...event, why: change.why ?? 'Deleted with its board' });
  }
  return tasks.map(({ id }) => id);
}

/**
 * Brings a deleted board back to its place, with the cards that went with it.
 * @throws UserError `not-found` when it is not a deleted one, or was purged
 */
export function restoreBoard(
  db: SqlDatabase,
  { boardId, change }: { boardId: string; change: Change },
): { board: Board; tasks: Task[] } {
  const row = db.get('SELECT * FROM boards WHERE id = ? AND deleted_at IS NOT NULL', boardId);
  if (!row) {
    throw new UserError({ reason: 'not-found', message: 'This board is no longer among the deleted ones.' });
  }
  const deletedAt = Number(row.deleted_at);
  db.run('UPDATE boards SET deleted_at = NULL WHERE id = ?', boardId);
  const tasks = db
    .all('SELECT * FROM tasks WHERE board_id = ? AND deleted_at = ?', boardId, deletedAt)
    .map((task) => ({ ...taskFrom(task), updatedAt: change.at }));
  for (const [index, { id, state }] of tasks.entries()) {
    db.run('UPDATE tasks SET deleted_at = NULL, updated_at = ? WHERE id = ?', change.at, id);
    const event = { ...change, eventId: `${change.eventId}.${index}` };
    insertTaskEvent(db, id, state, state, { ...event, why: change.why ?? 'Restored with its board' });
  }
  return { board: boardFrom(row), tasks };
}

function hasBusyRun(db: SqlDatabase, taskId: string): boolean {
  const busy = runStates.filter(isBusy);
  const states = busy.map(() => '?').join(', ');
  const sql = `SELECT 1 FROM agent_instances WHERE task_id = ? AND state IN (${states}) LIMIT 1`;
  return db.get(sql, taskId, ...busy) !== undefined;
}

function requireBoard(db: SqlDatabase, boardId: string): Board {
  const row = db.get('SELECT * FROM boards WHERE id = ? AND deleted_at IS NULL', boardId);
  if (!row) throw new UserError({ reason: 'not-found', message: 'This board no longer exists.' });
  return boardFrom(row);
}
