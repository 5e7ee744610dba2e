import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noFilter } from '../../../src/model/cardFilter.ts';
import { SharedFilter } from '../../../src/providers/sharedFilter.ts';

const stored = new Map<string, unknown>();
const storage = {
  get: (key: string) => stored.get(key),
  update: (key: string, value: unknown) => {
    stored.set(key, value);
    return Promise.resolve();
  },
};

beforeEach(() => {
  stored.clear();
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the shared filter', () => {
  it('tells whoever shows cards, and is there after a reload', () => {
    const filter = new SharedFilter(storage);
    const told: unknown[] = [];
    const listening = filter.onDidChange((each) => told.push(each));
    const wanted = { ...noFilter, text: 'cache', needsMe: true };
    filter.set(wanted);
    listening.dispose();
    expect(told).toEqual([wanted]);
    expect(stored.size).toBe(0);
    filter.dispose();
    expect(new SharedFilter(storage).current).toEqual(wanted);
  });

  it('is written once while somebody types', () => {
    const filter = new SharedFilter(storage);
    const update = vi.spyOn(storage, 'update');
    for (const text of ['c', 'ca', 'cac']) filter.set({ ...noFilter, text });
    vi.runAllTimers();
    expect(update).toHaveBeenCalledTimes(1);
    expect(new SharedFilter(storage).current.text).toBe('cac');
  });

  it('lets everything through where what was stored is of another form', () => {
    stored.set('board.filter', { text: 5 });
    expect(new SharedFilter(storage).current).toEqual(noFilter);
  });
});
