import { watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seeded } from './simulatedDisk.ts';
import { askSqlite } from './sqliteCommand.ts';
import { WriterProcess } from './writerProcess.ts';

/** What came of boards whose processes were killed again and again. */
export interface KillReport {
  kills: number;
  /** How many cards were reported as done. */
  done: number;
  /** Those of them that a copy of the board did not have, after any of the kills. */
  lost: string[];
  /** What the native SQLite, or the store itself, said was wrong after a kill. */
  faults: string[];
  /** How many of the kills came while a snapshot was being written. */
  cutSnapshots: number;
  /** Files of unfinished snapshots that nobody has removed in the end. */
  litter: string[];
}

/** So many boards are worked on at once. */
const boards = 2;
/** A snapshot after each forty changes or so, besides those that are asked for. */
const triggers = { journalBytes: 40_000 };

/** Integrity, and the cards that are as they were made, with their history. */
const look = `PRAGMA integrity_check; PRAGMA foreign_key_check;
  SELECT 'card ' || id FROM tasks WHERE title = id AND length(description) = 200
    AND (SELECT count(*) FROM task_events WHERE task_id = tasks.id) = 1`;

/**
 * Kills processes that write to boards with SIGKILL, at random moments. After each kill the next process opens the
 * board and exports a copy, and every card that was ever reported as done is looked for in it with the sqlite3 command.
 * @param place a folder for the boards
 */
export async function killAgainAndAgain(place: string, kills: number): Promise<KillReport> {
  const reports = await Promise.all(
    Array.from({ length: boards }, (_, board) =>
      killBoard(join(place, String(board)), board, kills / boards),
    ),
  );
  return reports.reduce((sum, report) => ({
    kills: sum.kills + report.kills,
    done: sum.done + report.done,
    lost: [...sum.lost, ...report.lost],
    faults: [...sum.faults, ...report.faults],
    cutSnapshots: sum.cutSnapshots + report.cutSnapshots,
    litter: [...sum.litter, ...report.litter],
  }));
}

async function killBoard(place: string, board: number, kills: number): Promise<KillReport> {
  const random = seeded(board + 1);
  const folder = join(place, 'database');
  const copy = join(place, 'copy.db');
  const done = new Set<string>();
  const report: KillReport = { kills, done: 0, lost: [], faults: [], cutSnapshots: 0, litter: [] };
  for (let life = 0; life < kills; life++) {
    const writer = await WriterProcess.launch({ folder, triggers });
    // Some are killed while they still read what the one before has left.
    if (life % 5 === 4) {
      await delay(random() * 300);
    } else {
      const before = await unfinished(folder);
      await writer.export(copy);
      const looked = compare(copy, new Set(done), report);
      writer.tell(`flood board-${board}-life-${life}-`);
      await writer.hasDone(Math.floor(random() * 100));
      if (random() < 0.5) await snapshotBegins(folder, writer);
      await delay(random() * 5);
      await writer.kill();
      if ((await unfinished(folder)).some((name) => !before.includes(name))) report.cutSnapshots++;
      await looked;
    }
    await writer.kill();
    for (const id of writer.done) done.add(id);
    report.faults.push(...complaints(writer));
  }
  const last = await WriterProcess.start({ folder, triggers });
  await last.export(copy);
  await compare(copy, done, report);
  await last.write(`board-${board}-last`);
  await last.snapshot();
  await last.close();
  report.faults.push(...complaints(last));
  return { ...report, done: done.size, litter: await unfinished(folder) };
}

/** Forces a snapshot, and resolves as soon as anything of one is seen on the disk. */
async function snapshotBegins(folder: string, writer: WriterProcess): Promise<void> {
  const watcher = watch(folder);
  try {
    const seen = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => {
        if (String(name).endsWith('.tmp')) resolve();
      });
    });
    await Promise.race([seen, writer.snapshot()]);
  } finally {
    watcher.close();
  }
}

/** Looks with the native SQLite for all that was done. */
async function compare(copy: string, done: ReadonlySet<string>, report: KillReport): Promise<void> {
  const lines = await askSqlite(copy, look);
  const cards = new Set(lines.filter((line) => line.startsWith('card ')).map((line) => line.slice(5)));
  report.lost.push(...[...done].filter((id) => !cards.has(id)));
  const [integrity, ...others] = lines.filter((line) => !line.startsWith('card '));
  if (integrity !== 'ok' || others.length > 0) report.faults.push(`${integrity} ${others.join()}`);
}

/** What the store had to say. That the last write of a journal was cut off is no fault. */
function complaints({ said }: WriterProcess): string[] {
  return said.filter((line) => /^(notice (error|warning)|refused) /.test(line));
}

/** Files of snapshots that were not finished. */
async function unfinished(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.tmp'));
}
