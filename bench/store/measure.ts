import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds, as precisely as they are worth it. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

export function times(value: number): string {
  return `${value.toFixed(2)} ×`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How long something takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** How much later than asked for this thread gets to something, in milliseconds, while `work` is under way. */
export async function lateness(work: () => Promise<unknown>): Promise<number[]> {
  const late: number[] = [];
  const done = new AbortController();
  const watch = (async () => {
    while (!done.signal.aborted) late.push((await timed(() => delay(2))) - 2);
  })();
  await work();
  done.abort();
  await watch;
  return late;
}
