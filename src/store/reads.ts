import type { Board } from '../model/board.ts';
import type { PermissionRequest } from '../model/permission.ts';
import { isLive, runStates, type Run } from '../model/run.ts';
import type { Task, TaskEvent } from '../model/task.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
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
  run: Run | null;
  permissions: PermissionRequest[];
}

export function boards(db: SqlDatabase): Board[] {
  return db.all('SELECT * FROM boards ORDER BY created_at').map(boardFrom);
}

export function boardCards(db: SqlDatabase, { boardId }: { boardId: string }): StoredCard[] {
  return cardsOf(db, db.all('SELECT * FROM tasks WHERE board_id = ? ORDER BY state, position', boardId));
}

export function cards(db: SqlDatabase, { taskIds }: { taskIds: readonly string[] }): StoredCard[] {
  const rows = taskIds.flatMap((id) => db.all('SELECT * FROM tasks WHERE id = ?', id));
  return cardsOf(db, rows);
}

/** Cards that wait for an agent, for the queue to order. */
export function waitingTasks(db: SqlDatabase): Task[] {
  return db
    .all(`SELECT * FROM tasks WHERE state = 'TODO' AND agent_type_id IS NOT NULL AND held_because IS NULL`)
    .map(taskFrom);
}

export function liveRuns(db: SqlDatabase): Run[] {
  const live = runStates.filter(isLive);
  return db
    .all(`SELECT * FROM agent_instances WHERE state IN (${live.map(() => '?').join(', ')})`, ...live)
    .map(runFrom);
}

/** Every card somebody is at work on, to see after a restart which of them nobody is. */
export function tasksInProgress(db: SqlDatabase): Task[] {
  return db.all(`SELECT * FROM tasks WHERE state = 'IN_PROGRESS'`).map(taskFrom);
}

export function openPermissionRequests(db: SqlDatabase): PermissionRequest[] {
  return db
    .all(`SELECT * FROM permission_requests WHERE state = 'open' ORDER BY requested_at`)
    .map(permissionRequestFrom);
}

export function taskHistory(db: SqlDatabase, { taskId }: { taskId: string }): TaskEvent[] {
  return db.all('SELECT * FROM task_events WHERE task_id = ? ORDER BY at', taskId).map(taskEventFrom);
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

function cardsOf(db: SqlDatabase, taskRows: readonly Row[]): StoredCard[] {
  return taskRows.map((row) => {
    const task = taskFrom(row);
    const runRow = db.get(
      'SELECT * FROM agent_instances WHERE task_id = ? ORDER BY created_at DESC, rowid DESC LIMIT 1',
      task.id,
    );
    const permissions = db
      .all(
        `SELECT * FROM permission_requests WHERE task_id = ? AND state = 'open' ORDER BY requested_at`,
        task.id,
      )
      .map(permissionRequestFrom);
    return { task, run: runRow ? runFrom(runRow) : null, permissions };
  });
}
