import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pack, type Pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAt, type KnownFiles } from '../../../src/agents/knownFiles.ts';
import { mergeWork } from '../../../src/agents/mergeWork.ts';
import { receiveWork, type WorkLimits } from '../../../src/agents/receiveWork.ts';

let home: string;
let root: string;
let known: KnownFiles;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'kandev-receive-'));
  root = path.join(home, 'work');
  await mkdir(path.join(root, '.git', 'hooks'), { recursive: true });
  await writeFile(path.join(root, '.git', 'config'), 'mine');
  await writeFile(path.join(root, 'a.txt'), 'a');
  await writeFile(path.join(root, 'b.txt'), 'b');
  known = new Map();
  for (const name of ['.git', '.git/hooks', '.git/config', 'a.txt', 'b.txt']) {
    const file = await lookAt(path.join(root, name));
    if (file) known.set(name, file);
  }
});

afterEach(() => rm(home, { recursive: true, force: true }));

type Entry = (archive: Pack) => void;
const folder =
  (name: string): Entry =>
  (archive) => {
    archive.entry({ name: `${name}/`, type: 'directory' });
  };
const file =
  (name: string, content: string, mode = 0o644): Entry =>
  (archive) => {
    archive.entry({ name, mode }, content);
  };
const link =
  (name: string, linkname: string, type: 'symlink' | 'link' = 'symlink'): Entry =>
  (archive) => {
    archive.entry({ name, linkname, type });
  };
/** What the folder held when it was sent. */
const unchanged: Entry[] = [
  folder('work'),
  folder('work/.git'),
  folder('work/.git/hooks'),
  file('work/.git/config', 'mine'),
  file('work/a.txt', 'a'),
  file('work/b.txt', 'b'),
];

async function bringBack(entries: readonly Entry[], limits?: WorkLimits): Promise<string[]> {
  const archive = pack();
  for (const add of entries) add(archive);
  archive.finalize();
  const staging = `${root}.receiving`;
  const reception = { target: '/far/work', root, known, staging, ...(limits ? { limits } : {}) };
  const received = await receiveWork(Readable.from(archive), reception);
  const problems = await mergeWork({ root, known, received, staging, owner: null });
  await rm(staging, { recursive: true, force: true });
  return [...received.leftOut, ...problems];
}

const textOf = (name: string): Promise<string> => readFile(path.join(root, name), 'utf8');

describe('what an agent has done in a copy', () => {
  it('is written into the folder: changed, new and removed files, links and rights', async () => {
    const problems = await bringBack([
      ...unchanged.slice(0, 4),
      file('work/a.txt', 'new a'),
      folder('work/c'),
      file('work/c/run', 'x', 0o755),
      file('work/c/empty', ''),
      link('work/c/up', '../a.txt'),
      link('work/c/same', 'work/c/run', 'link'),
    ]);
    expect(problems).toEqual([]);
    expect((await readdir(root)).sort()).toEqual(['.git', 'a.txt', 'c']);
    expect(await textOf('a.txt')).toBe('new a');
    expect(await textOf('c/same')).toBe('x');
    expect(await textOf('c/empty')).toBe('');
    expect(await lookAt(path.join(root, 'c/run'))).toMatchObject({ executable: true });
    expect(await readlink(path.join(root, 'c/up'))).toBe('../a.txt');
  });

  it('leaves what it has not touched as somebody has it here', async () => {
    await writeFile(path.join(root, 'b.txt'), 'edited here');
    await writeFile(path.join(root, 'new.txt'), 'made here');
    expect(
      await bringBack([...unchanged.slice(0, 4), file('work/a.txt', '2'), file('work/b.txt', 'b')]),
    ).toEqual([]);
    expect(await textOf('b.txt')).toBe('edited here');
    expect(await textOf('new.txt')).toBe('made here');
    expect(await textOf('a.txt')).toBe('2');
  });

  it('stands beside what somebody has changed here too', async () => {
    await writeFile(path.join(root, 'a.txt'), 'edited here');
    const [problem = ''] = await bringBack([
      ...unchanged.slice(0, 4),
      file('work/a.txt', '2'),
      file('work/b.txt', 'b'),
    ]);
    const [, beside = ''] = /is in (a\.txt\.agent-\w{8})$/.exec(problem) ?? [];
    expect(await textOf('a.txt')).toBe('edited here');
    expect(await textOf(beside)).toBe('2');
  });

  it('keeps what somebody has changed here and the agent has removed', async () => {
    await writeFile(path.join(root, 'a.txt'), 'edited here');
    await bringBack([...unchanged.slice(0, 4), file('work/b.txt', 'b')]);
    expect(await textOf('a.txt')).toBe('edited here');
  });

  it('may be brought back again after it was cut off', async () => {
    const entries = [...unchanged.slice(0, 4), file('work/a.txt', '2'), file('work/b.txt', '3')];
    // As if the process had been killed between the two files.
    await writeFile(path.join(root, 'a.txt'), '2');
    expect(await bringBack(entries)).toEqual([]);
    expect(await textOf('b.txt')).toBe('3');
  });
});

