import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noFilter } from '../../../src/model/cardFilter.ts';
import { board } from '../webview/cards.ts';
import { TestState } from '../webview/windowState.ts';
import { SharedFilter } from '../../../src/providers/sharedFilter.ts';

const stored = new Map<string, unknown>();
const storage = {
  get: (key: string) => stored.get(key),
  update: (key: string, value: unknown) => {
    stored.set(key, value);
    return Promise.resolve();
  },
};

let state: TestState;

beforeEach(() => {
  state = new TestState();
  state.boards = [board, { ...board, id: 'other' }];
  state.put([]);
  stored.clear();
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the shared filter', () => {
  it('tells whoever shows cards, and is there after a reload', () => {
    const filter = new SharedFilter(storage, state);
    const told: unknown[] = [];
    const listening = filter.onDidChange((each) => told.push(each));
    const wanted = { ...noFilter, text: 'cache', needsMe: true };
    filter.set(wanted);
    listening.dispose();
    expect(told).toEqual([wanted]);
    expect(stored.size).toBe(0);
    filter.dispose();
    expect(new SharedFilter(storage, state).current).toEqual(wanted);
  });

  it('is kept by a window whose board is closed before it', () => {
    const filter = new SharedFilter(storage, state);
    filter.set({ ...noFilter, text: 'cache' });
    state.boards = [];
    state.put([]);
    filter.dispose();
    state.boards = [board];
    state.put([]);
    expect(new SharedFilter(storage, state).current.text).toBe('cache');
  });

  it('is written once while somebody types', () => {
    const filter = new SharedFilter(storage, state);
    const update = vi.spyOn(storage, 'update');
    for (const text of ['c', 'ca', 'cac']) filter.set({ ...noFilter, text });
    vi.runAllTimers();
    expect(update).toHaveBeenCalledTimes(1);
    expect(new SharedFilter(storage, state).current.text).toBe('cac');
  });

  it('lets everything through where what was stored is of another form', () => {
    stored.set('board.filters', { board: { text: 5 } });
    expect(new SharedFilter(storage, state).current).toEqual(noFilter);
  });

  it('is another one for each board', () => {
    const filter = new SharedFilter(storage, state);
    const told: string[] = [];
    const listening = filter.onDidChange(({ text }) => told.push(text));
    filter.set({ ...noFilter, text: 'cache' });
    state.show('other');
    expect(filter.current).toEqual(noFilter);
    filter.set({ ...noFilter, text: 'elsewhere' });
    state.show(board.id);
    expect(told).toEqual(['cache', '', 'elsewhere', 'cache']);
    listening.dispose();
    filter.dispose();
    expect(Object.keys(stored.get('board.filters') as object)).toEqual([board.id, 'other']);
    state.boards = [board];
    state.put([]);
    const later = new SharedFilter(storage, state);
    later.set({ ...noFilter, text: 'cache' });
    later.dispose();
    expect(Object.keys(stored.get('board.filters') as object)).toEqual([board.id]);
  });
});
