import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printSideBySide } from './columns.ts';
import { commitRows } from './commits.ts';
import { Contestants } from './contestants.ts';
import { mainLoopRows } from './mainLoop.ts';
import { readRows } from './reads.ts';
import { recoveryRows } from './recovery.ts';

/** Holds the database to its gates, beside native SQLites on the same disk in the same run. About a minute. */
export async function benchStore(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'kandev-bench-'));
  try {
    const contestants = await Contestants.find();
    const rows = [
      ...(await readRows(place, contestants)),
      ...(await commitRows(place, contestants)),
      ...(await recoveryRows(place)),
      ...(await mainLoopRows(place)),
    ];
    printSideBySide('The database beside native SQLites that sync every commit (WAL, FULL); medians', rows);
    if (contestants.missing !== null) {
      console.log(
        `  better-sqlite3 is not in this table: ${contestants.missing}. Ratios are to node:sqlite.`,
      );
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
