import { chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownedFiles } from '../../../src/orchestrator/ownedFiles.ts';
import { diskFiles } from '../../harness/diskFiles.ts';

/** Only root can make what belongs to others. */
describe.runIf(process.getuid?.() === 0)(
  'files that an editor makes as root in a folder of somebody else',
  () => {
    let folder = '';

    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'kandev-owned-'));
      await chown(folder, 1000, 1000);
    });

    afterEach(() => rm(folder, { recursive: true, force: true }));

    const owner = async (...names: string[]) => (await stat(path.join(folder, ...names))).uid;

    test('belong to the folder’s owner, with the folders made for them', async () => {
      await ownedFiles(diskFiles, folder).write(path.join(folder, 'a', 'b', 'new.txt'), 'x');
      expect([await owner('a'), await owner('a', 'b'), await owner('a', 'b', 'new.txt')]).toEqual([
        1000, 1000, 1000,
      ]);
    });

    test('that were there before keep their owner', async () => {
      await writeFile(path.join(folder, 'old.txt'), 'x');
      await ownedFiles(diskFiles, folder).write(path.join(folder, 'old.txt'), 'y');
      expect(await owner('old.txt')).toBe(0);
    });

    test('are not given away through a link that was put in the way', async () => {
      const outside = await mkdtemp(path.join(tmpdir(), 'kandev-outside-'));
      const files = ownedFiles(
        {
          ...diskFiles,
          write: async () => {
            await mkdir(path.join(outside, 'a'));
            await writeFile(path.join(outside, 'a', 'passwd'), 'root');
            await symlink(path.join(outside, 'a'), path.join(folder, 'a'));
          },
        },
        folder,
      );
      await files.write(path.join(folder, 'a', 'passwd'), 'x');
      expect((await stat(path.join(outside, 'a', 'passwd'))).uid).toBe(0);
      await rm(outside, { recursive: true });
    });
  },
);
