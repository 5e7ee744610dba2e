import type { WorkerStore } from '../../src/store/workerStore.ts';
import { median } from '../table.ts';
import { atLeast, atMost, type Measured } from './columns.ts';
import type { Contestants } from './contestants.ts';
import { ms, quantile, timed, times } from './measure.ts';
import { openSample } from './sampleBoard.ts';
import { smallEntry } from './sampleRows.ts';

const rounds = 12;
const perRound = 100;
const inFlightRound = 1000;
const small = { cards: 100, megabytes: 1 };
const large = { cards: 100, megabytes: 100 };

let lastSeq = 0;

/** One durable change: a row of 300 bytes. */
export async function putEntry(store: WorkerStore): Promise<void> {
  await store.write('run.progress', smallEntry(++lastSeq));
}

async function oneByOne(store: WorkerStore): Promise<number[]> {
  const durations: number[] = [];
  for (let index = 0; index < perRound; index++) durations.push(await timed(() => putEntry(store)));
  return durations;
}

/** Changes by 64 who each wait for theirs; returns how many were done in a second. */
async function commitInFlight(store: WorkerStore): Promise<number> {
  let left = inFlightRound;
  const writer = async (): Promise<void> => {
    while (left-- > 0) await putEntry(store);
  };
  const duration = await timed(() => Promise.all(Array.from({ length: 64 }, writer)));
  return (1000 * inFlightRound) / duration;
}

/** All in turns, so that what else the machine does falls on each of them. */
export async function commitRows(place: string, contestants: Contestants): Promise<Measured[]> {
  const ours = await openSample(place, small);
  const oursLarge = await openSample(place, large);
  const natives = await contestants.open(place, small);
  const { better, node } = natives;
  const durations = {
    ours: [] as number[],
    large: [] as number[],
    better: [] as number[],
    node: [] as number[],
  };
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    durations.better.push(...((await better?.commit(perRound)) ?? []));
    durations.ours.push(...(await oneByOne(ours)));
    durations.node.push(...(await node.commit(perRound)));
    durations.large.push(...(await oneByOne(oursLarge)));
    rates.push(await commitInFlight(ours));
  }
  await natives.close();
  await ours.close();
  await oursLarge.close();
  const native = better ? durations.better : durations.node;
  const toNative = median(durations.ours) / median(native);
  const growth = median(durations.large) / median(durations.ours);
  const rateToNative = (median(rates) * median(native)) / 1000;
  const row = (what: string, format: (values: readonly number[]) => string): Measured => ({
    what,
    ours: format(durations.ours),
    ...(better ? { betterSqlite: format(durations.better) } : {}),
    nodeSqlite: format(durations.node),
  });
  return [
    {
      ...row('durable commit of 300 bytes, p50', (values) => ms(median(values))),
      ratio: times(toNative),
      gate: atMost(toNative, 3),
    },
    row('durable commit of 300 bytes, p99', (values) => ms(quantile(values, 0.99))),
    {
      ...row('commits a second: 64 in flight; native one by one', (values) => rateOf(values)),
      ours: median(rates).toFixed(0),
      ratio: times(rateToNative),
      gate: atLeast(rateToNative, 2),
    },
    {
      what: 'durable commit at 100 MB, p50; ratio to 1 MB',
      ours: ms(median(durations.large)),
      ratio: times(growth),
      gate: atMost(growth, 1.3),
    },
  ];
}

function rateOf(durations: readonly number[]): string {
  return (1000 / median(durations)).toFixed(0);
}
