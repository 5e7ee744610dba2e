import type { Board, DeletedBoard } from '../model/board.ts';
import type { Dependency } from '../model/dependencies.ts';
import type { PermissionRequest } from '../model/permission.ts';
import { presetFor, type ApprovalPreset } from '../model/permissionRule.ts';
import { compareQueued } from '../model/queueOrder.ts';
import { noComments, type ReviewCounts } from '../model/review.ts';
import { isLive, runStates, type Run } from '../model/run.ts';
import type { DeletedTask, Task, TaskEvent } from '../model/task.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import { dependenciesOf } from './dependencyStore.ts';
import { reviewCounts } from './reviewStore.ts';
import { presets } from './ruleStore.ts';
import {
  boardFrom,
  permissionRequestFrom,
  runFrom,
  taskEventFrom,
  taskFrom,
  transcriptEntryFrom,
} from './rows.ts';
import type { Row, SqlDatabase } from './sqlDatabase.ts';

/** A card as the database knows it; the queue adds its place. */
export interface StoredCard {
  task: Task;
  /** Rises with each change of the card, over all cards of the board. */
  version: number;
  run: Run | null;
  permissions: PermissionRequest[];
  /** What becomes of requests of its agent that no rule decides. */
  approvals: ApprovalPreset;
  /** What it depends on. */
  dependencies: Dependency[];
  /** The title of the card whose agent has created it. */
  origin: string | null;
  /** Its comments on what the agent has made. */
  review: ReviewCounts;
}

export function boards(db: SqlDatabase): Board[] {
  return db.all('SELECT * FROM boards WHERE deleted_at IS NULL ORDER BY position, created_at').map(boardFrom);
}

/** The boards that were deleted and can be brought back, the last deleted first. */
export function deletedBoards(db: SqlDatabase): DeletedBoard[] {
  return db
    .all(
      `SELECT *, (SELECT count(*) FROM tasks WHERE board_id = boards.id AND tasks.deleted_at = boards.deleted_at)
         AS cards FROM boards WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC`,
    )
    .map((row) => ({ board: boardFrom(row), deletedAt: Number(row.deleted_at), cards: Number(row.cards) }));
}

/** The cards of all boards; with a board those of a deleted one are deleted as well. */
export function allCards(db: SqlDatabase): StoredCard[] {
  const rows = db.all(
    `SELECT * FROM tasks WHERE board_id IN (SELECT id FROM boards) AND deleted_at IS NULL
     ORDER BY state, position`,
  );
  return cardsOf(db, rows);
}

export function boardCards(db: SqlDatabase, { boardId }: { boardId: string }): StoredCard[] {
  const rows = db.all(
    'SELECT * FROM tasks WHERE board_id = ? AND deleted_at IS NULL ORDER BY state, position',
    boardId,
  );
  return cardsOf(db, rows);
}

export function cards(db: SqlDatabase, { taskIds }: { taskIds: readonly string[] }): StoredCard[] {
  const rows = db.all(
    `SELECT tasks.* FROM json_each(?) AS wanted JOIN tasks ON tasks.id = wanted.value
     WHERE tasks.deleted_at IS NULL ORDER BY wanted.key`,
    JSON.stringify(taskIds),
  );
  return cardsOf(db, rows);
}

/** How far a card is from the one that a person has created, and how many its own agents have: deleted ones, too. */
export function lineage(db: SqlDatabase, { taskId }: { taskId: string }): { depth: number; created: number } {
  const originOf = (id: string): string | null =>
    (db.get('SELECT created_from FROM tasks WHERE id = ?', id)?.created_from ?? null) as string | null;
  let depth = 0;
  for (let origin = originOf(taskId); origin !== null; origin = originOf(origin)) depth++;
  const row = db.get('SELECT count(*) AS created FROM tasks WHERE created_from = ?', taskId);
  return { depth, created: Number(row?.created) };
}

