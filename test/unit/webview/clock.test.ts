import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../../src/webview/app/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 5000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('Clock', () => {
  it('goes by the time of the extension, which may run elsewhere', () => {
    const clock = new Clock();
    clock.synchronize(65_000);
    vi.advanceTimersByTime(1000);
    expect(clock.now()).toBe(66_000);
  });

  it('ticks once a second, and only while somebody looks', () => {
    const clock = new Clock();
    const ticks: string[] = [];
    const stopFirst = clock.subscribe(() => ticks.push('first'));
    const stopSecond = clock.subscribe(() => ticks.push('second'));
    vi.advanceTimersByTime(1000);
    stopFirst();
    vi.advanceTimersByTime(1000);
    expect(ticks).toEqual(['first', 'second', 'second']);
    stopSecond();
    expect(vi.getTimerCount()).toBe(0);
    clock.subscribe(() => ticks.push('third'));
    vi.advanceTimersByTime(1000);
    expect(ticks.at(-1)).toBe('third');
  });
});
