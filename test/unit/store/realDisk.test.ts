import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../scripts/processes.mts';
import { askSqlite, ensureSqliteCommand } from '../../store/sqliteCommand.ts';
import { WriterProcess } from '../../store/writerProcess.ts';

let place: string;
let writer: WriterProcess | undefined;

beforeAll(ensureSqliteCommand, 300_000);

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'kandev-disk-'));
});

afterEach(async () => {
  await writer?.kill();
  writer = undefined;
  await rm(place, { recursive: true, force: true });
});

/** Runs a command in a place where it may mount a file system that nobody else sees, and that is gone with it. */
const mounting = ['unshare', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']), '--mount'];
const mayMount =
  process.platform === 'linux' &&
  spawnSync('sh', ['-c', `${mounting.join(' ')} mount -t tmpfs tmpfs /tmp`]).status === 0;

async function ids(current: WriterProcess): Promise<string[]> {
  const copy = `${place}-copy.db`;
  await current.export(copy);
  try {
    expect(await askSqlite(copy, 'PRAGMA integrity_check')).toEqual(['ok']);
    return await askSqlite(copy, 'SELECT id FROM tasks ORDER BY position');
  } finally {
    await rm(copy, { force: true });
  }
}

const notices = (current: WriterProcess): string[] =>
  current.said.filter((line) => line.startsWith('notice')).map((line) => line.split(' ')[1] ?? '');

if (process.platform === 'linux') {
  describe('a disk', () => {
    it('that takes no more bytes refuses changes, which are saved when it takes some again', async () => {
      const folder = join(place, 'database');
      writer = await WriterProcess.start({ folder });
      expect(await writer.write('before')).toBe('done before');
      // Files may not grow beyond their first 100 bytes.
      await run('prlimit', ['--pid', String(writer.pid), '--fsize=100:']);
      expect(await writer.write('first')).toContain('no room left');
      expect(await writer.write('second')).toContain('no room left');
      await run('prlimit', ['--pid', String(writer.pid), '--fsize=unlimited:']);
      expect(await writer.write('after')).toBe('done after');
      expect(notices(writer)).toEqual(['error', 'info']);
      await writer.kill();
      writer = await WriterProcess.start({ folder });
      expect(await ids(writer)).toEqual(['before', 'first', 'second', 'after']);
    });

    it('whose folder may not be written to can be read, and takes changes when it may be', async () => {
      const folder = join(place, 'database');
      writer = await WriterProcess.start({ folder });
      await writer.write('there');
      await writer.close();
      await chmod(folder, 0o555);
      // What root may do all the same, it must not be allowed here.
      const withoutPower =
        process.getuid?.() === 0
          ? ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override']
          : [];
      writer = await WriterProcess.start({ folder }, withoutPower);
      expect(await writer.write('refused')).toContain('not allowed to write');
      expect(await ids(writer)).toEqual(['there', 'refused']);
      await chmod(folder, 0o755);
      expect(await writer.write('taken')).toBe('done taken');
      await writer.close();
      writer = await WriterProcess.start({ folder });
      expect(await ids(writer)).toEqual(['there', 'refused', 'taken']);
    });

    it('whose folder is deleted under the open board is told of, and what was there can be exported', async () => {
      const folder = join(place, 'database');
      writer = await WriterProcess.start({ folder });
      await writer.write('before');
      await rm(folder, { recursive: true });
      expect(await writer.write('first')).toContain('files were deleted');
      expect(await writer.write('second')).toContain('files were deleted');
      expect(notices(writer)).toEqual(['error']);
      expect(await ids(writer)).toEqual(['before', 'first']);
    });
  });
}

if (mayMount) {
  describe('a small disk', () => {
    it('that is full refuses changes, loses none, and takes the rest when there is room', async () => {
      const mount = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';
      const folder = join(place, 'database');
      writer = await WriterProcess.start({ folder, triggers: { journalBytes: 200_000 } }, [
        ...mounting,
        'sh',
        '-c',
        mount,
        place,
      ]);
      const seenFromHere = join('/proc', String(writer.pid), 'root', place);
      await mkdir(join(seenFromHere, 'other'));
      await writeFile(join(seenFromHere, 'other', 'filler'), Buffer.alloc(500_000));
      writer.tell('flood ');
      await writer.hears((line) => line.startsWith('refused'));
      await rm(join(seenFromHere, 'other'), { recursive: true });
      const refused = await writer.write('one-more');
      if (refused !== 'done one-more') expect(await writer.write('after')).toBe('done after');
      const done = [...writer.done];
      expect(await ids(writer)).toEqual(expect.arrayContaining(done));
      expect(done.length).toBeGreaterThan(100);
    }, 60_000);
  });
}
