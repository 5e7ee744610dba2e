import type { CardView } from '../model/cardView.ts';
import { taskStates, type Priority, type TaskState } from '../model/task.ts';
import { Refusal } from './problem.ts';
import { needsYou } from './cards.ts';

export interface TaskFilter {
  boardId?: string | undefined;
  state?: readonly TaskState[] | undefined;
  priority?: readonly Priority[] | undefined;
  agentTypeId?: string | undefined;
  label?: string | undefined;
  text?: string | undefined;
  needsYou?: boolean | undefined;
  updatedSince?: number | undefined;
}

/** Where a page ends: behind this card, also when it is gone by then. */
interface Place {
  state: number;
  position: number;
  id: string;
}

/** The cards that a filter lets through, as the boards have them: by state, from the top of each column. */
export function filtered(cards: readonly CardView[], filter: TaskFilter): CardView[] {
  const text = filter.text?.toLowerCase();
  return cards
    .filter((card) => {
      const { task } = card;
      return (
        (filter.boardId === undefined || task.boardId === filter.boardId) &&
        (filter.state?.includes(task.state) ?? true) &&
        (filter.priority?.includes(task.priority) ?? true) &&
        (filter.agentTypeId === undefined || task.agentTypeId === filter.agentTypeId) &&
        (filter.label === undefined || task.labels.includes(filter.label)) &&
        (filter.needsYou === undefined || needsYou(card) === filter.needsYou) &&
        task.updatedAt >= (filter.updatedSince ?? 0) &&
        (text === undefined || `${task.title}\n${task.description}`.toLowerCase().includes(text))
      );
    })
    .sort((a, b) => compare(placeOf(a), placeOf(b)));
}

/** One page of a list. @throws Refusal for a cursor that is none of ours */
export function paged(
  cards: readonly CardView[],
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): { items: readonly CardView[]; next: string | null } {
  const after = cursor === undefined ? null : placeFrom(cursor);
  const rest = after === null ? cards : cards.filter((card) => compare(placeOf(card), after) > 0);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const next = last && rest.length > limit ? cursorOf(placeOf(last)) : null;
  return { items, next };
}

function placeOf({ task: { state, position, id } }: CardView): Place {
  return { state: taskStates.indexOf(state), position, id };
}

function compare(a: Place, b: Place): number {
  return a.state - b.state || a.position - b.position || (a.id < b.id ? -1 : Number(a.id > b.id));
}

function cursorOf({ state, position, id }: Place): string {
  return Buffer.from(JSON.stringify([state, position, id])).toString('base64url');
}

function placeFrom(cursor: string): Place {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts)) {
      const [state, position, id] = parts as unknown[];
      if (typeof state === 'number' && typeof position === 'number' && typeof id === 'string') {
        return { state, position, id };
      }
    }
  } catch {
    // Told of below.
  }
  const errors = [{ field: 'query.cursor', message: 'Take it from the answer before.' }];
  throw new Refusal(400, 'invalid-input', 'query.cursor: Take it from the answer before.', { errors });
}
