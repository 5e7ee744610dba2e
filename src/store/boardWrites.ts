import { changedColumn, type Board, type ColumnChange } from '../model/board.ts';
import { UserError } from '../model/failure.ts';
import { boardFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

export function insertBoard(db: SqlDatabase, { board, at }: { board: Board; at: number }): void {
  db.run(
    'INSERT INTO boards (id, name, columns, workspace_mode, created_at) VALUES (?, ?, ?, ?, ?)',
    board.id,
    board.name,
    JSON.stringify(board.columns),
    board.workspaceMode,
    at,
  );
}

export function updateBoard(
  db: SqlDatabase,
  { boardId, workspaceMode }: { boardId: string } & Pick<Board, 'workspaceMode'>,
): void {
  db.run('UPDATE boards SET workspace_mode = ? WHERE id = ?', workspaceMode, boardId);
}

/**
 * Changes one column of a board, and leaves the others as they are.
 * @throws UserError `refused` when no column would be left to see, `not-found` when there is no such column
 */
export function setColumn(
  db: SqlDatabase,
  { boardId, columnId, change }: { boardId: string; columnId: string; change: ColumnChange },
): void {
  const row = db.get('SELECT * FROM boards WHERE id = ?', boardId);
  const before = row ? boardFrom(row).columns : [];
  if (!before.some(({ id }) => id === columnId)) {
    throw new UserError({ reason: 'not-found', message: 'This column no longer exists.' });
  }
  const columns = before.map((column) => (column.id === columnId ? changedColumn(column, change) : column));
  if (columns.every(({ isHidden = false, hideWhenEmpty }) => isHidden || hideWhenEmpty)) {
    throw new UserError({ reason: 'refused', message: 'One column has to be left to see.' });
  }
  db.run('UPDATE boards SET columns = ? WHERE id = ?', JSON.stringify(columns), boardId);
}
