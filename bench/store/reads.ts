import { queries } from '../../src/store/catalogue.ts';
import { median, type Row } from '../table.ts';
import { gate, ms, timed } from './measure.ts';
import { boardId, openSample, sampleBoard } from './sampleBoard.ts';

const rounds = 30;

/** What opening a board asks first, in the thread of the database and as the extension sees it. */
export async function readRows(place: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const cards of [100, 1000, 10_000]) {
    const inThread = await boardQueryInThread(cards);
    const seen = await boardQuerySeen(place, cards);
    const gated = cards === 1000;
    const what = `board of ${cards.toLocaleString('en')} cards`;
    rows.push(
      {
        what: `${what}, in the worker`,
        value: ms(inThread),
        gate: gated ? gate(inThread <= 5, '≤ 5 ms') : '',
      },
      {
        what: `${what}, from the main thread`,
        value: ms(seen),
        gate: gated ? gate(seen <= 10, '≤ 10 ms') : '',
      },
    );
  }
  return rows;
}

async function boardQueryInThread(cards: number): Promise<number> {
  const db = sampleBoard({ cards });
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    durations.push(await timed(() => queries.boardCards(db, { boardId })));
  }
  db.close();
  return median(durations);
}

async function boardQuerySeen(place: string, cards: number): Promise<number> {
  const store = await openSample(place, { cards });
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    durations.push(await timed(() => store.query('boardCards', { boardId })));
  }
  await store.close();
  return median(durations);
}
