import type { TaskState } from './task.ts';
import { stateNames } from './taskState.ts';

/** A card that another one waits for. */
export interface Dependency {
  taskId: string;
  title: string;
  state: TaskState;
}

/**
 * The way around, if a card may not depend on another because that one, by others or not, depends on it: the ids from
 * the card over those between back to it. Null when there is none.
 *
 * @param dependsOn what each card depends on
 */
export function cycleThrough(
  taskId: string,
  otherId: string,
  dependsOn: (taskId: string) => readonly string[],
): string[] | null {
  const seen = new Set<string>();
  const ways: string[][] = [[taskId, otherId]];
  for (let way = ways.shift(); way; way = ways.shift()) {
    const last = way.at(-1) ?? '';
    if (last === taskId) return way;
    if (seen.has(last)) continue;
    seen.add(last);
    for (const next of dependsOn(last)) ways.push([...way, next]);
  }
  return null;
}

export function openDependencies(dependencies: readonly Dependency[]): Dependency[] {
  return dependencies.filter(({ state }) => state !== 'COMPLETED');
}

/** What a card waits for, in words; null when it waits for no other. One that will not be done by itself comes first. */
export function whyBlocked(dependencies: readonly Dependency[]): string | null {
  const open = openDependencies(dependencies);
  const stuck = open.find(({ state }) => state === 'FAILED' || state === 'CANCELLED');
  if (stuck) {
    const what = stuck.state === 'FAILED' ? 'has failed' : 'was cancelled';
    return `Waits for “${stuck.title}”, which ${what}`;
  }
  const [first, ...others] = open;
  if (!first) return null;
  if (others.length === 0) return `Waits for “${first.title}” (${stateNames[first.state]})`;
  const more = others.length === 1 ? 'one more card' : `${others.length} more cards`;
  return `Waits for “${first.title}” and ${more}`;
}
