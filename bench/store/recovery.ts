import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../table.ts';
import { atMost, type Measured } from './columns.ts';
import { putEntry } from './commits.ts';
import { megabytes, ms } from './measure.ts';
import { openStore, putSample } from './sampleBoard.ts';

const rounds = 7;
const journalSize = 4 * 1024 * 1024;

/** What a journal of the size at which a snapshot is taken adds to opening a board. */
export async function recoveryRows(place: string): Promise<Measured[]> {
  const plain = await putSample(place, { cards: 100 });
  const withJournal = await putSample(place, { cards: 100 });
  const bytes = await fillJournal(withJournal);
  const without: number[] = [];
  const recovered: number[] = [];
  for (let round = 0; round < rounds; round++) {
    without.push(await openingTime(plain));
    recovered.push(await openingTime(withJournal));
  }
  const recovery = median(recovered) - median(without);
  return [
    { what: 'opening a board of 100 cards', ours: ms(median(without)) },
    {
      what: `recovery of a journal of ${megabytes(bytes)}`,
      ours: ms(recovery),
      gate: atMost(recovery, 300, ' ms'),
    },
  ];
}

async function openingTime(folder: string): Promise<number> {
  const start = performance.now();
  const store = await openStore(folder);
  const duration = performance.now() - start;
  await store.close();
  return duration;
}

/** Returns how large the journal is. */
async function fillJournal(folder: string): Promise<number> {
  const store = await openStore(folder);
  while ((await journalBytes(folder)) < journalSize) {
    await Promise.all(Array.from({ length: 500 }, () => putEntry(store)));
  }
  await store.close();
  return journalBytes(folder);
}

/** The size of all journals of a board, in bytes. */
export async function journalBytes(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
