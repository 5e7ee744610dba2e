import { describe, expect, it, vi } from 'vitest';
import { factsOf, writeDatabaseFile } from '../../../src/store/databaseFile.ts';
import { currentVersion, migrate, migrations } from '../../../src/store/migrations.ts';
import { newTask } from '../../store/cards.ts';
import { folder, insertBoard, legacyPath, openEngine, openSql, storedIds } from '../../store/engine.ts';
import { seeded, SimulatedDisk } from '../../store/simulatedDisk.ts';

/** A database of the first format, as one file. */
function firstFormat(title: string): Uint8Array {
  const db = openSql(null);
  const first = migrations.find(({ version }) => version === 1);
  db.script(`${first?.sql ?? ''}; PRAGMA user_version = 1`);
  db.run(`INSERT INTO boards VALUES ('board', 'Board', '[]', 1)`);
  db.run(
    `INSERT INTO tasks VALUES ('old', 'board', ?, '', 'BACKLOG', 1, 1, NULL, 'folder', NULL, NULL, '[]', NULL, 'ann', 1, 1)`,
    title,
  );
  db.run(`INSERT INTO task_events VALUES ('e', 'old', 'ann', NULL, 'BACKLOG', NULL, 1)`);
  const bytes = db.export();
  db.close();
  return bytes;
}

const newDisk = (): SimulatedDisk => new SimulatedDisk(seeded(1));

describe('a database of the first format', () => {
  it('is imported once, backed up before it is changed, and stays where it is', async () => {
    const disk = newDisk();
    const original = firstFormat('old');
    disk.put(legacyPath, original);
    const first = await openEngine(disk);
    expect(storedIds(first.engine)).toEqual(['old']);
    expect(first.notices).toEqual([]);
    await first.engine.write('task.insert', newTask('new'));
    const backups = await first.engine.listBackups();
    expect(backups.map(({ kind, cards }) => [kind, cards])).toEqual([['migration', 1]]);
    await first.engine.close();
    expect(disk.files().get(legacyPath)).toEqual(original);
    disk.put(legacyPath, firstFormat('changed since'));
    const second = await openEngine(disk);
    expect(storedIds(second.engine)).toEqual(['old', 'new']);
    expect(await second.engine.listBackups()).toEqual(backups);
    await second.engine.close();
  });

  it('can be had back from the backup that was made before', async () => {
    const disk = newDisk();
    disk.put(legacyPath, firstFormat('old'));
    const { engine } = await openEngine(disk);
    await engine.write('task.insert', newTask('new'));
    const [backup] = await engine.listBackups();
    await engine.restoreBackup(backup?.id ?? '');
    expect(storedIds(engine)).toEqual(['old']);
    await engine.write('task.insert', newTask('after'));
    await engine.close();
    const again = await openEngine(disk.afterPowerCut());
    expect(storedIds(again.engine)).toEqual(['old', 'after']);
    const kinds = (await again.engine.listBackups()).map(({ kind, cards }) => [kind, cards]);
    expect(kinds).toContainEqual(['restore', 2]);
    await again.engine.close();
  });

  it('is set aside when it is no database, and the board begins anew', async () => {
    const disk = newDisk();
    disk.put(legacyPath, Buffer.from('this is not a database, and never was one'));
    const { engine, notices } = await openEngine(disk);
    expect(notices.map(({ severity }) => severity)).toEqual(['error']);
    await insertBoard(engine);
    await engine.close();
    expect(disk.exists(`${folder.aside}/board.db`)).toBe(true);
    expect(disk.exists(legacyPath)).toBe(false);
  });

  it('can be read but not changed where it cannot be backed up first', async () => {
    const disk = newDisk();
    disk.put(legacyPath, firstFormat('old'));
    disk.full = true;
    const { engine, notices } = await openEngine(disk);
    expect(storedIds(engine)).toEqual(['old']);
    expect(notices.map(({ message }) => message).join()).toMatch(/reading only.*no room left/);
    await expect(engine.write('task.insert', newTask('new'))).rejects.toMatchObject({
      failure: { reason: 'storage' },
    });
    await engine.close();
    disk.full = false;
    const again = await openEngine(disk);
    expect(storedIds(again.engine)).toEqual(['old']);
    await again.engine.write('task.insert', newTask('new'));
    await again.engine.close();
  });
});

describe('what a crash has left of snapshots and backups', () => {
  it('is removed, and nothing else', async () => {
    const disk = newDisk();
    const { engine: first } = await openEngine(disk);
    await insertBoard(first);
    await first.write('task.insert', newTask('there'));
    await first.snapshot();
    await first.close();
    const before = [...disk.files().keys()].sort();
    const left = [
      'snapshot-999.json',
      'snapshot-999.db.tmp',
      'backups/daily-999.json.tmp',
      'backups/restore-999.json',
    ];
    const foreign = ['notes-1.json', 'export.db.tmp'];
    for (const name of [...left, ...foreign]) disk.put(`${folder.path}/${name}`, Buffer.from('x'));
    const { engine, notices } = await openEngine(disk);
    expect(storedIds(engine)).toEqual(['there']);
    await engine.close();
    const kept = foreign.map((name) => `${folder.path}/${name}`);
    expect([...disk.files().keys()].sort()).toEqual([...before, ...kept].sort());
    expect(notices).toEqual([]);
  });
});

