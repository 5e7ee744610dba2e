import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PreparedWorkspace, PrepareRequest } from '../../../src/workspaces/workspaces.ts';
import {
  commitFiles,
  gitIn,
  makeFixture,
  requestFor,
  stateOf,
  untouchedState,
  write,
  type Fixture,
} from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  await commitFiles(fixture, { 'a.txt': '1\n2\n3\n4\n5\n', 'b.txt': 'b\n', 'src/c.txt': 'c\n', gone: 'x\n' });
});

afterEach(() => fixture.remove());

interface Clone extends PreparedWorkspace {
  request: PrepareRequest;
  git: (...args: string[]) => Promise<string>;
}

async function makeClone(
  more: Partial<PrepareRequest> = {},
  place: { folder?: string; branch?: string; includeUncommitted?: boolean } = {},
): Promise<Clone> {
  const { folder = fixture.project, branch = null, includeUncommitted = false } = place;
  const request = requestFor({ kind: 'clone', folder, branch, includeUncommitted }, more);
  const prepared = await workspaces.prepare(request);
  return { ...prepared, request, git: (...args) => gitIn(prepared.root, fixture.environment, ...args) };
}

const text = (file: string, root = fixture.project): Promise<string> =>
  readFile(path.join(root, file), 'utf8');

async function commitByUser(files: Record<string, string>): Promise<string> {
  await write(fixture.project, files);
  await fixture.git('add', '--all');
  await fixture.git('commit', '--quiet', '--message', 'By the user');
  return fixture.git('rev-parse', 'HEAD');
}

