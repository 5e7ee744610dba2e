import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../table.ts';
import { atMost, type Measured } from './columns.ts';
import { putEntry } from './commits.ts';
import { lateness, ms, quantile, timed } from './measure.ts';
import { openSample } from './sampleBoard.ts';

const rounds = 8;
const idleMs = 400;

/** Whether the extension host notices that a database of 100 MB is written down beside it; idle and busy in turns. */
export async function mainLoopRows(place: string): Promise<Measured[]> {
  const store = await openSample(place, { cards: 1000, megabytes: 100 });
  const durations: number[] = [];
  const idle: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < rounds; round++) {
    idle.push(...(await lateness(() => delay(idleMs))));
    await putEntry(store);
    const snapshot = async (): Promise<void> => {
      durations.push(await timed(() => store.snapshot()));
    };
    busy.push(...(await lateness(snapshot)));
  }
  await store.close();
  const p99 = quantile(busy, 0.99) - quantile(idle, 0.99);
  const longest = Math.max(...busy);
  return [
    { what: 'snapshot of 100 MB', ours: ms(median(durations)) },
    { what: 'main loop late while idle, p99', ours: ms(quantile(idle, 0.99)) },
    { what: 'main loop late while idle, longest', ours: ms(Math.max(...idle)) },
    {
      what: 'main loop late during snapshots, p99 over idle',
      ours: ms(p99),
      gate: atMost(p99, 5, ' ms'),
    },
    {
      what: 'main loop late during snapshots, longest',
      ours: ms(longest),
      gate: atMost(longest, 20, ' ms'),
    },
  ];
}
