import type { CardMove } from '../../model/task.ts';
import type { BoardCard } from '../protocol.ts';
import { placeOf, type BoardLayout, type ColumnView } from './layout.ts';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** A gap between cards: before one of them, or at the end of the column. */
export interface Placement {
  columnId: string;
  beforeTaskId: string | null;
}

function idAt(cards: readonly BoardCard[], index: number): string | null {
  return cards[index]?.task.id ?? null;
}

/** The gap below a card. Cards that the filter hides count, and those that are moved do not: they leave their place. */
function gapAfter({ column, all }: ColumnView, taskId: string, moved: readonly string[]): Placement {
  const index = all.findIndex(({ task }) => task.id === taskId);
  const next = all.slice(index + 1).find(({ task }) => !moved.includes(task.id));
  return { columnId: column.id, beforeTaskId: next?.task.id ?? null };
}

/** Where cards that are dropped on the upper or lower half of another go; null when that one is not shown. */
export function placementAtCard(
  layout: BoardLayout,
  moved: readonly string[],
  overTaskId: string,
  edge: 'top' | 'bottom',
): Placement | null {
  const place = placeOf(layout, overTaskId);
  if (!place) return null;
  if (edge === 'bottom' && !moved.includes(overTaskId)) return gapAfter(place.view, overTaskId, moved);
  return { columnId: place.view.column.id, beforeTaskId: overTaskId };
}

/**
 * Where an Alt+arrow key puts a card and those that are moved with it: past its neighbour, or at the end of the column
 * beside; null at the edge. Up and down only those of its column go with it.
 */
export function placementByKey(
  layout: BoardLayout,
  taskId: string,
  moved: readonly string[],
  direction: Direction,
): (Placement & { moved: readonly string[] }) | null {
  const place = placeOf(layout, taskId);
  if (!place) return null;
  const { columnIndex, view } = place;
  if (direction === 'left' || direction === 'right') {
    const beside = layout.columns[columnIndex + (direction === 'left' ? -1 : 1)];
    return beside ? { columnId: beside.column.id, beforeTaskId: null, moved } : null;
  }
  const ids = view.cards.map(({ task }) => task.id);
  const group = ids.filter((id) => moved.includes(id));
  const past =
    direction === 'up'
      ? ids[ids.indexOf(group[0] ?? taskId) - 1]
      : ids[ids.indexOf(group.at(-1) ?? taskId) + 1];
  if (past === undefined) return null;
  const gap =
    direction === 'up' ? { columnId: view.column.id, beforeTaskId: past } : gapAfter(view, past, group);
  return { ...gap, moved: group };
}

/**
 * The moves that put cards there, in their order; none when they stand there already. A card keeps its state within its
 * column.
 */
export function movesTo(layout: BoardLayout, cards: readonly BoardCard[], placement: Placement): CardMove[] {
  const target = layout.columns.find(({ column }) => column.id === placement.columnId);
  if (!target) return [];
  const moved = new Set(cards.map(({ task }) => task.id));
  const ids = target.all.map(({ task }) => task.id);
  const wanted = ids.findIndex((id) => id === placement.beforeTaskId);
  const beforeTaskId = wanted < 0 ? null : (ids.slice(wanted).find((id) => !moved.has(id)) ?? null);
  const others = ids.filter((id) => !moved.has(id));
  const gap = beforeTaskId === null ? others.length : others.indexOf(beforeTaskId);
  const after = [...others.slice(0, gap), ...moved, ...others.slice(gap)];
  if (after.length === ids.length && after.every((id, index) => id === ids[index])) return [];
  return cards.map(({ task }) => ({
    taskId: task.id,
    to: ids.includes(task.id) ? task.state : target.column.states[0],
    beforeTaskId,
  }));
}

/** The card that an arrow key leads to; sideways to the nearest column that shows cards. Null at the edge. */
export function neighbourOf(layout: BoardLayout, taskId: string, direction: Direction): string | null {
  const place = placeOf(layout, taskId);
  if (!place) return null;
  const { columnIndex, index, view } = place;
  if (direction === 'up') return idAt(view.cards, index - 1);
  if (direction === 'down') return idAt(view.cards, index + 1);
  const beside =
    direction === 'left'
      ? layout.columns.slice(0, columnIndex).reverse()
      : layout.columns.slice(columnIndex + 1);
  const cards = beside.find((column) => column.cards.length > 0)?.cards ?? [];
  return idAt(cards, Math.min(index, cards.length - 1));
}

/** The first or last card of the column of a card. */
export function edgeOf(layout: BoardLayout, taskId: string, edge: 'first' | 'last'): string | null {
  const cards = placeOf(layout, taskId)?.view.cards ?? [];
  return idAt(cards, edge === 'first' ? 0 : cards.length - 1);
}

/** The card that takes the focus when this one goes away: the next, else the one before, else one beside. */
export function heirOf(layout: BoardLayout, taskId: string): string | null {
  for (const direction of ['down', 'up', 'right', 'left'] as const) {
    const heir = neighbourOf(layout, taskId, direction);
    if (heir !== null) return heir;
  }
  return null;
}