describe('a private clone', () => {
  it('is on a branch of its own, with the folder’s files, and leaves the folder as it is', async () => {
    await write(fixture.project, { 'b.txt': 'not committed\n', 'new.txt': 'untracked\n' });
    const before = await untouchedState(fixture);
    const clone = await makeClone({ workspaceId: '1a2b3c4d-aaaa', title: 'Fix: the Lögin & more!' });
    expect(await untouchedState(fixture)).toEqual(before);
    expect(clone).toMatchObject({
      kind: 'clone',
      branch: 'kandev/fix-the-login-more-1a2b3c4d',
      workingFolder: clone.root,
      warnings: [],
    });
    expect(path.basename(clone.root)).toBe('project');
    expect(await clone.git('symbolic-ref', '--short', 'HEAD')).toBe(clone.branch);
    expect(await clone.git('rev-parse', 'HEAD', 'origin/main')).toBe(
      `${await fixture.git('rev-parse', 'HEAD')}\n${await fixture.git('rev-parse', 'HEAD')}`,
    );
    expect(await clone.git('status', '--porcelain')).toBe('');
    expect(await text('b.txt', clone.root)).toBe('b\n');
  });

  it('takes along what is not committed, where that is wanted', async () => {
    await write(fixture.project, { 'b.txt': 'not committed\n', 'new.txt': 'untracked\n', '.env': 'x' });
    await write(fixture.project, { '.git/info/exclude': '.env\n' });
    const before = await untouchedState(fixture);
    const clone = await makeClone({}, { includeUncommitted: true });
    expect(await untouchedState(fixture)).toEqual(before);
    expect([await text('b.txt', clone.root), await text('new.txt', clone.root)]).toEqual([
      'not committed\n',
      'untracked\n',
    ]);
    expect(Object.keys(await stateOf(clone.root))).not.toContain('.env');
    expect(await clone.git('log', '--format=%an %s')).toBe(
      'Ada What was not committed when the agent began\nAda First',
    );
    expect((await workspaces.changes({ runId: clone.request.runId })).files).toEqual([]);
  });

  it('begins on the branch of the card', async () => {
    await fixture.git('checkout', '-q', '-b', 'feature');
    await commitByUser({ 'feature.txt': 'f\n' });
    await fixture.git('checkout', '-q', 'main');
    const clone = await makeClone({}, { branch: 'feature' });
    expect(await text('feature.txt', clone.root)).toBe('f\n');
    expect(await clone.git('rev-parse', 'origin/feature')).toBe(await fixture.git('rev-parse', 'feature'));
    await expect(makeClone({}, { branch: 'nowhere' })).rejects.toMatchObject({
      failure: { reason: 'invalid-input', message: expect.stringContaining('nowhere') as unknown },
    });
    await expect(makeClone({}, { branch: '--upload-pack=x' })).rejects.toMatchObject({
      failure: { reason: 'invalid-input' },
    });
  });

  it('shares no file with its source, and holds nothing that its commit does not need', async () => {
    await fixture.git('checkout', '-q', '-b', 'private');
    const secret = await commitByUser({ secret: 's\n' });
    await fixture.git('checkout', '-q', 'main');
    const clone = await makeClone();
    const inodes = async (root: string): Promise<number[]> => {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return Promise.all(
        files.map(async (entry) => (await lstat(path.join(entry.parentPath, entry.name))).ino),
      );
    };
    const own = new Set(await inodes(fixture.project));
    expect((await inodes(clone.root)).filter((inode) => own.has(inode))).toEqual([]);
    await expect(readFile(path.join(clone.root, '.git/objects/info/alternates'))).rejects.toThrow('ENOENT');
    await expect(clone.git('cat-file', '-t', secret)).rejects.toThrow();
    expect(await clone.git('fsck', '--full')).toBe('');
    expect(await readFile(path.join(clone.root, '.git/config'), 'utf8')).not.toContain(fixture.project);
  });

  it('has the address of the folder’s origin, without the password in it', async () => {
    await fixture.git('remote', 'add', 'origin', 'https://ada:token-123@example.invalid/x.git');
    const clone = await makeClone();
    const settings = await readFile(path.join(clone.root, '.git/config'), 'utf8');
    expect(settings).toContain('https://example.invalid/x.git');
    expect(settings).not.toContain('token-123');
  });

  it('can be made many times at once', async () => {
    const clones = await Promise.all(
      Array.from({ length: 6 }, () => makeClone({}, { includeUncommitted: true })),
    );
    await Promise.all(
      clones.map(({ root }, at) => write(root, { 'b.txt': `agent ${at}\n`, [`own-${at}`]: 'x\n' })),
    );
    const changes = await Promise.all(clones.map(({ request }) => workspaces.finish(request.runId)));
    expect(changes.map(({ files, warnings }) => [files.length, warnings])).toEqual(clones.map(() => [2, []]));
    const contents = clones.map(({ request }) =>
      fixture.git('show', `refs/kandev/${request.runId}/after:b.txt`),
    );
    expect(await Promise.all(contents)).toEqual(clones.map((_clone, at) => `agent ${at}`));
  });

  it('begins where the folder is that is open', async () => {
    const clone = await makeClone({}, { folder: path.join(fixture.project, 'src') });
    expect(path.relative(clone.root, clone.workingFolder)).toBe('src');
    expect(await text('src/c.txt', clone.root)).toBe('c\n');
  });

  it('can be made of a shallow clone', async () => {
    await commitByUser({ 'b.txt': '2\n' });
    const shallow = path.join(fixture.folder, 'shallow');
    await gitIn(
      fixture.folder,
      fixture.environment,
      'clone',
      '-q',
      '--depth=1',
      `file://${fixture.project}`,
      shallow,
    );
    const clone = await makeClone({}, { folder: shallow });
    await write(clone.root, { 'b.txt': 'agent\n' });
    expect((await workspaces.finish(clone.request.runId)).warnings).toEqual([]);
    expect(await workspaces.merge(clone.request.workspaceId, 'Agent')).toMatchObject({
      result: 'fast-forward',
    });
    expect(await text('b.txt', shallow)).toBe('agent\n');
  });

  it('has line ends as the folder has them', async () => {
    await fixture.git('config', 'core.autocrlf', 'true');
    const clone = await makeClone();
    expect(await text('a.txt', clone.root)).toBe('1\r\n2\r\n3\r\n4\r\n5\r\n');
    expect(await clone.git('status', '--porcelain')).toBe('');
    await write(clone.root, { 'a.txt': '1\r\n2\r\n3\r\n4\r\nfive\r\n' });
    await workspaces.finish(clone.request.runId);
    expect(await fixture.git('diff', '--stat', 'HEAD', `refs/kandev/${clone.request.runId}/after`)).toContain(
      '1 insertion(+), 1 deletion(-)',
    );
    await workspaces.apply(clone.request.workspaceId);
    expect(await text('a.txt')).toBe('1\r\n2\r\n3\r\n4\r\nfive\r\n');
  });

  it('leaves nothing when it is called off', async () => {
    const request = requestFor({
      kind: 'clone',
      folder: fixture.project,
      branch: null,
      includeUncommitted: true,
    });
    const controller = new AbortController();
    const reason = new Error('called off');
    const preparing = workspaces.prepare({ ...request, copyIn: ['*'] }, controller.signal);
    const trees = path.join(fixture.storage, 'trees');
    // As soon as there is something to be left.
    while ((await readdir(trees)).length === 0) await setImmediate();
    controller.abort(reason);
    await expect(preparing).rejects.toBe(reason);
    expect(await readdir(trees)).toEqual([]);
    expect((await workspaces.diskUse()).workspaces).toEqual([]);
  });

  it('is refused without git, and before the first commit', async () => {
    const plain = path.join(fixture.folder, 'plain');
    await write(plain, { a: '1' });
    await expect(makeClone({}, { folder: plain })).rejects.toMatchObject({ failure: { reason: 'refused' } });
    await gitIn(plain, fixture.environment, 'init', '-q');
    await expect(makeClone({}, { folder: plain })).rejects.toMatchObject({
      failure: { message: expect.stringContaining('no commit') as unknown },
    });
    expect(await readdir(path.join(fixture.storage, 'trees'))).toEqual([]);
    expect((await workspaces.diskUse()).workspaces).toEqual([]);
  });

  it('says that submodules are empty, and that links lead out', async () => {
    await fixture.git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      fixture.project,
      'sub',
    );
    await fixture.git('commit', '-qm', 'Submodule');
    const clone = await makeClone();
    expect(clone.warnings).toEqual(['Submodules are empty in a clone: sub.']);
    await write(clone.root, { 'b.txt': 'agent\n' });
    expect(await workspaces.finish(clone.request.runId)).toMatchObject({
      files: [{ path: 'b.txt' }],
      warnings: [],
    });
    const after = `refs/kandev/${clone.request.runId}/after`;
    expect(await fixture.git('ls-tree', after, 'sub')).toContain('160000 commit');
  });

  it('goes on with the next run of its card, and tells the runs apart', async () => {
    const clone = await makeClone();
    await write(clone.root, { 'b.txt': 'first\n' });
    await workspaces.finish(clone.request.runId);
    const second = { ...clone.request, runId: `${clone.request.runId}-2` };
    expect(await workspaces.prepare(second)).toMatchObject({
      root: clone.root,
      branch: clone.branch,
      warnings: [],
    });
    await write(clone.root, { 'src/c.txt': 'second\n' });
    const paths = async (span: { runId: string } | { workspaceId: string }): Promise<string[]> =>
      (await workspaces.changes(span)).files.map((file) => file.path);
    expect((await workspaces.finish(second.runId)).files.map((file) => file.path)).toEqual(['src/c.txt']);
    expect(await paths({ runId: clone.request.runId })).toEqual(['b.txt']);
    expect(await paths({ workspaceId: clone.workspaceId })).toEqual(['b.txt', 'src/c.txt']);
    expect(
      await fixture.git(
        'diff',
        '--name-only',
        `refs/kandev/${second.runId}/before`,
        `refs/kandev/${second.runId}/after`,
      ),
    ).toBe('src/c.txt');
    await workspaces.rollBack(second.runId);
    expect([await text('b.txt', clone.root), await text('src/c.txt', clone.root)]).toEqual([
      'first\n',
      'c\n',
    ]);
  });
});