describe('a database of a newer version', () => {
  it('is open for reading only, says so, and none of its files is touched', async () => {
    const disk = newDisk();
    const newer = openSql(firstFormat('card'));
    migrate(newer);
    // A later version has added a column and a number.
    newer.script(`ALTER TABLE tasks ADD COLUMN colour TEXT; PRAGMA user_version = ${currentVersion + 1}`);
    const bytes = newer.export();
    await writeDatabaseFile(disk, folder.snapshot(9), bytes, factsOf(newer, bytes, 9));
    const before = disk.files();

    const opened = await openEngine(disk);
    expect(storedIds(opened.engine)).toEqual(['old']);
    expect(opened.notices.map(({ message }) => message).join()).toMatch(/newer version.*reading only/);
    await expect(opened.engine.write('task.insert', newTask('new'))).rejects.toThrow('Update Kandev');
    await expect(opened.engine.restoreBackup('daily-1')).rejects.toThrow('Update Kandev');
    await opened.engine.close();
    expect(disk.files()).toEqual(before);
  });
});

describe('a disk that takes nothing', () => {
  it('when it is full: changes are refused, kept in memory, and written when there is room', async () => {
    const disk = newDisk();
    const { engine, notices } = await openEngine(disk);
    await insertBoard(engine);
    disk.full = true;
    for (const id of ['first', 'second']) {
      await expect(engine.write('task.insert', newTask(id))).rejects.toMatchObject({
        failure: { reason: 'storage', message: expect.stringContaining('no room left') as string },
      });
    }
    expect(storedIds(engine)).toEqual(['first', 'second']);
    expect(notices.map(({ severity }) => severity)).toEqual(['error']);
    disk.full = false;
    await engine.write('task.insert', newTask('third'));
    expect(notices.map(({ severity }) => severity)).toEqual(['error', 'info']);
    const again = await openEngine(disk.afterPowerCut());
    expect(storedIds(again.engine)).toEqual(['first', 'second', 'third']);
    await again.engine.close();
    await engine.close();
  });

  it('when it is read-only from the beginning: the board can be read, and changed when it can be written', async () => {
    const disk = newDisk();
    const { engine: first } = await openEngine(disk);
    await insertBoard(first);
    await first.write('task.insert', newTask('there'));
    await first.close();
    disk.readOnly = true;
    const { engine, notices } = await openEngine(disk);
    expect(storedIds(engine)).toEqual(['there']);
    await expect(engine.write('task.insert', newTask('refused'))).rejects.toThrow(/not allowed to write/);
    expect(notices).toHaveLength(1);
    disk.readOnly = false;
    await engine.write('task.insert', newTask('taken'));
    await engine.close();
    const again = await openEngine(disk);
    expect(storedIds(again.engine)).toEqual(['there', 'refused', 'taken']);
    await again.engine.close();
  });

  it('is tried again after a while, without any further change', async () => {
    const disk = newDisk();
    const { engine, notices } = await openEngine(disk, {}, 5);
    await insertBoard(engine);
    disk.full = true;
    await expect(engine.write('task.insert', newTask('waits'))).rejects.toThrow('no room left');
    disk.full = false;
    await vi.waitFor(() => {
      expect(notices.at(-1)?.message).toContain('can be saved again');
    });
    const again = await openEngine(disk.afterPowerCut());
    expect(storedIds(again.engine)).toEqual(['waits']);
    await again.engine.close();
    await engine.close();
  });

  it('refuses changes without making them, when too many wait', async () => {
    const disk = newDisk();
    const { engine } = await openEngine(disk);
    await insertBoard(engine);
    disk.full = true;
    const { task, change } = newTask('huge');
    const huge = { task: { ...task, description: 'x'.repeat(17 * 1024 * 1024) }, change };
    await expect(engine.write('task.insert', huge)).rejects.toThrow('no room left');
    await expect(engine.write('task.insert', newTask('one too many'))).rejects.toThrow('was not made');
    expect(storedIds(engine)).toEqual(['huge']);
    disk.full = false;
    await expect(engine.close()).resolves.toBeUndefined();
  });
});

describe('two windows', () => {
  it('do not write one board: who opens it has it, and the other is told and writes nothing', async () => {
    const disk = newDisk();
    const { engine: first } = await openEngine(disk);
    await insertBoard(first);
    await first.write('task.insert', newTask('of the first'));
    const { engine: second } = await openEngine(disk);
    await expect(first.write('task.insert', newTask('too late'))).rejects.toThrow('Another window');
    expect(() => first.query('boards', {})).toThrow('Another window');
    await second.write('task.insert', newTask('of the second'));
    await expect(first.snapshot()).rejects.toThrow('Another window');
    await first.close();
    await second.close();
    const { engine } = await openEngine(disk.afterPowerCut());
    expect(storedIds(engine)).toEqual(['of the first', 'of the second']);
    await engine.close();
  });

  it('lose nothing of what one was told is done while the other opened the board', async () => {
    const random = seeded(21);
    for (let round = 0; round < 40; round++) {
      const disk = new SimulatedDisk(random);
      const { engine: first } = await openEngine(disk);
      await insertBoard(first);
      const done: string[] = [];
      const writing = (async () => {
        for (let index = 0; index < 100; index++) {
          await first.write('task.insert', newTask(`a${index}`));
          done.push(`a${index}`);
        }
      })().catch((error: unknown) => error);
      while (done.length < random() * 10) await Promise.resolve();
      const { engine: second } = await openEngine(disk);
      await second.write('task.insert', newTask('b'));
      expect(await writing).toMatchObject({ failure: { reason: 'storage' } });
      await second.close();
      const { engine } = await openEngine(disk.afterPowerCut());
      const stored = storedIds(engine);
      expect(stored).toEqual(expect.arrayContaining([...done, 'b']));
      expect(stored.length).toBeLessThanOrEqual(done.length + 2);
      await engine.close();
    }
  });
});