/** The cards that the agents of a card have created, the first one first. */
export function createdCards(db: SqlDatabase, { taskId }: { taskId: string }): StoredCard[] {
  const rows = db.all(
    'SELECT * FROM tasks WHERE created_from = ? AND deleted_at IS NULL ORDER BY created_at',
    taskId,
  );
  return cardsOf(db, rows);
}

/** The cards of all boards that have changed since a version, in the order of their last changes. */
export function changedCards(
  db: SqlDatabase,
  { afterVersion, limit }: { afterVersion: number; limit: number },
): { cards: StoredCard[]; deleted: { taskId: string; boardId: string; version: number }[] } {
  const rows = db.all('SELECT * FROM tasks WHERE version > ? ORDER BY version LIMIT ?', afterVersion, limit);
  return {
    cards: cardsOf(
      db,
      rows.filter((row) => row.deleted_at === null),
    ),
    deleted: rows
      .filter((row) => row.deleted_at !== null)
      .map((row) => ({
        taskId: String(row.id),
        boardId: String(row.board_id),
        version: Number(row.version),
      })),
  };
}

/** The ids of the runs of each of these cards beyond its newest `keep`. */
export function oldRuns(
  db: SqlDatabase,
  { taskIds, keep }: { taskIds: readonly string[]; keep: number },
): string[] {
  return taskIds.flatMap((taskId) =>
    db
      .all(
        'SELECT id FROM agent_instances WHERE task_id = ? ORDER BY created_at DESC LIMIT -1 OFFSET ?',
        taskId,
        keep,
      )
      .map(({ id }) => String(id)),
  );
}

/** The cards of all boards that were deleted and can be brought back, the last deleted first. */
export function deletedTasks(db: SqlDatabase): DeletedTask[] {
  return db
    .all(
      `SELECT tasks.*, boards.name AS board_name, boards.deleted_at AS board_deleted_at
       FROM boards CROSS JOIN tasks ON tasks.board_id = boards.id AND tasks.deleted_at IS NOT NULL
       ORDER BY tasks.deleted_at DESC, tasks.rowid`,
    )
    .map((row) => ({
      task: taskFrom(row),
      board: { name: String(row.board_name), isDeleted: row.board_deleted_at !== null },
      deletedAt: Number(row.deleted_at),
    }));
}

/** Cards that wait for an agent, in the order of the queue. */
export function waitingTasks(db: SqlDatabase): Task[] {
  return db
    .all(
      `SELECT * FROM tasks WHERE state = 'TODO' AND deleted_at IS NULL AND agent_type_id IS NOT NULL
       AND held_because IS NULL`,
    )
    .map(taskFrom)
    .sort(compareQueued);
}

export function run(db: SqlDatabase, { runId }: { runId: string }): Run | null {
  return db.all('SELECT * FROM agent_instances WHERE id = ?', runId).map(runFrom)[0] ?? null;
}

/** All runs of a card, the newest first. */
export function runsOfTask(db: SqlDatabase, { taskId }: { taskId: string }): Run[] {
  return db
    .all('SELECT * FROM agent_instances WHERE task_id = ? ORDER BY created_at DESC, rowid DESC', taskId)
    .map(runFrom);
}

export function liveRuns(db: SqlDatabase): Run[] {
  const live = runStates.filter(isLive);
  return db
    .all(`SELECT * FROM agent_instances WHERE state IN (${live.map(() => '?').join(', ')})`, ...live)
    .map(runFrom);
}

/** Every card somebody is at work on, to see after a restart which of them nobody is. */
export function tasksInProgress(db: SqlDatabase): Task[] {
  return db.all(`SELECT * FROM tasks WHERE state = 'IN_PROGRESS' AND deleted_at IS NULL`).map(taskFrom);
}

export function openPermissionRequests(db: SqlDatabase): PermissionRequest[] {
  return db
    .all(`SELECT * FROM permission_requests WHERE state = 'open' ORDER BY requested_at`)
    .map(permissionRequestFrom);
}

