import { UserError } from '../model/failure.ts';
import { moveInQueue, queueOrderAfter } from '../model/queueOrder.ts';
import type { QueuePause, Task } from '../model/task.ts';
import { waitingTasks } from './reads.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

export type QueueMove = 'up' | 'down' | 'top';

/** Stores what the queue needs to know of a card that was changed, and returns the card with it. */
export function storeQueueing(db: SqlDatabase, before: Task | null, after: Task, at: number): Task {
  const task = { ...after, queueOrder: queueOrderAfter(before, after, at) };
  if (before?.queueOrder === task.queueOrder && before.retry === task.retry) return task;
  db.run(
    'UPDATE tasks SET queue_order = ?, retry = ? WHERE id = ?',
    task.queueOrder,
    task.retry && JSON.stringify(task.retry),
    task.id,
  );
  return task;
}

/**
 * Moves a card within the queue, and returns all cards whose order has changed with that.
 * @throws UserError `refused` when the card is not queued
 */
export function moveQueued(
  db: SqlDatabase,
  { taskId, to }: { taskId: string; to: QueueMove },
): { task: Task; changed: Task[] } {
  const queue = waitingTasks(db);
  const from = queue.findIndex(({ id }) => id === taskId);
  const task = queue[from];
  if (!task) throw new UserError({ reason: 'refused', message: 'This card is not in the queue.' });
  const place = to === 'top' ? 0 : Math.min(queue.length - 1, Math.max(0, from + (to === 'up' ? -1 : 1)));
  if (place === from) return { task, changed: [] };
  const orders = moveInQueue(
    queue.map(({ queueOrder }) => queueOrder ?? 0),
    from,
    place,
  );
  const moved = queue.map((each, index) => ({ ...each, queueOrder: orders[index] ?? 0 }));
  const changed = moved.filter((each, index) => each.queueOrder !== queue[index]?.queueOrder);
  for (const { id, queueOrder } of changed) {
    db.run('UPDATE tasks SET queue_order = ? WHERE id = ?', queueOrder, id);
  }
  return { task: moved[from] ?? task, changed };
}

/** Null lets the queue go on. */
export function setQueuePause(db: SqlDatabase, { pause }: { pause: QueuePause | null }): void {
  if (pause === null) db.run('DELETE FROM meta WHERE key = ?', 'queue_pause');
  else db.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', 'queue_pause', JSON.stringify(pause));
}

export function queuePause(db: SqlDatabase): QueuePause | null {
  const row = db.get('SELECT value FROM meta WHERE key = ?', 'queue_pause');
  return row ? (JSON.parse(String(row.value)) as QueuePause) : null;
}
