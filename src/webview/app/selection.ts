import { placeOf, type BoardLayout } from './layout.ts';

/** The cards that are selected besides the one that has the focus; what a command does to one of them, it does to all. */
export type Selection = ReadonlySet<string>;

export const noSelection: Selection = new Set();

export function toggled(selected: Selection, taskId: string): Selection {
  const next = new Set(selected);
  if (!next.delete(taskId)) next.add(taskId);
  return next;
}

/** Every card that is shown, column by column. */
export function shownIds({ columns }: BoardLayout): string[] {
  return columns.flatMap(({ cards }) => cards.map(({ task }) => task.id));
}

/** The cards from one to another of its column, both included; only the latter where they stand in two. */
export function rangeOf(layout: BoardLayout, fromId: string, toId: string): string[] {
  const from = placeOf(layout, fromId);
  const to = placeOf(layout, toId);
  if (!to) return [];
  if (from?.columnIndex !== to.columnIndex) return [toId];
  const [first, last] = from.index < to.index ? [from.index, to.index] : [to.index, from.index];
  return to.view.cards.slice(first, last + 1).map(({ task }) => task.id);
}

/** Without the cards that are not shown any more: nothing is done to a card that nobody sees. */
export function pruned(selected: Selection, layout: BoardLayout): Selection {
  if (selected.size === 0) return selected;
  const kept = shownIds(layout).filter((taskId) => selected.has(taskId));
  if (kept.length === selected.size) return selected;
  return kept.length === 0 ? noSelection : new Set(kept);
}

/** What a command on a card is for: all that are selected where it is one of them, in the order of the board. */
export function targetsOf(layout: BoardLayout, selected: Selection, taskId: string): string[] {
  if (!selected.has(taskId)) return [taskId];
  return shownIds(layout).filter((each) => selected.has(each));
}
