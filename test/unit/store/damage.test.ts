import { beforeAll, describe, expect, it } from 'vitest';
import { currentVersion } from '../../../src/store/migrations.ts';
import { newTask } from '../../store/cards.ts';
import { folder, insertBoard, openEngine, storedIds } from '../../store/engine.ts';
import { seeded, SimulatedDisk } from '../../store/simulatedDisk.ts';

const flipsPerFile = process.env.KANDEV_STRESS === '1' ? 400 : 25;

/** A board with two snapshots, a backup and journals, closed in good order. */
let whole: SimulatedDisk;
const ids: string[] = [];
/** Each migration is one change, the board another, and so is each card. */
const older = currentVersion + 5;
const newer = currentVersion + 14;

beforeAll(async () => {
  whole = new SimulatedDisk(seeded(3));
  for (let life = 0; life < 3; life++) {
    const { engine } = await openEngine(whole);
    if (life === 0) await insertBoard(engine);
    for (let index = 0; index < 8; index++) {
      const id = `card ${ids.length + 1}`;
      await engine.write('task.insert', newTask(id));
      ids.push(id);
      if (index === 3 && life < 2) await engine.snapshot();
    }
    await engine.close();
  }
});

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const result = Uint8Array.from(bytes);
  result[bit >> 3] = (result[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return result;
}

function names(disk: SimulatedDisk): string[] {
  return [...disk.files().keys()].map((path) => path.slice(folder.path.length + 1)).sort();
}

async function open(disk: SimulatedDisk): Promise<{ stored: string[]; errors: string[]; notices: string[] }> {
  const { engine, notices } = await openEngine(disk);
  const stored = storedIds(engine);
  await engine.close();
  return {
    stored,
    errors: notices.filter(({ severity }) => severity === 'error').map(({ message }) => message),
    notices: notices.map(({ message }) => message),
  };
}

describe('a board whose files are damaged', () => {
  it('has two snapshots, the journals since, and a backup to begin with', () => {
    expect(names(whole).filter((name) => /^(snapshot|journal).*(db|log)$/.test(name))).toEqual(
      [
        'journal-2.log',
        'journal-3.log',
        'journal-4.log',
        'journal-5.log',
        `snapshot-${newer}.db`,
        `snapshot-${older}.db`,
      ].sort(),
    );
  });

  it('is opened all the same after any bit of any file was flipped, and tells what is missing', async () => {
    const random = seeded(5);
    for (const [path, bytes] of whole.files()) {
      for (let flip = 0; flip < flipsPerFile; flip++) {
        const disk = whole.copy();
        const damaged = flipped(bytes, Math.floor(random() * bytes.length * 8));
        disk.put(path, damaged);
        const { stored, errors } = await open(disk);
        expect(stored).toEqual(ids.slice(0, stored.length));
        if (stored.length < ids.length) {
          expect(errors.join()).toMatch(/damaged.*could not be read/);
          const kept = [...disk.files().values()].some((content) => Buffer.compare(content, damaged) === 0);
          expect(kept).toBe(true);
        }
        // What was put in order stays so.
        const again = await open(disk);
        expect(again.stored).toEqual(stored);
        expect(again.errors).toEqual([]);
      }
    }
  });

  it('loses nothing with its newest snapshot, which is set aside', async () => {
    const disk = whole.copy();
    disk.put(folder.snapshot(newer), Buffer.from('not a database'));
    const { stored, notices } = await open(disk);
    expect(stored).toEqual(ids);
    expect(notices.join()).toContain('Nothing is missing');
    expect(names(disk)).toEqual(
      expect.arrayContaining([`aside/snapshot-${newer}.db`, `aside/snapshot-${newer}.json`]),
    );
    expect(names(disk)).not.toContain(`snapshot-${newer}.db`);
  });

  it('loses nothing with both snapshots, as long as a backup and the journals lead to the present', async () => {
    const disk = whole.copy();
    for (const seq of [7, 16]) disk.put(folder.snapshot(seq), Buffer.from('not a database'));
    const { stored, errors } = await open(disk);
    expect(stored).toEqual(ids);
    expect(errors).toEqual([]);
  });

  it('begins anew when nothing can be read, and keeps what there was', async () => {
    const disk = whole.copy();
    const before = new Map<string, Uint8Array>();
    for (const [path, bytes] of disk.files()) {
      before.set(path, Buffer.from(`garbage instead of ${bytes.length} bytes in ${path}`));
      disk.put(path, before.get(path) ?? bytes);
    }
    const { engine, notices } = await openEngine(disk);
    expect(engine.query('boards', {})).toEqual([]);
    expect(notices.map(({ message }) => message).join()).toMatch(
      new RegExp(`The board begins anew; at least ${newer} changes`),
    );
    await insertBoard(engine);
    await engine.write('task.insert', newTask('new'));
    expect(storedIds(engine)).toEqual(['new']);
    await engine.close();
    const contents = [...disk.files().values()].map((content) => Buffer.from(content).toString());
    for (const [path, bytes] of before) {
      if (/(journal|snapshot)/.test(path)) expect(contents).toContain(Buffer.from(bytes).toString());
    }
    expect((await open(disk)).stored).toEqual(['new']);
  });

  it('tells what is missing after a journal was lost, and goes on', async () => {
    const disk = whole.copy();
    await disk.remove(folder.journal(4));
    const { stored, errors } = await open(disk);
    expect(stored.length).toBeLessThan(ids.length);
    expect(stored).toEqual(ids.slice(0, stored.length));
    expect(errors.join()).toMatch(/It is as it was at .*; at least \d+ changes made after that/);
    expect((await open(disk)).errors).toEqual([]);
  });
});
