import { join } from 'node:path';
import type { WorkerStore } from '../../src/store/workerStore.ts';
import { median, type Row } from '../table.ts';
import { gate, ms, quantile, timed, times } from './measure.ts';
import { NativeBoard } from './nativeBoard.ts';
import { openSample, runId, sampleEntry } from './sampleBoard.ts';

/** A row of some 300 bytes, as a piece of what an agent says. */
const text = 'x'.repeat(250);
const rounds = 12;
const perRound = 100;
const inFlightRound = 1000;

let lastSeq = 0;

/** One durable change. */
export function putEntry(store: WorkerStore): Promise<void> {
  const entries = [sampleEntry(++lastSeq, text)];
  return store.write('transcript.put', { runId, entries, activity: null });
}

async function commitOneByOne(store: WorkerStore): Promise<number[]> {
  const durations: number[] = [];
  for (let index = 0; index < perRound; index++) durations.push(await timed(() => putEntry(store)));
  return durations;
}

/** So many changes by 64 who each wait for theirs. */
async function commitInFlight(store: WorkerStore): Promise<void> {
  let left = inFlightRound;
  const writer = async (): Promise<void> => {
    while (left-- > 0) await putEntry(store);
  };
  await Promise.all(Array.from({ length: 64 }, writer));
}

/** Ours and native in turns, so that what else the machine does falls on both. */
export async function commitRows(place: string): Promise<Row[]> {
  const small = await openSample(place, { cards: 100, megabytes: 1 });
  const large = await openSample(place, { cards: 100, megabytes: 100 });
  const native = new NativeBoard(join(place, 'native.db'));
  const natives: number[] = [];
  const ours: number[] = [];
  const oursLarge: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < perRound; index++) {
      const start = performance.now();
      native.putEntry(++lastSeq, text);
      natives.push(performance.now() - start);
    }
    ours.push(...(await commitOneByOne(small)));
    oursLarge.push(...(await commitOneByOne(large)));
    rates.push((1000 * inFlightRound) / (await timed(() => commitInFlight(small))));
  }
  native.close();
  await small.close();
  await large.close();
  const toNative = median(ours) / median(natives);
  const growth = median(oursLarge) / median(ours);
  const nativeRate = 1000 / median(natives);
  const rateToNative = median(rates) / nativeRate;
  const both = (values: readonly number[]): string => `${ms(median(values))} (${ms(quantile(values, 0.99))})`;
  return [
    { what: 'durable commit of 300 bytes, better-sqlite3 WAL FULL: p50 (p99)', value: both(natives) },
    { what: 'durable commit, ours, 1 MB database: p50 (p99)', value: both(ours) },
    { what: '  to native', value: times(toNative), gate: gate(toNative <= 3, '≤ 3') },
    { what: 'durable commit, ours, 100 MB database: p50 (p99)', value: both(oursLarge) },
    { what: '  100 MB to 1 MB', value: times(growth), gate: gate(growth <= 1.3, '≤ 1.3') },
    { what: 'commits a second, 64 in flight', value: median(rates).toFixed(0) },
    { what: 'commits a second, native, one after the other', value: nativeRate.toFixed(0) },
    { what: '  to native', value: times(rateToNative), gate: gate(rateToNative >= 2, '≥ 2') },
  ];
}
