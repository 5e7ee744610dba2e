import { setTimeout as delay } from 'node:timers/promises';
import type { Row } from '../table.ts';
import { putEntry } from './commits.ts';
import { gate, ms, quantile, timed } from './measure.ts';
import { openSample } from './sampleBoard.ts';

const snapshots = 5;

/** How much later than asked for the main thread gets to something, in milliseconds, while `work` is under way. */
async function lateness(work: () => Promise<void>): Promise<number[]> {
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

/** Whether the extension host notices that a database of 100 MB is written down beside it. */
export async function mainLoopRows(place: string): Promise<Row[]> {
  const store = await openSample(place, { cards: 1000, megabytes: 100 });
  await putEntry(store);
  await store.snapshot();
  const idle = await lateness(() => delay(2000));
  const durations: number[] = [];
  const busy = await lateness(async () => {
    for (let count = 0; count < snapshots; count++) {
      await putEntry(store);
      durations.push(await timed(() => store.snapshot()));
    }
  });
  await store.close();
  const p99 = quantile(busy, 0.99) - quantile(idle, 0.99);
  const longest = Math.max(...busy);
  return [
    { what: 'snapshot of 100 MB', value: ms(quantile(durations, 0.5)) },
    {
      what: 'main thread late while idle: p99 (longest)',
      value: `${ms(quantile(idle, 0.99))} (${ms(Math.max(...idle))})`,
    },
    {
      what: 'main thread late during snapshots: p99 over idle',
      value: ms(p99),
      gate: gate(p99 <= 5, '≤ 5 ms'),
    },
    {
      what: 'main thread late during snapshots: longest',
      value: ms(longest),
      gate: gate(longest <= 20, '≤ 20 ms'),
    },
  ];
}
