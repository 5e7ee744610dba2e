import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../scripts/processes.mts';
import { storeWorkerPath, wasmPath } from '../test/harness/store.ts';
import { agentUpdateRows } from './boardUpdates.ts';
import type { BoardOpening } from './boardProcess.ts';
import { atMost, printColumns, verdictOf, type Gate } from './store/columns.ts';
import { megabytes, ms } from './store/measure.ts';
import { putSample, type SampleSize } from './store/sampleBoard.ts';
import { median } from './table.ts';

const rounds = 5;
const script = fileURLToPath(new URL('boardProcess.ts', import.meta.url));

const boards: readonly { name: string; size: SampleSize }[] = [
  { name: '100 cards', size: { cards: 100 } },
  { name: '1,000 cards', size: { cards: 1000 } },
  { name: '10,000 cards', size: { cards: 10_000 } },
  { name: '20 MB', size: { cards: 100, megabytes: 20 } },
];

interface MeasuredBoard {
  /** Of the database, in bytes. */
  file: number;
  openings: BoardOpening[];
}

/** What a board costs whoever opens it: time, memory and disk, each time in a fresh process. */
export async function benchBoard(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'kandev-bench-'));
  try {
    printOpenings(await measureBoards(place));
    const rows = await agentUpdateRows(place);
    printColumns('1,000 updates of an agent, on the disk', rows, []);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** The boards in turns. */
async function measureBoards(place: string): Promise<MeasuredBoard[]> {
  const folders = await Promise.all(boards.map(({ size }) => putSample(place, size)));
  const measured = await Promise.all(
    folders.map(async (folder): Promise<MeasuredBoard> => {
      const { size } = await stat(join(folder, 'snapshot-1.db'));
      return { file: size, openings: [] };
    }),
  );
  for (let round = 0; round < rounds; round++) {
    for (const [index, folder] of folders.entries()) measured[index]?.openings.push(await openOnce(folder));
  }
  return measured;
}

async function openOnce(folder: string): Promise<BoardOpening> {
  const options = { folder, workerPath: await storeWorkerPath(), wasmPath };
  const flags = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
  return JSON.parse(await run(process.execPath, [...flags, script, JSON.stringify(options)])) as BoardOpening;
}

function printOpenings(measured: readonly MeasuredBoard[]): void {
  const each = (read: (opening: BoardOpening) => number): number[] =>
    measured.map(({ openings }) => median(openings.map(read)));
  const blocks = each(({ blockedOpening }) => blockedOpening);
  const queries = each(({ query }) => query);
  const blockGate = atMost(Math.max(...blocks), 20, ' ms');
  const line = (what: string, values: readonly string[], gate?: Gate): string[] => [
    what,
    ...values,
    ...verdictOf(gate),
  ];
  const files = measured.map(({ file }) => file);
  const lines = [
    ['', ...boards.map(({ name }) => name), 'wanted', ''],
    line('opening, until the worker has the database', each(({ opened }) => opened).map(ms)),
    line('  longest block of the main loop meanwhile', blocks.map(ms), blockGate),
    line('opening, until the query of the board is answered', each(({ answered }) => answered).map(ms)),
    line('  longest block from the one to the other', each(({ blockedQuery }) => blockedQuery).map(ms)),
    line('the query again, from the main thread, not warm yet', queries.map(ms)),
    line('memory, more than before', each(({ memory }) => memory).map(megabytes)),
    line('database on the disk', files.map(megabytes)),
  ];
  printColumns(`Opening a board, medians of ${rounds} fresh processes`, lines, [blockGate]);
}