describe('an agent that attacks by its files', () => {
  const git = [...unchanged];

  it.each([
    ['goes up', file('work/../evil', 'x')],
    ['goes up by its own name', file('../evil', 'x')],
    ['has an absolute path', file('/work/evil', 'x')],
    ['has another folder', file('evil', 'x')],
  ])('is refused when a path %s', async (_how, entry) => {
    await expect(bringBack([...git, entry])).rejects.toThrow(/Nothing of it was taken/);
    expect(await readdir(home)).not.toContain('evil');
  });

  it.each([
    [
      'hooks',
      [...git, file('work/.git/hooks/post-checkout', 'evil', 0o755)],
      /hooks\/post-checkout: git on this/,
    ],
    [
      'a hook in other letters',
      [...git, folder('work/.GIT'), folder('work/.GIT/hooks')],
      /\.GIT\/hooks: git on this/,
    ],
    [
      'the config',
      [...unchanged.slice(0, 3), file('work/.git/config', '[core]fsmonitor=x'), ...unchanged.slice(4)],
      /\.git\/config: git on this machine/,
    ],
    [
      'the repository by a file',
      [folder('work'), file('work/.git', 'gitdir: /x')],
      /\.git: the repository was replaced/,
    ],
    ['a link out', [...git, link('work/out', '../../etc')], /out: it is a link that leads out/],
    ['an absolute link', [...git, link('work/out', '/etc/passwd')], /out: it is a link that leads out/],
    ['a hard link to nothing', [...git, link('work/out', 'work/none', 'link')], /out: it is one with a file/],
    ['a file twice', [...git, file('work/a.txt', 'second')], /a\.txt: there are two of that name/],
    [
      'a file behind a link',
      [...git, link('work/d', '.'), file('work/d/x', 'y')],
      /d\/x: what it lies in was not taken/,
    ],
    [
      'a device',
      [...git, (archive: Pack) => void archive.entry({ name: 'work/dev', type: 'block-device' })],
      /dev: it is neither a file/,
    ],
    [
      'a pipe',
      [...git, (archive: Pack) => void archive.entry({ name: 'work/pipe', type: 'fifo' })],
      /pipe: it is neither a file/,
    ],
  ])('is told of, and nothing is written: %s', async (_what, entries, told) => {
    expect((await bringBack(entries)).join('\n')).toMatch(told);
    expect(await textOf('.git/config')).toBe('mine');
    expect(await readdir(path.join(root, '.git', 'hooks'))).toEqual([]);
    expect(await readdir(home)).toEqual(['work']);
    expect(await readdir(root)).not.toContain('out');
  });

  it("cannot remove what the host's git goes by", async () => {
    expect(await bringBack([folder('work'), file('work/a.txt', 'a')])).toEqual([]);
    expect(await textOf('.git/config')).toBe('mine');
    expect(await readdir(root)).toEqual(['.git', 'a.txt']);
  });

  it('cannot write through a link that is here', async () => {
    await mkdir(path.join(home, 'elsewhere'));
    const { symlink } = await import('node:fs/promises');
    await symlink('../elsewhere', path.join(root, 'd'));
    const problems = await bringBack([...git, folder('work/d'), file('work/d/x', 'y')]);
    expect(problems.join('\n')).toMatch(/d: it was changed on this machine/);
    expect(await readdir(path.join(home, 'elsewhere'))).toEqual([]);
  });

  it('loses the bits that would lend rights', async () => {
    await bringBack([...git, file('work/suid', 'x', 0o4755)]);
    const { stat } = await import('node:fs/promises');
    expect((await stat(path.join(root, 'suid'))).mode & 0o7777).toBe(0o755);
  });

  it.each([
    [
      'bytes',
      { bytes: 1_000, entries: 100 },
      [...git, file('work/big', 'x'.repeat(2_000))],
      /is larger than/,
    ],
    [
      'files',
      { bytes: 1_000, entries: 8 },
      [...git, ...'123'.split('').map((n) => file(`work/${n}`, ''))],
      /more than 8 files/,
    ],
  ])('cannot fill this machine by %s', async (_what, limits, entries, told) => {
    await expect(bringBack(entries, limits)).rejects.toThrow(told);
    expect(await readdir(root)).toEqual(['.git', 'a.txt', 'b.txt']);
  });
});
