import { priorities, type Task } from '../model/task.ts';

export interface QueuePlace {
  taskId: string;
  /** From 1. */
  place: number;
  why: string;
}

/** Most urgent first, and among equals the one that has waited longest. */
export function orderQueue(waiting: readonly Task[]): Task[] {
  return [...waiting].sort(
    (a, b) =>
      priorities.indexOf(b.priority) - priorities.indexOf(a.priority) ||
      a.updatedAt - b.updatedAt ||
      a.position - b.position ||
      (a.id < b.id ? -1 : 1),
  );
}

/** How many of the queue may start now. */
export function freePlaces(running: number, limit: number): number {
  return Math.max(0, limit - running);
}

/** The place of each queued card and why it is not running yet. */
export function describeQueue(
  waiting: readonly Task[],
  running: number,
  limit: number,
  engineProblem: string | null,
): QueuePlace[] {
  return orderQueue(waiting).map((task, index) => ({
    taskId: task.id,
    place: index + 1,
    why: engineProblem ?? (running >= limit ? waitsForRoom(limit) : 'Starting'),
  }));
}

function waitsForRoom(limit: number): string {
  return limit === 1 ? 'Waiting: another agent is working' : `Waiting: ${limit} agents are working`;
}
