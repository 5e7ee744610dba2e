import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../scripts/processes.mts';
import { SmallDisk } from '../../store/smallDisk.ts';
import { askSqlite, ensureCommand, ensureSqliteCommand } from '../../store/sqliteCommand.ts';
import { WriterProcess } from '../../store/writerProcess.ts';

let place: string;
let folder: string;
let writer: WriterProcess | undefined;
let smallDisk: SmallDisk | undefined;

beforeAll(ensureSqliteCommand, 300_000);

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'kandev-disk-'));
  folder = join(place, 'database');
});

afterEach(async () => {
  await writer?.kill();
  writer = undefined;
  await smallDisk?.unmount();
  smallDisk = undefined;
  await rm(place, { recursive: true, force: true });
});

/** Opens the board in a process of its own, in place of the one before. */
async function start(wrapper: readonly string[] = []): Promise<WriterProcess> {
  await writer?.kill();
  writer = await WriterProcess.start({ folder, triggers: { journalBytes: 200_000 } }, wrapper);
  return writer;
}

/** The cards of the board that are as they were made, as another SQLite finds them in a copy. */
async function ids(current: WriterProcess): Promise<string[]> {
  const copy = `${place}-copy.db`;
  await current.export(copy);
  try {
    expect(await askSqlite(copy, 'PRAGMA integrity_check')).toEqual(['ok']);
    return await askSqlite(
      copy,
      `SELECT id FROM tasks WHERE description = printf('%.200c', 'x') ORDER BY position`,
    );
  } finally {
    await rm(copy, { force: true });
  }
}

/** Part of what each card says. */
const said = 'x'.repeat(100);

/** What the user was told: how serious each message was. */
const notices = (current: WriterProcess): string[] =>
  current.said.filter((line) => line.startsWith('notice')).map((line) => line.split(' ')[1] ?? '');

describe('a disk', () => {
  it('whose folder is deleted under the open board is told of, and what was there can be exported', async () => {
    const current = await start();
    await current.write('before');
    await rm(folder, { recursive: true });
    expect(await current.write('first')).toContain('files were deleted');
    expect(await current.write('second')).toContain('files were deleted');
    expect(notices(current)).toEqual(['error']);
    expect(await ids(current)).toEqual(['before', 'first']);
  });

  it('that has flipped a bit is told of where something is missing, and the damaged file is kept', async () => {
    const cards = Array.from({ length: 12 }, (_, index) => `card-${index}`);
    const current = await start();
    for (const [index, card] of cards.entries()) {
      await current.write(card);
      if (index === 3 || index === 7) await current.snapshot();
    }
    await current.close();
    const whole = await filesIn(folder);
    expect(kindsOf([...whole.keys()])).toEqual([
      'daily.db',
      'daily.json',
      'journal.log',
      'snapshot.db',
      'snapshot.json',
    ]);
    for (const [name, bytes] of whole) {
      await rm(folder, { recursive: true });
      await mkdir(join(folder, 'backups'), { recursive: true });
      for (const [other, content] of whole) await writeFile(join(folder, other), content);
      const damaged = Buffer.from(bytes);
      // In what a card says, where SQLite itself does not notice it.
      const at = bytes.includes(said) ? bytes.indexOf(said) : bytes.length >> 1;
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      await writeFile(join(folder, name), damaged);
      const opened = await start();
      const found = await ids(opened);
      expect(found).toEqual(cards.slice(0, found.length));
      if (found.length < cards.length) expect(opened.said.join('\n')).toMatch(/notice error .* damaged/);
      await opened.close();
      const kept = [...(await filesIn(folder)).values()].some((content) => content.equals(damaged));
      expect([name, kept]).toEqual([name, true]);
      // Only what no snapshot has can be missing.
      if (!name.startsWith('journal')) expect([name, found]).toEqual([name, cards]);
    }
  }, 60_000);
});

