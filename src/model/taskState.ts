import type { TaskState } from './task.ts';

/** The table of spec: from which state a card may go to which. */
const transitions: Record<TaskState, readonly TaskState[]> = {
  BACKLOG: ['TODO', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED'],
  TODO: ['BACKLOG', 'IN_PROGRESS', 'BLOCKED', 'COMPLETED', 'CANCELLED'],
  BLOCKED: ['TODO', 'BACKLOG', 'CANCELLED'],
  IN_PROGRESS: ['TODO', 'REVIEW', 'COMPLETED', 'FAILED', 'CANCELLED'],
  REVIEW: ['IN_PROGRESS', 'COMPLETED', 'TODO', 'CANCELLED'],
  COMPLETED: ['TODO', 'BACKLOG'],
  FAILED: ['TODO', 'BACKLOG', 'COMPLETED', 'CANCELLED'],
  CANCELLED: ['TODO', 'BACKLOG'],
};

export const stateNames: Record<TaskState, string> = {
  BACKLOG: 'Backlog',
  TODO: 'To Do',
  BLOCKED: 'Blocked',
  IN_PROGRESS: 'In Progress',
  REVIEW: 'Review',
  COMPLETED: 'Done',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
};

export function nextStates(from: TaskState): readonly TaskState[] {
  return transitions[from];
}

/** Null when the change is allowed, else the reason in words a user can read. */
export function refuseTransition(from: TaskState, to: TaskState): string | null {
  if (from === to) return `The card is already in ${stateNames[to]}.`;
  if (transitions[from].includes(to)) return null;
  const allowed = transitions[from].map((state) => stateNames[state]).join(', ');
  return `A card in ${stateNames[from]} cannot go to ${stateNames[to]}. It can go to: ${allowed}.`;
}