/** All runs of a card, the first one first. */
export function taskRuns(db: SqlDatabase, { taskId }: { taskId: string }): Run[] {
  return db
    .all('SELECT * FROM agent_instances WHERE task_id = ? ORDER BY created_at, rowid', taskId)
    .map(runFrom);
}

export function taskHistory(db: SqlDatabase, { taskId }: { taskId: string }): TaskEvent[] {
  return db
    .all(`SELECT * FROM task_events WHERE task_id = ? AND kind = 'state' ORDER BY at`, taskId)
    .map(taskEventFrom);
}

/** The kinds of tools that a run's agent has used, or has begun to. */
export function toolKinds(db: SqlDatabase, { runId }: { runId: string }): string[] {
  const rows = db.all(
    `SELECT DISTINCT json_extract(data, '$.kind') AS kind FROM acp_messages
     WHERE run_id = ? AND kind = 'tool_call' AND json_extract(data, '$.status') <> 'pending'`,
    runId,
  );
  return rows.map(({ kind }) => String(kind));
}

export function transcript(
  db: SqlDatabase,
  { runId, beforeSeq, limit }: { runId: string; beforeSeq: number | null; limit: number },
): TranscriptEntry[] {
  return db
    .all(
      'SELECT * FROM acp_messages WHERE run_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?',
      runId,
      beforeSeq ?? Number.MAX_SAFE_INTEGER,
      limit,
    )
    .map(transcriptEntryFrom)
    .reverse();
}

/** What has been added to or changed in the transcripts of a card's runs since a `rev`, in that order. */
export function changedEntries(
  db: SqlDatabase,
  { taskId, afterRev, limit }: { taskId: string; afterRev: number; limit: number },
): { rev: number; entry: TranscriptEntry }[] {
  return db
    .all(
      'SELECT * FROM acp_messages WHERE task_id = ? AND rev > ? ORDER BY rev LIMIT ?',
      taskId,
      afterRev,
      limit,
    )
    .map((row) => ({ rev: Number(row.rev), entry: transcriptEntryFrom(row) }));
}

/**
 * The latest run and the open questions of each card. Six statements for any number of cards, and one for each that an agent has created; all open questions are
 * read, because there are never many.
 */
function cardsOf(db: SqlDatabase, taskRows: readonly Row[]): StoredCard[] {
  const ids = JSON.stringify(taskRows.map(({ id }) => id));
  const runs = db.all(
    `SELECT agent_instances.* FROM json_each(?) AS wanted JOIN agent_instances ON agent_instances.rowid = (
       SELECT rowid FROM agent_instances WHERE task_id = wanted.value ORDER BY created_at DESC, rowid DESC LIMIT 1)`,
    ids,
  );
  const cards = new Map<string, StoredCard>();
  const choices = presets(db);
  const reviews = reviewCounts(db, { taskIds: taskRows.map(({ id }) => String(id)) });
  for (const row of taskRows) {
    const task = taskFrom(row);
    const review = reviews.get(task.id) ?? noComments;
    const version = Number(row.version);
    const approvals = presetFor(choices, task);
    const origin = task.createdFrom === null ? null : titleOf(db, task.createdFrom);
    const own = { task, version, approvals, origin, review };
    cards.set(task.id, { ...own, run: null, permissions: [], dependencies: [] });
  }
  for (const run of runs.map(runFrom)) {
    const card = cards.get(run.taskId);
    if (card) card.run = run;
  }
  for (const request of openPermissionRequests(db)) cards.get(request.taskId)?.permissions.push(request);
  for (const { dependentId, ...dependency } of dependenciesOf(db, { taskIds: [...cards.keys()] })) {
    cards.get(dependentId)?.dependencies.push(dependency);
  }
  return [...cards.values()];
}

function titleOf(db: SqlDatabase, taskId: string): string | null {
  const row = db.get('SELECT title FROM tasks WHERE id = ?', taskId);
  return row ? String(row.title) : null;
}
