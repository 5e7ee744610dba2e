import { describe, expect, it } from 'vitest';
import type { StoreEngine } from '../../../src/store/storeEngine.ts';
import { newTask } from '../../store/cards.ts';
import { insertBoard, openEngine, storedIds } from '../../store/engine.ts';
import { powerIsGone, seeded, SimulatedDisk, type Random } from '../../store/simulatedDisk.ts';

const rounds = process.env.KANDEV_STRESS === '1' ? 3000 : 150;

/** What was asked of the board over all its lives, in order, and what of it was reported as done. */
class Ledger {
  readonly asked: string[] = [];
  readonly done = new Set<string>();
}

/** Opens the board, looks whether all is there, and writes until the power fails; some changes at once. */
async function live(disk: SimulatedDisk, random: Random, ledger: Ledger): Promise<void> {
  const opened = await openEngine(disk, { journalBytes: 3000 }).catch(unlessCut);
  if (!opened) return;
  const { engine, notices } = opened;
  check(storedIds(engine), ledger);
  try {
    // A snapshot that is due at the opening may come any distance before the first change.
    for (let pause = random() * 60; pause > 0; pause--) await Promise.resolve();
    if ((engine.query('boards', {}) as unknown[]).length === 0) await insertBoard(engine);
    for (let turn = 0; turn < 4; turn++) {
      const count = 1 + Math.floor(random() * 4);
      await Promise.all(Array.from({ length: count }, () => writeCard(engine, ledger)));
      if (random() < 0.2) await engine.snapshot();
    }
    await engine.close();
  } catch (error) {
    unlessCut(error);
    await engine.close().catch(unlessCut);
  }
  // After a crash nothing is broken: it is no reason to tell the user that changes are missing.
  expect(notices.filter(({ message }) => message.includes('damaged'))).toEqual([]);
}

async function writeCard(engine: StoreEngine, ledger: Ledger): Promise<void> {
  const id = `card ${ledger.asked.length + 1}`;
  ledger.asked.push(id);
  await engine.write('task.insert', newTask(id));
  ledger.done.add(id);
}

/** Any error is the fault of the power, or a fault of ours. */
function unlessCut(error: unknown): null {
  if ((error as Error).message.includes(powerIsGone)) return null;
  throw error;
}

/** All that was done is there, nothing is there that was not asked, and all in the order it was asked. */
function check(stored: readonly string[], ledger: Ledger): void {
  const missing = [...ledger.done].filter((id) => !stored.includes(id));
  expect(missing).toEqual([]);
  expect(ledger.asked.filter((id) => stored.includes(id))).toEqual(stored);
}

/** After a restore of which it is not certain that it was done, nothing more is taken. */
function unlessClosed(error: unknown): null {
  if ((error as Error).message.includes('Reload the window')) return null;
  return unlessCut(error);
}

describe('the database', () => {
  it(`loses nothing that was reported as done, over ${rounds} power cuts and kills`, async () => {
    const random = seeded(7);
    for (let board = 0; board < rounds / 10; board++) {
      const ledger = new Ledger();
      let disk = new SimulatedDisk(random);
      for (let life = 0; life < 10; life++) {
        const faults = { cutAt: 1 + Math.floor(random() * 150) };
        disk = random() < 0.3 ? disk.afterKill(faults) : disk.afterPowerCut(faults);
        await live(disk, random, ledger);
      }
      const { engine } = await openEngine(disk.afterPowerCut());
      check(storedIds(engine), ledger);
      await engine.close();
    }
  });

  it('loses nothing when it is killed at any step, goes on, and then the power is cut', async () => {
    const random = seeded(13);
    for (let cutAt = 1; cutAt < 120; cutAt++) {
      const ledger = new Ledger();
      const killed = new SimulatedDisk(random, { cutAt });
      await live(killed, random, ledger);
      const disk = killed.afterKill();
      const { engine } = await openEngine(disk);
      if ((engine.query('boards', {}) as unknown[]).length === 0) await insertBoard(engine);
      await writeCard(engine, ledger);
      const after = await openEngine(disk.afterPowerCut());
      check(storedIds(after.engine), ledger);
      await after.engine.close();
      await engine.close();
    }
  });

  it('is as it was or as the backup, when the power is cut at any step of restoring one', async () => {
    const before = new SimulatedDisk(seeded(17));
    const { engine: first } = await openEngine(before);
    await insertBoard(first);
    await first.write('task.insert', newTask('in the backup'));
    await first.snapshot();
    await first.write('task.insert', newTask('since'));
    const [backup] = await first.listBackups();
    await first.close();
    let restored = 0;
    for (let cutAt = 1; cutAt < 80; cutAt++) {
      const disk = before.copy({ cutAt });
      const opened = await openEngine(disk).catch(unlessCut);
      const done = await opened?.engine.restoreBackup(backup?.id ?? '').then(() => true, unlessCut);
      if (done === true) restored++;
      const wrote = await opened?.engine
        .write('task.insert', newTask('after'))
        .then(() => true, unlessClosed);
      const { engine, notices } = await openEngine(disk.afterPowerCut());
      const stored = storedIds(engine);
      const possible = done === true ? ['in the backup'] : ['in the backup', 'in the backup,since'];
      expect(possible).toContain(stored.filter((id) => id !== 'after').join());
      if (wrote === true) expect(stored).toContain('after');
      expect(notices.filter(({ message }) => message.includes('damaged'))).toEqual([]);
      await engine.close();
      await opened?.engine.close().catch(unlessCut);
    }
    expect(restored).toBeGreaterThan(5);
    expect(restored).toBeLessThan(75);
  });

  it('loses nothing when an fsync fails: what was refused is written with the next change', async () => {
    const random = seeded(11);
    for (let board = 0; board < 20; board++) {
      const ledger = new Ledger();
      let disk = new SimulatedDisk(random);
      const { engine: first } = await openEngine(disk);
      await insertBoard(first);
      await first.close();
      for (let life = 0; life < 3; life++) {
        disk = disk.afterPowerCut({ syncFails: 0.2 });
        const { engine } = await openEngine(disk, { journalBytes: 3000 });
        check(storedIds(engine), ledger);
        let refused: string[] = [];
        for (let turn = 0; turn < 30; turn++) {
          const id = `card ${ledger.asked.length + 1}`;
          const done = await writeCard(engine, ledger).then(
            () => true,
            () => false,
          );
          refused.push(id);
          if (!done) continue;
          for (const earlier of refused) ledger.done.add(earlier);
          refused = [];
        }
        await engine.close().catch(() => undefined);
      }
      const { engine } = await openEngine(disk.afterPowerCut());
      check(storedIds(engine), ledger);
      expect(ledger.done.size).toBeGreaterThan(30);
      await engine.close();
    }
  });
});
