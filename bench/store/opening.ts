import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { median, type Row } from '../table.ts';
import { putEntry } from './commits.ts';
import { gate, ms } from './measure.ts';
import { openStore, putSnapshot, sampleBoard } from './sampleBoard.ts';

const megabyte = 1024 * 1024;
const rounds = 5;

/** What it costs to have a board again, and what it takes on the disk. */
export async function openingRows(place: string): Promise<Row[]> {
  const empty = await openingTime(place, 'empty', 0);
  const twenty = await openingTime(place, 'twenty', 20);
  const folder = join(place, 'journal', 'database');
  await putSnapshot(folder, sampleBoard({ cards: 100 }));
  const bytesPerUpdate = await fillJournal(folder, 4 * megabyte);
  const withJournal = await openingTimes(folder);
  const recovery = withJournal - empty;
  return [
    { what: 'opening a database of 100 cards', value: ms(empty) },
    { what: 'opening a database of 20 MB', value: ms(twenty) },
    { what: 'opening with a journal of 4 MB', value: ms(withJournal) },
    { what: '  more than without', value: ms(recovery), gate: gate(recovery <= 300, '≤ 300 ms') },
    {
      what: 'journal for 1,000 agent updates of 300 bytes',
      value: `${((bytesPerUpdate * 1000) / 1024).toFixed(0)} KB`,
    },
  ];
}

async function openingTime(place: string, name: string, megabytes: number): Promise<number> {
  const folder = join(place, name, 'database');
  const db = sampleBoard({ cards: 100, megabytes });
  await putSnapshot(folder, db);
  db.close();
  return openingTimes(folder);
}

async function openingTimes(folder: string): Promise<number> {
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const store = await openStore(folder);
    durations.push(performance.now() - start);
    await store.close();
  }
  return median(durations);
}

/** Returns how much of the journal one change takes. */
async function fillJournal(folder: string, bytes: number): Promise<number> {
  const store = await openStore(folder);
  let changes = 0;
  while ((await journalBytes(folder)) < bytes) {
    await Promise.all(Array.from({ length: 500 }, () => putEntry(store)));
    changes += 500;
  }
  const perChange = (await journalBytes(folder)) / changes;
  await store.close();
  return perChange;
}

async function journalBytes(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
