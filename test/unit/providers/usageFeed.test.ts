import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Kandev } from '../../../src/api/contract.ts';
import type { CardView } from '../../../src/model/cardView.ts';
import type { RunUsage } from '../../../src/model/runUsage.ts';
import type { BoardChange, BoardSnapshot, BoardState } from '../../../src/providers/boardState.ts';
import { UsageFeed } from '../../../src/providers/usageFeed.ts';
import { aCard, aRun, board } from '../webview/cards.ts';

class TestState implements BoardState {
  current: BoardSnapshot = { status: 'loading' };
  readonly #listeners = new Set<(change: BoardChange) => void>();

  onDidChange(listener: (change: BoardChange) => void) {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  show(...cards: CardView[]): void {
    this.current = {
      status: 'ready',
      board,
      view: { revision: 1, boards: [board], queuePause: null, workspaceModes: ['folder'], cards },
      agentTypes: [],
      engine: null,
    };
    for (const listener of this.#listeners) listener({ changed: [], removed: [], structural: true });
  }
}

const used: RunUsage = {
  taskId: 'a',
  runId: 'run-a',
  cpus: 0.5,
  memoryMb: 300,
  memoryLimitMb: 4096,
  pids: 12,
};
const working = aCard('a', {}, { run: aRun('a', { containerId: 'container' }) });
const over = aCard('a', {}, { run: aRun('a', { containerId: 'container', state: 'STOPPED' }) });
const aMinute = 60_000;

function setUp(answers: () => Promise<RunUsage[]> = () => Promise.resolve([used])) {
  const state = new TestState();
  const query = vi.fn(answers);
  const feed = new UsageFeed({ query: query as unknown as Kandev['query'] }, state);
  return { state, query, feed };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('what runs use', () => {
  it('is not asked for as long as nobody looks', async () => {
    const { state, query } = setUp();
    state.show(working);
    await vi.advanceTimersByTimeAsync(aMinute);
    expect(query).not.toHaveBeenCalled();
  });

  it('is not asked for as long as nothing runs, and from then on', async () => {
    const { state, query, feed } = setUp();
    const told = vi.fn();
    feed.look(told);
    state.show(over);
    await vi.advanceTimersByTimeAsync(aMinute);
    expect(query).not.toHaveBeenCalled();
    state.show(working);
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toHaveBeenLastCalledWith([used]);
  });

  it('is asked for again and again, once for all who look, until the last has looked away', async () => {
    const { state, query, feed } = setUp();
    state.show(working);
    const first = feed.look(vi.fn());
    const second = feed.look(vi.fn());
    await vi.advanceTimersByTimeAsync(4_000);
    expect(query).toHaveBeenCalledTimes(3);
    first.dispose();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(query).toHaveBeenCalledTimes(4);
    second.dispose();
    await vi.advanceTimersByTimeAsync(aMinute);
    expect(query).toHaveBeenCalledTimes(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with the run, and those who look are told', async () => {
    const { state, query, feed } = setUp();
    state.show(working);
    const told = vi.fn();
    feed.look(told);
    await vi.advanceTimersByTimeAsync(0);
    state.show(over);
    expect(told).toHaveBeenLastCalledWith([]);
    await vi.advanceTimersByTimeAsync(aMinute);
    expect(query).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is never asked for while a question is open', async () => {
    const answer = Promise.withResolvers<RunUsage[]>();
    const { state, query, feed } = setUp(() => answer.promise);
    state.show(working);
    feed.look(vi.fn());
    state.show(working);
    feed.look(vi.fn());
    await vi.advanceTimersByTimeAsync(aMinute);
    expect(query).toHaveBeenCalledTimes(1);
    answer.resolve([used]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(query).toHaveBeenCalledTimes(2);
  });

  it('is nothing while the engine does not answer, and comes back', async () => {
    let fails = true;
    const { state, feed } = setUp(() =>
      fails ? Promise.reject(new Error('gone')) : Promise.resolve([used]),
    );
    state.show(working);
    const told = vi.fn();
    feed.look(told);
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toHaveBeenLastCalledWith([]);
    fails = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told).toHaveBeenLastCalledWith([used]);
  });
});

describe('what one run uses', () => {
  it('is waited for until it was measured, and then nobody looks any more', async () => {
    const answers = [[], [used]];
    const { state, query, feed } = setUp(() => Promise.resolve(answers.shift() ?? []));
    state.show(working);
    const once = feed.once('a', new AbortController().signal);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await once).toEqual(used);
    await vi.advanceTimersByTimeAsync(aMinute);
    expect(query).toHaveBeenCalledTimes(2);
  });

  it('is null when nobody waits any more', async () => {
    const { state, query, feed } = setUp(() => Promise.resolve([]));
    state.show(working);
    const left = new AbortController();
    const once = feed.once('a', left.signal);
    left.abort();
    expect(await once).toBeNull();
    await vi.advanceTimersByTimeAsync(aMinute);
    expect(query).toHaveBeenCalledTimes(1);
  });
});
