import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAgainAndAgain } from '../../test/store/killStress.ts';
import { ensureSqliteCommand } from '../../test/store/sqliteCommand.ts';
import { lockStress } from '../../test/unit/windows/lockStress.ts';
import { atMost, printColumns, verdictOf, type Gate } from './columns.ts';

const kills = 100;
const seconds = 60;

/**
 * Kills processes that write to a board, and processes that contend for the lead of one, for about two minutes.
 * @throws Error when anything was lost, broken, or led by two
 */
export async function benchStress(): Promise<void> {
  await ensureSqliteCommand();
  const place = await mkdtemp(join(tmpdir(), 'kandev-stress-'));
  try {
    const board = await killAgainAndAgain(place, kills);
    const folder = join(place, 'windows');
    await mkdir(folder);
    const lead = await lockStress(folder, seconds);
    const none = (count: number): Gate => atMost(count, 0);
    const line = (what: string, count: number, gate?: Gate): string[] => [
      what,
      String(count),
      ...verdictOf(gate),
    ];
    const lost = none(board.lost.length);
    const broken = none(board.faults.length + board.litter.length);
    const overlaps = none(lead.overlaps);
    const faults = none(lead.faults.length);
    const gates = [lost, broken, overlaps, faults];
    printColumns(
      'Kills, each looked after with the sqlite3 command, and a contest for the lead',
      [
        line('writers killed (SIGKILL)', board.kills),
        line('  of them while a snapshot was written', board.cutSnapshots),
        line('changes reported as done', board.done),
        line('  of them lost', board.lost.length, lost),
        line('copies or folders that are not in order', board.faults.length + board.litter.length, broken),
        line(`leaders in ${seconds} s`, lead.led),
        line('  of them killed', lead.killedLeaders),
        line('others killed', lead.killedOthers),
        line('two leaders at once', lead.overlaps, overlaps),
        line('contenders that failed', lead.faults.length, faults),
      ],
      gates,
    );
    const problems = [...board.lost, ...board.faults, ...board.litter, ...lead.faults];
    if (gates.some(({ met }) => !met)) throw new Error(`The stress was too much:\n${problems.join('\n')}`);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
