import { describe, expect, it } from 'vitest';
import { noFilter } from '../../../src/model/cardFilter.ts';
import type { BoardCard } from '../../../src/webview/protocol.ts';
import { toBoardCard } from '../../../src/webview/host/diffSummary.ts';
import { layOut, placeOf, tabStop, type BoardLayout } from '../../../src/webview/app/layout.ts';
import { aCard, board } from './cards.ts';

const agentName = (id: string) => (id === 'demo' ? 'Demo Agent' : id);

function layoutOf(cards: readonly BoardCard[], filter = '', previous?: BoardLayout): BoardLayout {
  return layOut({ board, cards, filter: { ...noFilter, text: filter }, agentName }, previous);
}

function titles(layout: BoardLayout): Record<string, string[]> {
  return Object.fromEntries(
    layout.columns.map(({ column, cards }) => [column.id, cards.map(({ task }) => task.id)]),
  );
}

const card = (...args: Parameters<typeof aCard>) => toBoardCard(aCard(...args));

describe('layOut', () => {
  it('puts every card into the column of its state, in the order of positions', () => {
    const layout = layoutOf([
      card('b', { position: 2 }),
      card('a', { position: 1 }),
      card('blocked', { state: 'BLOCKED', position: 1 }),
      card('todo', { state: 'TODO', position: 0.5 }),
    ]);
    expect(titles(layout)).toEqual({
      backlog: ['a', 'b'],
      todo: ['todo', 'blocked'],
      'in-progress': [],
      review: [],
      done: [],
    });
    expect(layout).toMatchObject({ total: 4, shown: 4 });
  });

  it('shows a column that hides when empty once it has a card, also when the filter hides the card', () => {
    const failed = card('f', { state: 'FAILED' });
    expect(titles(layoutOf([failed]))).toHaveProperty('failed', ['f']);
    expect(titles(layoutOf([failed], 'nothing like it'))).toHaveProperty('failed', []);
  });

  it('filters by words, wherever each of them stands', () => {
    const cards = [
      card('a', { title: 'Fix the parser', labels: ['bug'] }),
      card('b', { title: 'Fix the docs', agentTypeId: null }),
    ];
    expect(titles(layoutOf(cards, ' FIX  bug ')).backlog).toEqual(['a']);
    expect(titles(layoutOf(cards, 'demo agent')).backlog).toEqual(['a']);
    expect(layoutOf(cards, 'docs')).toMatchObject({ total: 2, shown: 1 });
  });

  it('leaves out a hidden column and counts it, and draws no cards of a collapsed one', () => {
    const columns = board.columns.map((column) =>
      column.id === 'todo'
        ? { ...column, isCollapsed: true }
        : { ...column, isHidden: column.id === 'backlog' },
    );
    const cards = [card('a'), card('b'), card('t', { state: 'TODO' }), card('r', { state: 'REVIEW' })];
    const layout = layOut({ board: { ...board, columns }, cards, filter: noFilter, agentName });
    expect(titles(layout)).toEqual({ todo: [], 'in-progress': [], review: ['r'], done: [] });
    expect(layout.hidden).toEqual({ columns: 1, cards: 2 });
    expect(layout).toMatchObject({ total: 4, shown: 2 });
    expect(layout.columns[0]).toMatchObject({ matching: 1, all: [{ task: { id: 't' } }] });
  });

  it('keeps the objects of columns that have not changed', () => {
    const a = card('a');
    const b = card('b', { state: 'REVIEW' });
    const before = layoutOf([a, b]);
    const after = layoutOf([a, { ...b }], '', before);
    expect(after.columns[0]).toBe(before.columns[0]);
    expect(after.columns[3]).not.toBe(before.columns[3]);
  });
});

describe('placeOf and tabStop', () => {
  const layout = layoutOf([
    card('a', { position: 1 }),
    card('b', { position: 2 }),
    card('c', { state: 'REVIEW' }),
  ]);

  it('tells column and index', () => {
    expect(placeOf(layout, 'b')).toMatchObject({ columnIndex: 0, index: 1 });
    expect(placeOf(layout, 'gone')).toBeNull();
  });

  it('leads Tab to the focused card, or to the first when that one is not shown', () => {
    expect(tabStop(layout, 'c')).toBe('c');
    expect(tabStop(layout, 'gone')).toBe('a');
    expect(tabStop(layoutOf([]), null)).toBeNull();
  });
});
