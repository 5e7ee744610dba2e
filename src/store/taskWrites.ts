import type { ResultChange } from '../model/events.ts';
import { UserError } from '../model/failure.ts';
import type { CardPlace, Retry, Task, TaskEvent, TaskState } from '../model/task.ts';
import { refuseTransition } from '../model/taskState.ts';
import { placeInColumn } from './columnPlaces.ts';
import { storeQueueing } from './queueWrites.ts';
import { priorityRank, taskFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** Who made a change, when, and under which id it stands in the history. */
export interface Change {
  actor: string;
  why: string | null;
  at: number;
  eventId: string;
}

export interface StateChange extends Change {
  taskId: string;
  to: TaskState;
  /** Kept only in TODO, where it tells the queue to leave the card alone. */
  heldBecause: string | null;
  retry: Retry | null;
  /** The card of the new column to stand before; null or gone: at the end. */
  beforeTaskId: string | null;
  /** It takes the last change of the state back, also where the table knows no such way. */
  isUndo: boolean;
  /** Refused when the card has another version by now. */
  ifVersion?: number;
}

export type TaskPatch = Partial<
  Pick<
    Task,
    | 'title'
    | 'description'
    | 'priority'
    | 'agentTypeId'
    | 'labels'
    | 'resources'
    | 'heldBecause'
    | 'retry'
    | keyof CardPlace
  >
>;

/** Adds a card at the end of its column; its `position` is computed here. One with this id that is there is left as it is. */
export function insertTask(
  db: SqlDatabase,
  { task, change, history = [] }: { task: Task; change: Change; history?: readonly TaskEvent[] },
): Task {
  const existing = db.get('SELECT * FROM tasks WHERE id = ?', task.id);
  if (existing) return taskFrom(existing);
  const position = placeInColumn(db, task, task.state, null);
  db.run(
    `INSERT INTO tasks (id, board_id, title, description, state, priority, position, agent_type_id, workspace_mode,
       repository_url, branch, include_uncommitted, labels, resources, held_because, created_by, created_from,
       created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    task.id,
    task.boardId,
    task.title,
    task.description,
    task.state,
    priorityRank(task.priority),
    position,
    task.agentTypeId,
    task.workspaceMode,
    task.repositoryUrl,
    task.branch,
    Number(task.includeUncommitted),
    JSON.stringify(task.labels),
    task.resources && JSON.stringify(task.resources),
    task.heldBecause,
    task.createdBy,
    task.createdFrom,
    task.createdAt,
    task.updatedAt,
  );
  for (const { id: eventId, from, to, ...event } of history) {
    insertTaskEvent(db, task.id, from, to, { ...event, eventId });
  }
  insertTaskEvent(db, task.id, null, task.state, change);
  return storeQueueing(db, null, { ...task, position }, change.at);
}

/** What of a card people change, and find in its history. */
const editedFields = [
  ...(['title', 'description', 'priority', 'agentTypeId', 'labels', 'resources'] as const),
  ...(['workspaceMode', 'repositoryUrl', 'branch', 'includeUncommitted'] as const),
] satisfies readonly (keyof TaskPatch)[];

/** `edit` says who has changed it, for its history; left out where nobody has. */
export function updateTask(
  db: SqlDatabase,
  {
    taskId,
    patch,
    at,
    edit,
    ifVersion,
  }: {
    taskId: string;
    patch: TaskPatch;
    at: number;
    edit?: Pick<Change, 'actor' | 'eventId'>;
    ifVersion?: number;
  },
): Task {
  const before = requireTask(db, taskId, ifVersion);
  const task = { ...before, ...patch, updatedAt: at };
  const fields = editedFields.filter((field) => !isSame(before[field], task[field]));
  if (edit && fields.length > 0) {
    const event = { ...edit, why: null, at, kind: 'edited', detail: JSON.stringify(fields) } as const;
    insertTaskEvent(db, taskId, task.state, task.state, event);
  }
  db.run(
    `UPDATE tasks SET title = ?, description = ?, priority = ?, agent_type_id = ?, workspace_mode = ?,
       repository_url = ?, branch = ?, include_uncommitted = ?, labels = ?, resources = ?, held_because = ?,
       updated_at = ?
     WHERE id = ?`,
    task.title,
    task.description,
    priorityRank(task.priority),
    task.agentTypeId,
    task.workspaceMode,
    task.repositoryUrl,
    task.branch,
    Number(task.includeUncommitted),
    JSON.stringify(task.labels),
    task.resources && JSON.stringify(task.resources),
    task.heldBecause,
    at,
    taskId,
  );
  return storeQueueing(db, before, task, at);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Writes down what somebody has done with what the card's agent has made. Nothing of a card that is gone. */
export function noteResult(
  db: SqlDatabase,
  { taskId, what, change }: { taskId: string; what: ResultChange; change: Omit<Change, 'why'> },
): void {
  const row = db.get('SELECT state FROM tasks WHERE id = ?', taskId);
  if (!row) return;
  const state = row.state as TaskState;
  insertTaskEvent(db, taskId, state, state, { ...change, why: null, kind: 'result', detail: what });
}

/**
 * The only way a card changes its state: refused where the table says no, and never without its row of history.
 * @throws UserError `refused` or `not-found`
 */
export function changeTaskState(db: SqlDatabase, change: StateChange): { task: Task; from: TaskState } {
  const before = requireTask(db, change.taskId, change.ifVersion);
  const refusal = change.isUndo
    ? refuseUndo(db, before, change.to)
    : refuseTransition(before.state, change.to);
  if (refusal) throw new UserError({ reason: 'refused', message: `“${before.title}”: ${refusal}` });
  const position = placeInColumn(db, before, change.to, change.beforeTaskId);
  const heldBecause = change.to === 'TODO' ? change.heldBecause : null;
  const { retry } = change;
  db.run(
    'UPDATE tasks SET state = ?, position = ?, held_because = ?, updated_at = ? WHERE id = ?',
    change.to,
    position,
    heldBecause,
    change.at,
    change.taskId,
  );
  insertTaskEvent(db, change.taskId, before.state, change.to, {
    ...change,
    why: change.isUndo ? takenBack : change.why,
  });
  const task: Task = { ...before, state: change.to, position, heldBecause, retry, updatedAt: change.at };
  return { task: storeQueueing(db, before, task, change.at), from: before.state };
}

/** What the history says of a change that takes the one before it back. */
const takenBack = 'A move was taken back';

/** Null where the last change of the card's state that was not taken back has led from there to where it is. */
function refuseUndo(db: SqlDatabase, { id, state }: Task, to: TaskState): string | null {
  const events = db.all(
    `SELECT to_state, why FROM task_events WHERE task_id = ? AND from_state IS NOT to_state ORDER BY at, rowid`,
    id,
  );
  const way: unknown[] = [];
  for (const { to_state: reached, why } of events) {
    if (why === takenBack) way.pop();
    else way.push(reached);
  }
  return way.at(-1) === state && way.at(-2) === to
    ? null
    : 'The move cannot be taken back: something else has happened to the card since.';
}

/** Moves a card within its column. */
export function placeTask(
  db: SqlDatabase,
  {
    taskId,
    beforeTaskId,
    at,
    ifVersion,
  }: { taskId: string; beforeTaskId: string | null; at: number; ifVersion?: number },
): Task {
  const task = requireTask(db, taskId, ifVersion);
  const position = placeInColumn(db, task, task.state, beforeTaskId);
  db.run('UPDATE tasks SET position = ?, updated_at = ? WHERE id = ?', position, at, taskId);
  return { ...task, position, updatedAt: at };
}

/**
 * Puts a card on another board: into the column of its state, before another card or at the end.
 * @throws UserError `not-found`
 */
export function setBoardOfTask(
  db: SqlDatabase,
  {
    taskId,
    boardId,
    beforeTaskId,
    change,
    ifVersion,
  }: { taskId: string; boardId: string; beforeTaskId: string | null; change: Change; ifVersion?: number },
): Task {
  const before = requireTask(db, taskId, ifVersion);
  const task = { ...before, boardId };
  const position = placeInColumn(db, task, task.state, beforeTaskId);
  db.run(
    'UPDATE tasks SET board_id = ?, position = ?, updated_at = ? WHERE id = ?',
    boardId,
    position,
    change.at,
    taskId,
  );
  const name = String(db.get('SELECT name FROM boards WHERE id = ?', boardId)?.name);
  const why = change.why ?? `Moved to the board “${name}”`;
  if (boardId !== before.boardId) insertTaskEvent(db, taskId, task.state, task.state, { ...change, why });
  return { ...task, position, updatedAt: change.at };
}

/** Takes a card off the board. It keeps all it has until it is purged. */
export function deleteTask(
  db: SqlDatabase,
  { taskId, change, ifVersion }: { taskId: string; change: Change; ifVersion?: number },
): Task {
  const task = requireTask(db, taskId, ifVersion);
  db.run('UPDATE tasks SET deleted_at = ? WHERE id = ?', change.at, taskId);
  insertTaskEvent(db, taskId, task.state, task.state, { ...change, why: change.why ?? 'Deleted' });
  return task;
}

/**
 * Puts a deleted card back where it was; where its board is deleted, at the end of its column on the first of the others.
 * @throws UserError `not-found` when it is not a deleted one, or was purged
 */
export function restoreTask(db: SqlDatabase, { taskId, change }: { taskId: string; change: Change }): Task {
  const row = db.get('SELECT * FROM tasks WHERE id = ? AND deleted_at IS NOT NULL', taskId);
  if (!row) {
    throw new UserError({ reason: 'not-found', message: 'This card is no longer among the deleted ones.' });
  }
  const task = onLivingBoard(db, taskFrom(row));
  db.run(
    'UPDATE tasks SET deleted_at = NULL, board_id = ?, position = ?, updated_at = ? WHERE id = ?',
    task.boardId,
    task.position,
    change.at,
    taskId,
  );
  insertTaskEvent(db, taskId, task.state, task.state, { ...change, why: change.why ?? 'Restored' });
  return { ...task, updatedAt: change.at };
}

function onLivingBoard(db: SqlDatabase, task: Task): Task {
  const living = db.all('SELECT id FROM boards WHERE deleted_at IS NULL ORDER BY position, created_at');
  const ids = living.map(({ id }) => String(id));
  const [boardId] = ids;
  if (boardId === undefined || ids.includes(task.boardId)) return task;
  return { ...task, boardId, position: placeInColumn(db, { ...task, boardId }, task.state, null) };
}

/**
 * Forgets the cards and the boards that were deleted before a time, with their history and runs. Returns what is gone,
 * so that the files of the runs can follow.
 */
export function purgeDeleted(
  db: SqlDatabase,
  { before }: { before: number },
): { taskIds: string[]; runIds: string[] } {
  const tasks = db.all(
    'SELECT id FROM tasks WHERE board_id IN (SELECT id FROM boards) AND deleted_at < ?',
    before,
  );
  const runs = tasks.flatMap(({ id }) =>
    db.all('SELECT id FROM agent_instances WHERE task_id = ?', id ?? null),
  );
  for (const { id } of tasks) db.run('DELETE FROM tasks WHERE id = ?', id ?? null);
  db.run(
    'DELETE FROM boards WHERE deleted_at < ? AND NOT EXISTS (SELECT 1 FROM tasks WHERE board_id = boards.id)',
    before,
  );
  return { taskIds: tasks.map(({ id }) => String(id)), runIds: runs.map(({ id }) => String(id)) };
}

/** @throws UserError `not-found` when there is no such card on a board; `changed` when it has another version by now */
function requireTask(db: SqlDatabase, taskId: string, ifVersion?: number): Task {
  const row = db.get('SELECT * FROM tasks WHERE id = ? AND deleted_at IS NULL', taskId);
  if (!row) throw new UserError({ reason: 'not-found', message: 'This card no longer exists.' });
  const task = taskFrom(row);
  if (ifVersion !== undefined && row.version !== ifVersion) throw changedMeanwhile(task.title);
  return task;
}

/** Somebody else has changed a card since it was read. */
export function changedMeanwhile(title: string): UserError {
  return new UserError({
    reason: 'changed',
    message: `“${title}” was changed meanwhile. Look at it again before you change it.`,
  });
}

export function insertTaskEvent(
  db: SqlDatabase,
  taskId: string,
  from: TaskState | null,
  to: TaskState,
  change: Change & { kind?: 'state' | 'edited' | 'result'; detail?: string },
): void {
  db.run(
    // A row of history that came in a file may be here already.
    `INSERT OR IGNORE INTO task_events (id, task_id, actor, from_state, to_state, why, at, kind, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    change.eventId,
    taskId,
    change.actor,
    from,
    to,
    change.why,
    change.at,
    change.kind ?? 'state',
    change.detail ?? null,
  );
}