/** All files of a folder and those below, by their paths from there. */
async function filesIn(path: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = new Map<string, Buffer>();
  for (const entry of entries.filter((other) => other.isFile())) {
    const file = join(entry.parentPath, entry.name);
    files.set(file.slice(path.length + 1), await readFile(file));
  }
  return files;
}

/** Names without their numbers, each once. */
function kindsOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => basename(name).replace(/-\d+/, '')))].sort();
}

/** Makes cards until the disk takes no more. */
async function floodUntilFull(current: WriterProcess, prefix: string): Promise<void> {
  current.tell(`flood ${prefix}`);
  expect(await current.hears((line) => line.startsWith('refused'))).toContain('no room left');
}

if (process.platform === 'linux') {
  describe('a disk of Linux', () => {
    it('that takes no more bytes refuses changes, which are saved when it takes some again', async () => {
      const current = await start();
      expect(await current.write('before')).toBe('done before');
      // Files may not grow beyond their first 100 bytes.
      await run('prlimit', ['--pid', String(current.pid), '--fsize=100:']);
      expect(await current.write('first')).toContain('no room left');
      expect(await current.write('second')).toContain('no room left');
      await run('prlimit', ['--pid', String(current.pid), '--fsize=unlimited:']);
      expect(await current.write('after')).toBe('done after');
      expect(notices(current)).toEqual(['error', 'info']);
      expect(await ids(await start())).toEqual(['before', 'first', 'second', 'after']);
    });

    it('whose folder may not be written to can be read, and takes changes when it may be', async () => {
      const first = await start();
      await first.write('there');
      await first.close();
      await chmod(folder, 0o555);
      // What root may do all the same, it must not be allowed here.
      const withoutPower =
        process.getuid?.() === 0
          ? ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override']
          : [];
      const second = await start(withoutPower);
      expect(await second.write('refused')).toContain('not allowed to write');
      expect(await ids(second)).toEqual(['there', 'refused']);
      await chmod(folder, 0o755);
      expect(await second.write('taken')).toBe('done taken');
      await second.close();
      expect(await ids(await start())).toEqual(['there', 'refused', 'taken']);
    });

    it('that fails to bring a journal to its surface loses nothing: the change is written to another one', async () => {
      await ensureCommand('strace', 'to let a real fsync fail');
      const first = await start();
      await first.write('before');
      await first.close();
      const journal = join(folder, 'journal-2.log');
      const failing = ['--trace=fdatasync', `--trace-path=${journal}`, '--inject=fdatasync:error=EIO'];
      const second = await start([
        'strace',
        '--follow-forks',
        '--quiet=all',
        '--output=/dev/null',
        ...failing,
      ]);
      expect(await second.write('refused')).toMatch(/^refused refused .*EIO.*kept in memory/);
      expect(await second.write('after')).toBe('done after');
      expect(notices(second)).toEqual(['error', 'info']);
      expect(await ids(await start())).toEqual(['before', 'refused', 'after']);
    }, 300_000);

    it('that is small and full refuses changes, loses none, and takes the rest when there is room', async () => {
      smallDisk = await SmallDisk.mount(place, 2);
      const current = await start(smallDisk.enter);
      await smallDisk.fill(500_000);
      await floodUntilFull(current, 'first-');
      expect(current.done.length).toBeGreaterThan(100);
      const done = [...current.done];
      // Killed and opened while it is full: what was reported as done is all there.
      const reopened = await start(smallDisk.enter);
      expect(await ids(reopened)).toEqual(expect.arrayContaining(done));
      await floodUntilFull(reopened, 'second-');
      await smallDisk.makeRoom();
      expect(await reopened.write('with-room')).toBe('done with-room');
      const refused = reopened.said.flatMap((line) => /^refused (\S+)/.exec(line)?.[1] ?? []);
      expect(refused.length).toBeGreaterThan(0);
      const found = await ids(await start(smallDisk.enter));
      expect(found).toEqual(expect.arrayContaining([...done, ...reopened.done, ...refused]));
    }, 60_000);
  });
}
