import type { Task, TaskState } from '../model/task.ts';
import type { TaskService } from '../tasks/taskService.ts';
import { runEnded } from './refusals.ts';
import type { LiveRuns } from './liveRuns.ts';

export interface MoveRequest {
  taskId: string;
  to: TaskState;
  beforeTaskId: string | null;
  stopRun: boolean;
  /** It takes the last move back; with what held the card where it was before. */
  undo?: { heldBecause: string | null };
  why?: string;
  /** Refused with `changed` when the card has another version by now; not looked at again once a run was stopped. */
  ifVersion?: number | undefined;
}

/**
 * Puts a card back where its last move has taken it from, also where the table of states knows no such way.
 * @throws UserError `refused` when something else has happened to it since, or an agent would have to go on that has ended
 */
export async function takeBackMove(
  { tasks, live }: { tasks: TaskService; live: Pick<LiveRuns, 'endIdle'> },
  task: Task,
  { to, beforeTaskId, undo }: MoveRequest,
  actor: string,
): Promise<Task> {
  // The database is the truth: no card may look as if somebody were at work on it.
  if (to === 'IN_PROGRESS' && task.agentTypeId !== null) throw runEnded(task);
  const held = undo?.heldBecause ?? null;
  const moved = await tasks.changeState(task.id, {
    ...{ to, actor, beforeTaskId, isUndo: true },
    ...(held === null ? {} : { heldBecause: held }),
  });
  if (to !== 'REVIEW' && to !== 'IN_PROGRESS') await live.endIdle(task.id);
  return moved;
}
