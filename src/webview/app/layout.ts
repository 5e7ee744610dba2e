import { columnOf, type Board, type Column } from '../../model/board.ts';
import { cardMatcher, type CardFilter } from '../../model/cardFilter.ts';
import type { BoardCard } from '../protocol.ts';

export interface ColumnView {
  column: Column;
  /** Every card of the column, in its order. */
  all: readonly BoardCard[];
  /** How many of them the filter lets through. */
  matching: number;
  /** Those that are drawn: the ones that the filter lets through, and none where the column is collapsed. */
  cards: readonly BoardCard[];
}

/** What stands where on the board. */
export interface BoardLayout {
  /** The columns to draw, from left to right. */
  columns: readonly ColumnView[];
  /** How many columns are not shown, and how many cards stand in them. */
  hidden: { columns: number; cards: number };
  /** How many cards there are, and how many the filter lets through. */
  total: number;
  shown: number;
}

function byPosition({ task: a }: BoardCard, { task: b }: BoardCard): number {
  return a.position - b.position || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

export interface LayoutInput {
  board: Board;
  cards: Iterable<BoardCard>;
  filter: CardFilter;
  agentName: (agentTypeId: string) => string;
}

/**
 * Sorts the cards into the board's columns. A column that is as it was in `previous` stays the same object, so that
 * only columns that have changed are drawn again.
 */
export function layOut(
  { board, cards, filter, agentName }: LayoutInput,
  previous?: BoardLayout,
): BoardLayout {
  const matches = cardMatcher(filter);
  const byColumn = new Map<string, BoardCard[]>(board.columns.map(({ id }) => [id, []]));
  for (const card of cards) {
    const column = columnOf(board.columns, card.task.state);
    if (column) byColumn.get(column.id)?.push(card);
  }
  const drawn = new Map(previous?.columns.map((view) => [view.column.id, view]));
  const columns = board.columns
    .map((column): ColumnView => {
      const all = (byColumn.get(column.id) ?? []).sort(byPosition);
      const visible = all.filter((card) => {
        const { agentTypeId } = card.task;
        return matches(card, agentTypeId === null ? '' : agentName(agentTypeId));
      });
      const before = drawn.get(column.id);
      const cards = column.isCollapsed === true ? [] : visible;
      const matching = visible.length;
      const unchanged =
        before?.column === column &&
        before.matching === matching &&
        sameItems(before.all, all) &&
        sameItems(before.cards, cards);
      return unchanged ? before : { column, all, matching, cards };
    })
    .filter(({ column, all }) => all.length > 0 || !column.hideWhenEmpty);
  const shown = columns.filter(({ column }) => column.isHidden !== true);
  const hidden = columns.filter(({ column }) => column.isHidden === true);
  const cardsIn = (views: readonly ColumnView[]) => views.reduce((sum, { all }) => sum + all.length, 0);
  return {
    columns: shown,
    hidden: { columns: hidden.length, cards: cardsIn(hidden) },
    total: cardsIn(columns),
    shown: shown.reduce((sum, { matching }) => sum + matching, 0),
  };
}

/** Where a card stands: its column, and its place among the cards that are shown there, from 0. */
export interface CardPlace {
  columnIndex: number;
  index: number;
  view: ColumnView;
}

/** Null when the card is not shown. */
export function placeOf({ columns }: BoardLayout, taskId: string): CardPlace | null {
  for (const [columnIndex, view] of columns.entries()) {
    const index = view.cards.findIndex(({ task }) => task.id === taskId);
    if (index >= 0) return { columnIndex, index, view };
  }
  return null;
}

/** The card that Tab leads to: the one that had the focus last, or else the first that is shown. */
export function tabStop(layout: BoardLayout, focusedTaskId: string | null): string | null {
  if (focusedTaskId !== null && placeOf(layout, focusedTaskId)) return focusedTaskId;
  return layout.columns.find(({ cards }) => cards.length > 0)?.cards[0]?.task.id ?? null;
}
