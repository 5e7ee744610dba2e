import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { elect, type Lead } from '../../../src/windows/election.ts';
import { lockStress } from './lockStress.ts';

/** `npm run bench -- stress` does it for a minute. */
const stressSeconds = 5;

let folder: string;
const leads: Lead[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kandev-election-'));
});

afterEach(async () => {
  await Promise.all(leads.splice(0).map((lead) => lead.release()));
  await rm(folder, { recursive: true, force: true });
});

async function take() {
  const election = await elect(folder, (socket) => socket.destroy());
  if (election.kind === 'leader') leads.push(election.lead);
  return election;
}

describe('the election of a leader', () => {
  it('has one leader, and tells the others where it is', async () => {
    const elections = await Promise.all(Array.from({ length: 8 }, take));
    expect(elections.filter(({ kind }) => kind === 'leader')).toHaveLength(1);
    expect(elections.filter(({ kind }) => kind === 'follower')).toHaveLength(7);
  });

  it('begins a new epoch when the leader has released', async () => {
    const first = await take();
    await leads.pop()?.release();
    const second = await take();
    expect([first.kind, second.kind]).toEqual(['leader', 'leader']);
    expect(second.kind === 'leader' && second.lead.epoch).toBe(2);
    expect(first.kind === 'leader' && first.lead.holds()).toBe(false);
  });

  it('leaves a board alone that another machine holds', async () => {
    await take();
    const file = join(folder, 'epoch.1');
    const holder = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...holder, host: 'elsewhere' }));
    expect((await take()).kind).toBe('foreign');
  });

  it('tidies up what killed contenders have left, but nothing that a live one may still need', async () => {
    const old = new Date(Date.now() - 2 * 60_000);
    for (const name of ['new.aa', 'released.bb', 'new.cc']) await writeFile(join(folder, name), '{}');
    for (const name of ['new.aa', 'released.bb']) await utimes(join(folder, name), old, old);
    await take();
    expect((await readdir(folder)).sort()).toEqual(['epoch.1', 'new.cc']);
  });

  it('lets nobody read the secret of the leader but the user', async () => {
    await take();
    expect((await stat(join(folder, 'epoch.1'))).mode & 0o077).toBe(0);
  });

  it(`never has two leaders in ${stressSeconds} s in which processes come, lead and are killed`, async () => {
    const report = await lockStress(folder, stressSeconds);
    expect(report).toMatchObject({ overlaps: 0, faults: [] });
    expect(report.led).toBeGreaterThan(report.killedLeaders);
    // The files of old epochs are removed.
    const epochs = (await readdir(folder)).filter((name) => name.startsWith('epoch.'));
    expect(epochs.length).toBeLessThanOrEqual(2);
  }, 120_000);
});
