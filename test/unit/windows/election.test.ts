import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { elect, type Lead } from '../../../src/windows/election.ts';

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

  it('lets nobody read the secret of the leader but the user', async () => {
    await take();
    expect((await stat(join(folder, 'epoch.1'))).mode & 0o077).toBe(0);
  });

  it('never has two leaders while processes come, lead and are killed', async () => {
    const rounds = process.env.KANDEV_STRESS === '1' ? 600 : 30;
    const report = await stress(rounds);
    expect(report.overlaps).toBe(0);
    expect(report.led).toBeGreaterThan(rounds / 2);
    // Nothing gathers: the files of old epochs are removed.
    expect((await readdir(folder)).length).toBeLessThan(10);
  }, 120_000);
});

const contender = fileURLToPath(new URL('../../harness/contender.mts', import.meta.url));

/** Four processes contend for the lead; whoever leads takes a port that only one can have, and is killed or releases. */
async function stress(rounds: number): Promise<{ led: number; overlaps: number }> {
  const port = await freePort();
  const result = { led: 0, overlaps: 0 };
  const running = new Set<ChildProcess>();
  const startOne = (): void => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', contender, folder, String(port)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    running.add(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'overlap') result.overlaps++;
      if (line !== 'leading') return;
      result.led++;
      // Every other leader dies without a word.
      if (result.led % 2 === 0) setTimeout(() => child.kill('SIGKILL'), 5);
    });
    void once(child, 'exit').then(() => {
      running.delete(child);
      if (result.led < rounds) startOne();
    });
  };
  for (let index = 0; index < 4; index++) startOne();
  while (running.size > 0) await Promise.race([...running].map((child) => once(child, 'exit')));
  return result;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