describe('what the agent has committed', () => {
  it('is fetched with its history, and the rest is put on top', async () => {
    const clone = await makeClone();
    await write(clone.root, { 'b.txt': 'committed\n' });
    await clone.git('commit', '-qam', 'By the agent');
    await clone.git('branch', 'other');
    await clone.git('checkout', '-q', 'other');
    await write(clone.root, { other: 'o\n' });
    await clone.git('add', '-A');
    await clone.git('commit', '-qm', 'Elsewhere');
    await clone.git('checkout', '-q', clone.branch ?? '');
    await write(clone.root, { 'src/c.txt': 'not committed\n' });
    expect((await workspaces.finish(clone.request.runId)).warnings).toEqual([]);
    const ref = `refs/kandev/${clone.request.runId}`;
    expect(await fixture.git('log', '--format=%an %s', `${ref}/after`)).toBe(
      `Kandev After run ${clone.request.runId}\nAda By the agent\nAda First`,
    );
    expect(await fixture.git('show', `${ref}/branches/other:other`)).toBe('o');
  });

  it('is taken as it is when nothing is left to commit', async () => {
    const clone = await makeClone();
    await write(clone.root, { 'b.txt': 'committed\n' });
    await clone.git('commit', '-qam', 'By the agent');
    await workspaces.finish(clone.request.runId);
    expect(await fixture.git('rev-parse', `refs/kandev/${clone.request.runId}/after`)).toBe(
      await clone.git('rev-parse', 'HEAD'),
    );
  });

  it('does not matter when the agent rewrites history', async () => {
    await commitByUser({ 'b.txt': 'second\n' });
    const clone = await makeClone();
    await clone.git('reset', '-q', '--hard', 'HEAD~1');
    await write(clone.root, { 'b.txt': 'rewritten\n' });
    await clone.git('commit', '-qam', 'Rewritten');
    await workspaces.finish(clone.request.runId);
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({ result: 'fast-forward' });
    expect(await text('b.txt')).toBe('rewritten\n');
  });

  const damages: [string, (clone: Clone) => Promise<unknown>][] = [
    ['removes its repository', ({ root }) => rm(path.join(root, '.git'), { recursive: true })],
    [
      'begins an unrelated history',
      async ({ git, root }) => {
        await rm(path.join(root, '.git'), { recursive: true });
        await git('init', '-q');
        await git('add', '-A');
        await git('commit', '-qm', 'Anew');
      },
    ],
    ['writes nonsense into HEAD', ({ root }) => writeFile(path.join(root, '.git/HEAD'), 'nonsense')],
    ['writes nonsense into its settings', ({ root }) => writeFile(path.join(root, '.git/config'), '[core')],
    [
      'damages an object',
      async ({ root, git }) => {
        await git('add', '-A');
        await git('commit', '-qm', 'x');
        const oid = await git('rev-parse', 'HEAD:b.txt');
        const file = path.join(root, '.git/objects', oid.slice(0, 2), oid.slice(2));
        await rm(file);
        await writeFile(file, 'nonsense');
      },
    ],
    [
      'points to the objects of another repository',
      async ({ root, git }) => {
        await git('add', '-A');
        await git('commit', '-qm', 'x');
        await writeFile(path.join(root, '.git/objects/info/alternates'), `${fixture.project}/.git/objects\n`);
      },
    ],
  ];

  it.each(damages)('is given up when the agent %s, but not its files', async (_name, damage) => {
    const clone = await makeClone();
    await write(clone.root, { 'b.txt': 'agent\n', new: 'n\n' });
    await damage(clone);
    const { files } = await workspaces.finish(clone.request.runId);
    expect(files.map((file) => file.path)).toEqual(['b.txt', 'new']);
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({ result: 'fast-forward' });
    expect([await text('b.txt'), await text('new')]).toEqual(['agent\n', 'n\n']);
    expect(await fixture.git('fsck', '--full')).not.toMatch(/missing|broken|corrupt/);
    expect(await fixture.git('log', '--format=%s')).toContain('First');
  });

  it('cannot bring a forged file over an object of the user’s', async () => {
    const clone = await makeClone();
    const oid = await clone.git('rev-parse', 'HEAD:b.txt');
    await write(clone.root, { 'b.txt': 'evil\n' });
    const evil = await clone.git('hash-object', '-w', 'b.txt');
    const loose = (id: string): string => path.join(clone.root, '.git/objects', id.slice(0, 2), id.slice(2));
    await write(path.dirname(loose(oid)), { [path.basename(loose(oid))]: await readFile(loose(evil)) });
    await workspaces.finish(clone.request.runId);
    expect(await fixture.git('show', 'HEAD:b.txt')).toBe('b');
    expect(await fixture.git('fsck', '--full')).not.toMatch(/mismatch|corrupt/);
  });
});
