import { describe, expect, it } from 'vitest';
import { UndoHistory } from '../../../src/providers/undoHistory.ts';

const taken: string[] = [];
const step = (text: string) => ({
  text,
  undo: () => {
    taken.push(text);
    return Promise.resolve();
  },
});

describe('the undo history', () => {
  it('takes back the last first, each once, and tells of new ones', async () => {
    const history = new UndoHistory();
    const told: string[] = [];
    history.onDidAdd(({ text }) => told.push(text));
    for (const text of ['a', 'b', 'c']) history.add(step(text));
    expect(told).toEqual(['a', 'b', 'c']);
    expect((await history.undo())?.text).toBe('c');
    expect((await history.undo())?.text).toBe('b');
    expect(taken).toEqual(['c', 'b']);
  });

  it('takes back a certain one only as long as nobody else has', async () => {
    const history = new UndoHistory();
    const first = step('first');
    history.add(first);
    history.add(step('second'));
    taken.length = 0;
    expect(await history.undo(first)).toBe(first);
    expect(await history.undo(first)).toBeNull();
    expect(taken).toEqual(['first']);
  });

  it('forgets what cannot be taken back', async () => {
    const history = new UndoHistory();
    history.add({ text: 'gone', undo: () => Promise.reject(new Error('It is gone.')) });
    await expect(history.undo()).rejects.toThrow('It is gone.');
    expect(await history.undo()).toBeNull();
  });

  it('does not grow for ever', async () => {
    const history = new UndoHistory();
    for (let count = 0; count < 250; count += 1) history.add(step(String(count)));
    let undone = 0;
    while (await history.undo()) undone += 1;
    expect(undone).toBe(100);
  });
});
