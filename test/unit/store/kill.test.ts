import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAgainAndAgain } from '../../store/killStress.ts';
import { ensureSqliteCommand } from '../../store/sqliteCommand.ts';

const kills = 100;

let place: string;

beforeAll(async () => {
  await ensureSqliteCommand();
  place = await mkdtemp(join(tmpdir(), 'kandev-kill-'));
}, 300_000);

afterAll(() => rm(place, { recursive: true, force: true }));

describe('a board whose process is killed', () => {
  it(
    `has every card that was reported as done, after each of ${kills} kills`,
    async () => {
      const report = await killAgainAndAgain(place, kills);
      expect(report).toMatchObject({ kills, lost: [], faults: [], litter: [] });
      expect(report.done).toBeGreaterThan(kills * 20);
      expect(report.cutSnapshots).toBeGreaterThan(0);
    },
    kills * 10_000,
  );
});
