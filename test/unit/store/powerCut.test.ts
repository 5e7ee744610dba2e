import { describe, expect, it } from 'vitest';
import { boardId, insertBoard, newTask, openEngine, storedIds } from '../../store/engine.ts';
import { seeded, SimulatedDisk, type Random } from '../../store/simulatedDisk.ts';

const rounds = process.env.KANDEV_STRESS === '1' ? 3000 : 150;

/** What was asked of the board over all its lives, in order, and what of it was reported as done. */
class Ledger {
  readonly asked: string[] = [];
  readonly done = new Set<string>();
}

/** Writes until the disk fails; some changes one after the other, some at once. */
async function live(disk: SimulatedDisk, random: Random, ledger: Ledger): Promise<void> {
  const { engine } = await openEngine(disk);
  try {
    check(storedIds(engine), ledger);
    if ((engine.query('boards', {}) as unknown[]).length === 0) await insertBoard(engine);
    for (let turn = 0; turn < 4; turn++) {
      const ids = Array.from({ length: 1 + Math.floor(random() * 4) }, () => `card ${ledger.asked.length + 1}`);
      const writes = ids.map((_, index) => {
        const id = `card ${ledger.asked.length + 1}`;
        ids[index] = id;
        ledger.asked.push(id);
        return engine.write('task.insert', newTask(id)).then(() => ledger.done.add(id));
      });
      await Promise.all(writes);
      if (random() < 0.2) await engine.snapshot();
    }
  } finally {
    // What was asked and is not done is not asked again: the next life has it or not.
    await engine.close().catch(() => undefined);
  }
}

/** All that was done is there, nothing is there that was not asked, and all in the order it was asked. */
function check(stored: readonly string[], ledger: Ledger): void {
  const missing = [...ledger.done].filter((id) => !stored.includes(id));
  expect(missing).toEqual([]);
  expect(ledger.asked.filter((id) => stored.includes(id))).toEqual(stored);
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
        await live(disk, random, ledger).catch(() => undefined);
      }
      const { engine, notices } = await openEngine(disk.afterPowerCut());
      check(storedIds(engine), ledger);
      expect(notices.filter(({ severity }) => severity === 'error')).toEqual([]);
      await engine.close();
    }
  });

  it('goes on after an fsync has failed, and loses nothing that was reported as done', async () => {
    const random = seeded(11);
    for (let board = 0; board < 20; board++) {
      const ledger = new Ledger();
      let disk = new SimulatedDisk(random);
      const { engine: first } = await openEngine(disk);
      await insertBoard(first);
      await first.close();
      for (let life = 0; life < 3; life++) {
        disk = disk.afterPowerCut({ syncFails: 0.2 });
        const { engine } = await openEngine(disk);
        for (let turn = 0; turn < 30; turn++) {
          const id = `card ${ledger.asked.length + 1}`;
          ledger.asked.push(id);
          await engine.write('task.insert', newTask(id)).then(
            () => ledger.done.add(id),
            () => undefined,
          );
        }
        expect(storedIds(engine)).toHaveLength((engine.query('boardCards', { boardId }) as unknown[]).length);
        await engine.close().catch(() => undefined);
      }
      const { engine } = await openEngine(disk.afterPowerCut());
      check(storedIds(engine), ledger);
      expect(ledger.done.size).toBeGreaterThan(30);
      await engine.close();
    }
  });
});
