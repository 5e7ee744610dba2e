import type { TaskState } from '../../model/task.ts';
import type { BoardCard } from '../protocol.ts';
import { placeOf, type BoardLayout, type ColumnView } from './layout.ts';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** A gap between cards: before one of them, or at the end of the column. */
export interface Placement {
  columnId: string;
  beforeTaskId: string | null;
}

/** The input of `task.move`. */
export interface Move {
  taskId: string;
  to: TaskState;
  beforeTaskId: string | null;
}

function idAt(cards: readonly BoardCard[], index: number): string | null {
  return cards[index]?.task.id ?? null;
}

/** The gap below a card. Cards that the filter hides count, and `movedId` does not: it leaves its place. */
function gapAfter({ column, all }: ColumnView, taskId: string, movedId: string): Placement {
  const others = all.filter(({ task }) => task.id !== movedId);
  const index = others.findIndex(({ task }) => task.id === taskId);
  return { columnId: column.id, beforeTaskId: idAt(others, index + 1) };
}

/** Where a card that is dropped on the upper or lower half of another goes; null when that one is not shown. */
export function placementAtCard(
  layout: BoardLayout,
  movedId: string,
  overTaskId: string,
  edge: 'top' | 'bottom',
): Placement | null {
  const place = placeOf(layout, overTaskId);
  if (!place) return null;
  if (edge === 'bottom' && overTaskId !== movedId) return gapAfter(place.view, overTaskId, movedId);
  return { columnId: place.view.column.id, beforeTaskId: overTaskId };
}

/** Where an Alt+arrow key puts a card: past its neighbour, or at the end of the column beside; null at the edge. */
export function placementByKey(layout: BoardLayout, taskId: string, direction: Direction): Placement | null {
  const place = placeOf(layout, taskId);
  if (!place) return null;
  const { columnIndex, index, view } = place;
  switch (direction) {
    case 'up': {
      const above = idAt(view.cards, index - 1);
      return above === null ? null : { columnId: view.column.id, beforeTaskId: above };
    }
    case 'down': {
      const below = idAt(view.cards, index + 1);
      return below === null ? null : gapAfter(view, below, taskId);
    }
    case 'left':
    case 'right': {
      const beside = layout.columns[columnIndex + (direction === 'left' ? -1 : 1)];
      return beside ? { columnId: beside.column.id, beforeTaskId: null } : null;
    }
  }
}

/** The move that puts a card there; null when it is there already. A card keeps its state within its column. */
export function moveTo(layout: BoardLayout, card: BoardCard, placement: Placement): Move | null {
  const { columnId, beforeTaskId } = placement;
  const taskId = card.task.id;
  const target = layout.columns.find(({ column }) => column.id === columnId);
  if (!target || beforeTaskId === taskId) return null;
  const index = target.all.findIndex(({ task }) => task.id === taskId);
  if (index < 0) return { taskId, to: target.column.states[0], beforeTaskId };
  if (idAt(target.all, index + 1) === beforeTaskId) return null;
  return { taskId, to: card.task.state, beforeTaskId };
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
