import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { heldFiles } from '../../../src/orchestrator/heldFiles.ts';
import { diskFiles } from '../../harness/diskFiles.ts';

let base = '';
let folder = '';
let outside = '';
const inFolder = (...names: string[]): string => path.join(folder, ...names);

beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'kandev-held-'));
  folder = path.join(base, 'project');
  outside = path.join(base, 'outside');
  for (const each of [folder, outside]) await mkdir(each);
  await writeFile(path.join(outside, 'secret'), 'secret');
});

afterEach(() => rm(base, { recursive: true, force: true }));

const files = () => heldFiles(diskFiles, folder);

describe('the texts of a workspace', () => {
  test('are read, made with their folders, and replaced', async () => {
    expect(await files().read(inFolder('none', 'a.txt'))).toBeNull();
    await files().write(inFolder('a', 'b', 'new.txt'), 'long text\n');
    expect(await files().read(inFolder('a', 'b', 'new.txt'))).toBe('long text\n');
    await files().write(inFolder('a', 'b', 'new.txt'), 'short\n');
    expect(await readFile(inFolder('a', 'b', 'new.txt'), 'utf8')).toBe('short\n');
  });

  test('are those of an editor where it has them open, and are written there', async () => {
    await writeFile(inFolder('open.txt'), 'saved\n');
    const written: string[] = [];
    const editor = {
      ...diskFiles,
      unsavedText: () => 'typed\n',
      isOpen: () => true,
      replace: (_path: string, content: string) => Promise.resolve(void written.push(content)),
    };
    expect(await heldFiles(editor, folder).read(inFolder('open.txt'))).toBe('typed\n');
    await heldFiles(editor, folder).write(inFolder('open.txt'), 'agent\n');
    expect(written).toEqual(['agent\n']);
    await rm(inFolder('open.txt'));
    await symlink(path.join(outside, 'secret'), inFolder('open.txt'));
    await expect(heldFiles(editor, folder).write(inFolder('open.txt'), 'x')).rejects.toThrow(/link/);
    expect(written).toEqual(['agent\n']);
  });

  test('may be in a folder that was opened by a link', async () => {
    const link = path.join(base, 'link');
    await symlink(folder, link);
    await heldFiles(diskFiles, link).write(path.join(link, 'a', 'new.txt'), 'x');
    expect(await readFile(inFolder('a', 'new.txt'), 'utf8')).toBe('x');
  });

  test('are not waited for where they are a named pipe', async () => {
    await promisify(execFile)('mkfifo', [inFolder('pipe')]);
    await expect(files().read(inFolder('pipe'))).rejects.toThrow(/no plain file/);
    // Opening one to write to it fails as long as nobody reads.
    await expect(files().write(inFolder('pipe'), 'x')).rejects.toThrow();
  });

  test('are not held in memory whatever their size', async () => {
    await promisify(execFile)('truncate', ['-s', '100G', inFolder('huge')]);
    await expect(files().read(inFolder('huge'))).rejects.toThrow(/larger than/);
  });
});

// The path was looked at, and then an agent has put a link there.
describe('a link that was put in the way since the path was looked at', () => {
  test.each([
    ['as the file', () => symlink(path.join(outside, 'secret'), inFolder('secret')), ['secret']],
    ['as its folder', () => symlink(outside, inFolder('a')), ['a', 'secret']],
    ['further up', () => symlink(base, inFolder('a')), ['a', 'outside', 'secret']],
  ])('%s is not followed', async (_where, plant, names) => {
    await plant();
    await expect(files().read(inFolder(...names))).rejects.toThrow(/link/);
    await expect(files().write(inFolder(...names), 'gotcha')).rejects.toThrow(/link/);
    if (names.length > 1) {
      await expect(files().write(inFolder(...names.slice(0, -1), 'new'), 'x')).rejects.toThrow(/link/);
    }
    expect(await readFile(path.join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(await readdir(outside)).toEqual(['secret']);
  });

  test('is not followed either while it comes and goes', async () => {
    await mkdir(inFolder('real'));
    await writeFile(inFolder('real', 'secret'), 'inside');
    const swapping = `while [ -e '${inFolder('real')}' ]; do ln -sfn '${outside}' '${inFolder('a')}'; rm '${inFolder('a')}'; cp -r '${inFolder('real')}' '${inFolder('a')}'; rm -r '${inFolder('a')}'; done`;
    const swapped = promisify(execFile)('sh', ['-c', swapping]).catch(() => undefined);
    const seen = new Set<string>();
    for (let n = 0; n < 300; n += 1) {
      const text = await files()
        .read(inFolder('a', 'secret'))
        .catch(() => 'refused');
      seen.add(text ?? 'none');
      await files()
        .write(inFolder('a', 'secret'), 'inside')
        .catch(() => undefined);
    }
    await rm(inFolder('real'), { recursive: true });
    await swapped;
    expect(seen).not.toContain('secret');
    expect(await readFile(path.join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(await readdir(outside)).toEqual(['secret']);
  });
});

/** Only root can make what belongs to others. */
describe.runIf(process.getuid?.() === 0)('what is made as root in a folder of somebody else', () => {
  beforeEach(() => chown(folder, 1000, 1000));

  const owner = async (...names: string[]) => (await stat(inFolder(...names))).uid;

  test('belongs to the folder’s owner, with the folders made for it', async () => {
    await files().write(inFolder('a', 'b', 'new.txt'), 'x');
    expect([await owner('a'), await owner('a', 'b'), await owner('a', 'b', 'new.txt')]).toEqual([
      1000, 1000, 1000,
    ]);
  });

  test('keeps its owner where it was there before', async () => {
    await writeFile(inFolder('old.txt'), 'x');
    await files().write(inFolder('old.txt'), 'y');
    expect(await owner('old.txt')).toBe(0);
  });
});
