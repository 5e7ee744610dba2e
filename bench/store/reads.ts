import { boardCards } from '../../src/store/reads.ts';
import { median } from '../table.ts';
import { atMost, type Measured } from './columns.ts';
import type { Contestants } from './contestants.ts';
import { ms, timed, times } from './measure.ts';
import { openSample, sampleBoard } from './sampleBoard.ts';
import { boardId } from './sampleRows.ts';

const size = { cards: 1000 };
const rounds = 12;
const perRound = 25;
/** So often first, until V8 has compiled what is used most: it takes 100 times. `npm run bench -- board` has the first. */
const warmUp = 200;

/** What opening a board asks first: in the thread of the database, and as the extension sees it. */
export async function readRows(place: string, contestants: Contestants): Promise<Measured[]> {
  const db = sampleBoard(size);
  const store = await openSample(place, size);
  const natives = await contestants.open(place, size);
  const inThread: number[] = [];
  const seen: number[] = [];
  const better: number[] = [];
  const node: number[] = [];
  const ask = {
    inThread: () => boardCards(db, { boardId }),
    seen: () => store.query('boardCards', { boardId }),
  };
  await Promise.all([natives.better?.readBoard(warmUp), natives.node.readBoard(warmUp)]);
  await timesOf(ask.inThread, warmUp);
  await timesOf(ask.seen, warmUp);
  for (let round = 0; round < rounds; round++) {
    inThread.push(...(await timesOf(ask.inThread, perRound)));
    better.push(...((await natives.better?.readBoard(perRound)) ?? []));
    seen.push(...(await timesOf(ask.seen, perRound)));
    node.push(...(await natives.node.readBoard(perRound)));
  }
  await natives.close();
  await store.close();
  db.close();
  const native = natives.better ? better : node;
  return [
    {
      what: 'board of 1,000 cards, warm, in its thread',
      ours: ms(median(inThread)),
      ...(natives.better ? { betterSqlite: ms(median(better)) } : {}),
      nodeSqlite: ms(median(node)),
      ratio: times(median(inThread) / median(native)),
      gate: atMost(median(inThread), 5, ' ms'),
    },
    {
      what: 'board of 1,000 cards, warm, from the main thread',
      ours: ms(median(seen)),
      gate: atMost(median(seen), 10, ' ms'),
    },
  ];
}

async function timesOf(ask: () => unknown, count: number): Promise<number[]> {
  const durations: number[] = [];
  while (durations.length < count) durations.push(await timed(ask));
  return durations;
}
