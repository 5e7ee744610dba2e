import { describe, expect, it } from 'vitest';
import { noFilter } from '../../../src/model/cardFilter.ts';
import { layOut, type BoardLayout } from '../../../src/webview/app/layout.ts';
import {
  edgeOf,
  heirOf,
  movesTo,
  neighbourOf,
  placementAtCard,
  placementByKey,
  type Direction,
} from '../../../src/webview/app/moves.ts';
import { toBoardCard } from '../../../src/webview/host/diffSummary.ts';
import { aCard, board } from './cards.ts';

/** Backlog a b c d (b is about docs), To Do: t and the blocked u, Review r. */
const cards = [
  aCard('a', { position: 1 }),
  aCard('b', { position: 2, labels: ['docs'] }),
  aCard('c', { position: 3 }),
  aCard('d', { position: 4 }),
  aCard('t', { state: 'TODO', position: 1 }),
  aCard('u', { state: 'BLOCKED', position: 2 }),
  aCard('r', { state: 'REVIEW', position: 1 }),
].map((card) => toBoardCard(card));

function layoutWith(filter = ''): BoardLayout {
  return layOut({ board, cards, filter: { ...noFilter, text: filter }, agentName: () => '' });
}

function cardNamed(id: string) {
  const card = cards.find(({ task }) => task.id === id);
  if (!card) throw new Error(`no card ${id}`);
  return card;
}

const layout = layoutWith();

describe('placementAtCard', () => {
  it('is the gap above or below the card', () => {
    expect(placementAtCard(layout, ['r'], 'b', 'top')).toEqual({ columnId: 'backlog', beforeTaskId: 'b' });
    expect(placementAtCard(layout, ['r'], 'b', 'bottom')).toEqual({ columnId: 'backlog', beforeTaskId: 'c' });
    expect(placementAtCard(layout, ['r'], 'd', 'bottom')).toEqual({
      columnId: 'backlog',
      beforeTaskId: null,
    });
  });

  it('does not count the card that moves away', () => {
    expect(placementAtCard(layout, ['c'], 'b', 'bottom')).toEqual({ columnId: 'backlog', beforeTaskId: 'd' });
  });

  it('counts cards that the filter hides', () => {
    const filtered = layoutWith('docs');
    expect(placementAtCard(filtered, ['r'], 'b', 'bottom')).toEqual({
      columnId: 'backlog',
      beforeTaskId: 'c',
    });
    expect(placementAtCard(filtered, ['r'], 'a', 'top')).toBeNull();
  });
});

describe('movesTo', () => {
  const moves = (ids: readonly string[], columnId: string, beforeTaskId: string | null) =>
    movesTo(layout, ids.map(cardNamed), { columnId, beforeTaskId });

  it('takes the first state of another column', () => {
    expect(moves(['a'], 'todo', 'u')).toEqual([{ taskId: 'a', to: 'TODO', beforeTaskId: 'u' }]);
  });

  it('keeps the state within the column', () => {
    expect(moves(['u'], 'todo', 't')).toEqual([{ taskId: 'u', to: 'BLOCKED', beforeTaskId: 't' }]);
  });

  it.each([
    ['before itself', ['b'], 'b'],
    ['before the card that follows it', ['b'], 'c'],
    ['at the end where it is last', ['d'], null],
    ['for neighbours before one of them', ['b', 'c'], 'c'],
  ])('is nothing %s', (_, ids, beforeTaskId) => {
    expect(moves(ids, 'backlog', beforeTaskId)).toEqual([]);
  });

  it('gathers cards before one that stays', () => {
    expect(moves(['a', 'c'], 'backlog', 'c')).toEqual([
      { taskId: 'a', to: 'BACKLOG', beforeTaskId: 'd' },
      { taskId: 'c', to: 'BACKLOG', beforeTaskId: 'd' },
    ]);
    expect(moves(['r', 'a'], 'todo', null)).toEqual([
      { taskId: 'r', to: 'TODO', beforeTaskId: null },
      { taskId: 'a', to: 'TODO', beforeTaskId: null },
    ]);
  });

  it('is nothing in a column that is not there', () => {
    expect(moves(['a'], 'failed', null)).toEqual([]);
  });
});

describe('placementByKey', () => {
  const byKey = (taskId: string, direction: Direction, moved: readonly string[] = [taskId]) => {
    const to = placementByKey(layout, taskId, moved, direction);
    return to && { columnId: to.columnId, beforeTaskId: to.beforeTaskId };
  };

  it('takes a selection past the neighbour of all of it, and up and down only what stands in the column', () => {
    expect(placementByKey(layout, 'b', ['b', 'c', 'r'], 'down')).toEqual({
      columnId: 'backlog',
      beforeTaskId: null,
      moved: ['b', 'c'],
    });
    expect(placementByKey(layout, 'c', ['b', 'c', 'r'], 'up')).toEqual({
      columnId: 'backlog',
      beforeTaskId: 'a',
      moved: ['b', 'c'],
    });
    expect(placementByKey(layout, 'b', ['b', 'r'], 'right')).toEqual({
      columnId: 'todo',
      beforeTaskId: null,
      moved: ['b', 'r'],
    });
  });

  it('passes the neighbour above and below', () => {
    expect(byKey('b', 'up')).toEqual({ columnId: 'backlog', beforeTaskId: 'a' });
    expect(byKey('b', 'down')).toEqual({ columnId: 'backlog', beforeTaskId: 'd' });
    expect(byKey('c', 'down')).toEqual({ columnId: 'backlog', beforeTaskId: null });
  });

  it('goes to the end of the column beside, also of an empty one', () => {
    expect(byKey('a', 'right')).toEqual({ columnId: 'todo', beforeTaskId: null });
    expect(byKey('t', 'right')).toEqual({ columnId: 'in-progress', beforeTaskId: null });
  });

  it('stops at the edges', () => {
    expect(byKey('a', 'up')).toBeNull();
    expect(byKey('d', 'down')).toBeNull();
    expect(byKey('a', 'left')).toBeNull();
  });
});

describe('neighbourOf', () => {
  it('goes up and down, and sideways to the same height in the nearest column with cards', () => {
    expect(neighbourOf(layout, 'b', 'down')).toBe('c');
    expect(neighbourOf(layout, 'a', 'up')).toBeNull();
    expect(neighbourOf(layout, 'b', 'right')).toBe('u');
    expect(neighbourOf(layout, 'd', 'right')).toBe('u');
    expect(neighbourOf(layout, 'u', 'right')).toBe('r');
    expect(neighbourOf(layout, 'r', 'left')).toBe('t');
    expect(neighbourOf(layout, 'r', 'right')).toBeNull();
  });

  it('passes over cards that the filter hides', () => {
    const filtered = layoutWith('docs');
    expect(neighbourOf(filtered, 'b', 'down')).toBeNull();
    expect(neighbourOf(filtered, 'b', 'right')).toBeNull();
  });
});

describe('edgeOf and heirOf', () => {
  it('finds the ends of a column', () => {
    expect([edgeOf(layout, 'b', 'first'), edgeOf(layout, 'b', 'last')]).toEqual(['a', 'd']);
  });

  it('hands the focus to the next card, the one before, or one beside', () => {
    expect([heirOf(layout, 'b'), heirOf(layout, 'd'), heirOf(layout, 'r')]).toEqual(['c', 'c', 't']);
    expect(heirOf(layoutWith('docs'), 'b')).toBeNull();
  });
});
