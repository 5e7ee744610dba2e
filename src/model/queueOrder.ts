import { priorities, type Priority, type Task } from './task.ts';

/** By how much waiting one level of priority is made up for. */
export const levelMs = 60 * 60_000;

type Queueable = Pick<Task, 'state' | 'priority' | 'agentTypeId' | 'heldBecause'>;

/** Whether a card waits for an agent. */
function isQueued({ state, agentTypeId, heldBecause }: Queueable): boolean {
  return state === 'TODO' && agentTypeId !== null && heldBecause === null;
}

/**
 * The time since which a card counts as queued: the queue goes by it, the earliest first. Each level of priority counts
 * as an hour of waiting, so that a waiting card rises above those that come later, however urgent they are.
 *
 * @param at when it was queued, in milliseconds since the epoch
 */
export function queueOrderOf(priority: Priority, at: number): number {
  return at - rank(priority) * levelMs;
}

/** The order of a card after a change of it; null when it is not queued. It keeps its place in all that it can. */
export function queueOrderAfter(
  before: (Queueable & Pick<Task, 'queueOrder'>) | null,
  after: Queueable,
  at: number,
): number | null {
  if (!isQueued(after)) return null;
  const order = before?.queueOrder ?? null;
  if (before === null || order === null) return queueOrderOf(after.priority, at);
  return order - (rank(after.priority) - rank(before.priority)) * levelMs;
}

/** The earliest first; what is the same time goes by its place on the board. */
export function compareQueued(
  a: Pick<Task, 'id' | 'position' | 'queueOrder'>,
  b: Pick<Task, 'id' | 'position' | 'queueOrder'>,
): number {
  return (
    (a.queueOrder ?? Number.MAX_VALUE) - (b.queueOrder ?? Number.MAX_VALUE) ||
    a.position - b.position ||
    (a.id < b.id ? -1 : 1)
  );
}

/**
 * The orders of the queue's cards after one of them was moved to another place. They share out the same times anew, so
 * that cards which come later find the queue as it was.
 *
 * @param orders as they are now, ascending
 * @param from, to places from 0
 * @returns the order of each card, by its old place
 */
export function moveInQueue(orders: readonly number[], from: number, to: number): number[] {
  const times: number[] = [];
  for (const order of orders) times.push(Math.max(order, (times.at(-1) ?? -Infinity) + 1));
  const places = orders.map((_, place) => place);
  places.splice(to, 0, ...places.splice(from, 1));
  const moved = new Array<number>(orders.length);
  for (const [place, oldPlace] of places.entries()) moved[oldPlace] = times[place] ?? 0;
  return moved;
}

function rank(priority: Priority): number {
  return priorities.indexOf(priority);
}
