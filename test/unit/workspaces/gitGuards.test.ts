import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unguardedText } from '../../../src/workspaces/gitGuards.ts';
import type { PreparedWorkspace } from '../../../src/workspaces/workspaces.ts';
import { commitFiles, gitIn, makeFixture, runIn, write, type Fixture } from './fixture.ts';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await makeFixture();
});

afterEach(() => fixture.remove());

const prepare = async (folder = fixture.project): Promise<PreparedWorkspace> => {
  const { prepared } = await runIn(await fixture.open(), folder, () => Promise.resolve());
  return prepared;
};

/** Guards in the folder as `ro lib/.git` and `rw lib`; those elsewhere by their absolute path. */
const guardsOf = (prepared: PreparedWorkspace): string[] =>
  prepared.guards.map(({ path: at, readOnly }) => {
    const name = path.relative(prepared.root, at);
    return `${readOnly ? 'ro' : 'rw'} ${name.startsWith('..') ? at : name}`;
  });

async function makeOrigin(): Promise<string> {
  const origin = path.join(fixture.folder, 'origin');
  await mkdir(origin);
  await fixture.git('-C', origin, 'init', '--quiet');
  await fixture.git('-C', origin, 'commit', '--quiet', '--allow-empty', '--message', 'One');
  return origin;
}

describe('what an agent in the folder must not replace', () => {
  it('is nothing more where there is but the .git at the top', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    expect(guardsOf(await prepare())).toEqual([]);
  });

  it('is every repository further down, with the folders that it lies in', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    const origin = await makeOrigin();
    await fixture.git('clone', '--quiet', origin, 'vendor/deep/one');
    await fixture.git('submodule', '--quiet', 'add', origin, 'vendor/two');
    expect(guardsOf(await prepare())).toEqual([
      'rw vendor',
      'rw vendor/two',
      'ro vendor/two/.git',
      'rw vendor/deep',
      'rw vendor/deep/one',
      'ro vendor/deep/one/.git',
    ]);
  });

  it('is the empty folder of a submodule that is not checked out; one with files, or none, is told of', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    const head = await fixture.git('rev-parse', 'HEAD');
    for (const name of ['lib/empty', 'full', 'gone']) {
      await fixture.git('update-index', '--add', '--cacheinfo', `160000,${head},${name}`);
    }
    await mkdir(path.join(fixture.project, 'lib/empty'), { recursive: true });
    await write(fixture.project, { 'full/mine.txt': 'mine\n' });
    const prepared = await prepare();
    expect(guardsOf(prepared)).toEqual(['rw lib', 'ro lib/empty']);
    expect(prepared.warnings.join('\n')).toMatch(/could be changed by the agent.*: full, gone\./);
  });

  it('is a submodule of the repository around the folder', async () => {
    await commitFiles(fixture, { 'app/a.txt': '1\n' });
    const head = await fixture.git('rev-parse', 'HEAD');
    await fixture.git('update-index', '--add', '--cacheinfo', `160000,${head},app/lib`);
    await mkdir(path.join(fixture.project, 'app/lib'));
    expect(guardsOf(await prepare(path.join(fixture.project, 'app')))).toEqual(['ro lib']);
  });

  it('is the repository of a worktree, which lies elsewhere', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    const worktree = path.join(fixture.folder, 'worktree');
    await fixture.git('worktree', 'add', '--quiet', worktree);
    expect(guardsOf(await prepare(worktree))).toEqual([`ro ${path.join(fixture.project, '.git')}`]);
  });

  it('is the repository of a submodule that is opened by itself', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    await fixture.git('submodule', '--quiet', 'add', await makeOrigin(), 'sub');
    const kept = path.join(fixture.project, '.git', 'modules', 'sub');
    expect(guardsOf(await prepare(path.join(fixture.project, 'sub')))).toEqual([`ro ${kept}`]);
  });

  it('is a repository in the folder that its .git file leads to', async () => {
    await fixture.git('init', '--quiet', '--separate-git-dir', path.join(fixture.project, 'store'));
    await fixture.git('commit', '--quiet', '--allow-empty', '--message', 'One');
    expect(guardsOf(await prepare())).toEqual(['ro store']);
  });

  it('never is another repository that a planted .git file leads to', async () => {
    const secret = await makeOrigin();
    await writeFile(path.join(fixture.project, '.git'), `gitdir: ${secret}/.git\n`);
    expect(guardsOf(await prepare())).toEqual([]);
    // Nor by a folder for a worktree that an agent has made up.
    await write(fixture.project, {
      'fake/HEAD': 'ref: refs/heads/main\n',
      'fake/commondir': `${secret}/.git\n`,
      'fake/gitdir': `${fixture.project}/.git\n`,
      '.git': 'gitdir: fake\n',
    });
    const guards = guardsOf(await prepare());
    expect(guards.filter((guard) => guard.includes(secret))).toEqual([]);
  });

  it('cannot be a .git that is a link, which is told of', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    await mkdir(path.join(fixture.project, 'linked'));
    await symlink(`${await makeOrigin()}/.git`, path.join(fixture.project, 'linked/.git'));
    const prepared = await prepare();
    expect(guardsOf(prepared)).toEqual([]);
    expect(prepared.warnings.join('\n')).toContain('linked/.git');
  });

  it('has its names as the folder was opened, by a link', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    await fixture.git('clone', '--quiet', await makeOrigin(), 'sub');
    const link = path.join(fixture.folder, 'link');
    await symlink(fixture.project, link);
    const prepared = await prepare(link);
    expect(prepared.guards.map(({ path: at }) => at)).toEqual([`${link}/sub`, `${link}/sub/.git`]);
  });

  it('has an end, which is told of', async () => {
    await commitFiles(fixture, { 'a.txt': '1\n' });
    for (let n = 0; n < 210; n += 1)
      await mkdir(path.join(fixture.project, `r${n}/.git`), { recursive: true });
    const prepared = await prepare();
    expect(prepared.guards).toHaveLength(400);
    expect(prepared.warnings.join('\n')).toMatch(/r\d+\/\.git and 5 more/);
  });
});

it('names only the first of many places', () => {
  expect(unguardedText([])).toBeNull();
  expect(unguardedText(['a', 'b', 'c', 'd', 'e', 'f'])).toContain('a, b, c, d, e and 1 more');
});

it('is left out in a clone, where nobody else’s git looks', async () => {
  await commitFiles(fixture, { 'a.txt': '1\n' });
  const workspaces = await fixture.open();
  const prepared = await workspaces.prepare({
    ...{ workspaceId: 'card', runId: 'run', title: 'Clone', copyIn: [], exclude: [], setup: null },
    place: { kind: 'clone', folder: fixture.project, branch: null, includeUncommitted: true },
  });
  expect(prepared.guards).toEqual([]);
  expect(await gitIn(prepared.root, process.env as Record<string, string>, 'status', '--porcelain')).toBe('');
});
