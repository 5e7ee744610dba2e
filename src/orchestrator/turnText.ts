import type { Task } from '../model/task.ts';

/** What an agent is told that has stood still. */
export const nudgeText =
  'You have not made any progress for a while, so your turn was cancelled. Please go on with the task.';

/** What the agent is asked to do: the card's title and its text. */
export function promptOf(task: Pick<Task, 'title' | 'description'>): string {
  return task.description.trim() === '' ? task.title : `${task.title}\n\n${task.description}`;
}

/** The line of the transcript for a stop reason, known or not. */
export function describeEnd(stopReason: string): string {
  switch (stopReason) {
    case 'end_turn':
      return 'Finished';
    case 'cancelled':
      return 'Cancelled';
    case 'max_tokens':
      return 'Stopped: the limit of tokens was reached';
    case 'max_turn_requests':
      return 'Stopped: the limit of requests was reached';
    case 'refusal':
      return 'The agent refused to go on';
    default:
      return `Ended: ${stopReason}`;
  }
}
