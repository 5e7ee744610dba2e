import { chmod, lstat, readFile, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PreparedWorkspace, PrepareRequest } from '../../../src/workspaces/workspaces.ts';
import { kinds, makeFixture, requestFor, stateOf, write, type Fixture } from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture('no git here');
  workspaces = await fixture.open();
  await write(fixture.project, {
    'a.txt': '1\n2\n3\n4\n5\n',
    'b.txt': 'b\r\n',
    'src/c.txt': 'c\n',
    gone: 'x\n',
    '.gitignore': 'ignored\n.env\n',
    ignored: 'i\n',
    '.env': 'TOKEN=1\n',
    'modules/m/x.js': 'm\n',
  });
});

afterEach(() => fixture.remove());

function prepare(more: Partial<PrepareRequest> = {}): Promise<PreparedWorkspace> {
  return workspaces.prepare(requestFor({ kind: 'copy', folder: fixture.project }, more));
}

const text = (file: string, root = fixture.project): Promise<string> =>
  readFile(path.join(root, file), 'utf8');

describe('a copy of a folder without git', () => {
  it('has the same files, but for ignored and excluded ones, and shares none', async () => {
    await chmod(path.join(fixture.project, 'gone'), 0o755);
    await symlink('a.txt', path.join(fixture.project, 'link'));
    await symlink('/etc/passwd', path.join(fixture.project, 'out'));
    const before = await stateOf(fixture.project, { times: true });
    const copy = await prepare({ exclude: ['modules/'] });
    expect(await stateOf(fixture.project, { times: true })).toEqual(before);
    const { ignored, '.env': secret, 'modules/m/x.js': module, ...rest } = await stateOf(fixture.project);
    expect([ignored, secret, module].map(Boolean)).toEqual([true, true, true]);
    expect(await stateOf(copy.root)).toEqual(rest);
    expect(path.basename(copy.root)).toBe('no git here');
    expect(copy.warnings).toEqual([expect.stringContaining('out → /etc/passwd')]);
    expect((await lstat(path.join(copy.root, 'a.txt'))).ino).not.toBe(
      (await lstat(path.join(fixture.project, 'a.txt'))).ino,
    );
    expect(await readdir(copy.root)).not.toContain('.git');
  });

  it('has files that are too large for a checkpoint, too', async () => {
    workspaces = await fixture.open({ maxFileBytes: 1000 });
    await write(fixture.project, { 'data/large.bin': Buffer.alloc(2000, 7) });
    const copy = await prepare();
    expect(copy.skipped).toEqual([{ path: 'data/large.bin', why: 'too-large' }]);
    expect((await readFile(path.join(copy.root, 'data/large.bin'))).equals(Buffer.alloc(2000, 7))).toBe(true);
  });

  it('shows what the agent has changed, and gives it up', async () => {
    const copy = await prepare();
    const files = await stateOf(copy.root);
    await write(copy.root, { 'a.txt': 'agent\n', new: 'n\n' });
    const span = { workspaceId: copy.workspaceId };
    expect((await workspaces.changes(span)).files).toMatchObject([
      { path: 'a.txt', kind: 'modified', added: 1, removed: 5 },
      { path: 'new', kind: 'added' },
    ]);
    const discarded = await workspaces.discard(copy.workspaceId);
    expect(discarded).toMatchObject({ done: true, paths: ['a.txt', 'new'] });
    expect(await stateOf(copy.root)).toEqual(files);
    await workspaces.undo(discarded.undoId ?? '');
    expect(await text('a.txt', copy.root)).toBe('agent\n');
  });
});

describe('applying a copy’s change', () => {
  let copy: PreparedWorkspace;

  beforeEach(async () => {
    copy = await prepare();
    await write(copy.root, { 'a.txt': '1\n2\n3\n4\nfive\n', 'b.txt': 'agent\r\n', 'src/new/x': 'n\n' });
    await rm(path.join(copy.root, 'gone'));
  });

  it('brings in one file, or one change of it, and leaves the others', async () => {
    await write(copy.root, { 'a.txt': 'one\n2\n3\n4\nfive\n', 'b.txt': 'B\r\n' });
    const only = [{ path: 'a.txt', lines: { first: 4, last: 4 } }];
    const outcome = await workspaces.apply(copy.workspaceId, { only });
    expect(outcome).toMatchObject({ done: true, paths: ['a.txt'] });
    expect(await text('a.txt')).toBe('1\n2\n3\n4\nfive\n');
    expect(await text('b.txt')).toBe('b\r\n');
    await workspaces.apply(copy.workspaceId, { only: [{ path: 'b.txt' }] });
    expect(await text('b.txt')).toBe('B\r\n');
    await workspaces.undo(outcome.undoId ?? '');
    expect(await text('a.txt')).toBe('1\n2\n3\n4\n5\n');
  });

  it('brings it in byte for byte, and can be undone', async () => {
    const files = await stateOf(fixture.project);
    const outcome = await workspaces.apply(copy.workspaceId);
    expect(outcome).toMatchObject({
      done: true,
      paths: ['a.txt', 'b.txt', 'gone', 'src/new/x'],
      conflicts: [],
      blocked: [],
    });
    expect([await text('b.txt'), await text('ignored'), await text('.env')]).toEqual([
      'agent\r\n',
      'i\n',
      'TOKEN=1\n',
    ]);
    await workspaces.undo(outcome.undoId ?? '');
    expect(await stateOf(fixture.project)).toEqual(files);
  });

  it('says so before it mixes with what has changed in the folder since, and merges when told to', async () => {
    await write(fixture.project, { 'a.txt': 'one\n2\n3\n4\n5\n', own: 'o\n' });
    expect(await workspaces.apply(copy.workspaceId)).toMatchObject({
      done: false,
      blocked: [{ path: 'a.txt', reason: 'uncommitted' }],
    });
    expect(await text('b.txt')).toBe('b\r\n');
    expect(await workspaces.apply(copy.workspaceId, { uncommitted: 'merge' })).toMatchObject({ done: true });
    expect([await text('a.txt'), await text('own')]).toEqual(['one\n2\n3\n4\nfive\n', 'o\n']);
  });

  it('leaves files as they are that both have changed in the same place, and names them', async () => {
    await write(fixture.project, { 'a.txt': '1\n2\n3\n4\nFIVE\n', gone: 'changed\n', 'src/new/x': 'mine\n' });
    expect(await workspaces.apply(copy.workspaceId)).toMatchObject({
      done: true,
      paths: ['b.txt'],
      conflicts: ['a.txt', 'gone', 'src/new/x'],
    });
    expect([await text('a.txt'), await text('gone'), await text('src/new/x')]).toEqual([
      '1\n2\n3\n4\nFIVE\n',
      'changed\n',
      'mine\n',
    ]);
    expect((await workspaces.diskUse()).workspaces).toMatchObject([{ work: 'untaken' }]);
  });

  it('overwrites neither ignored files nor files that are not saved', async () => {
    await write(fixture.project, { '.gitignore': 'ignored\n.env\nsrc/new\n', 'src/new/x': 'ignored\n' });
    fixture.unsaved.push(path.join(fixture.project, 'b.txt'));
    expect(await workspaces.apply(copy.workspaceId)).toMatchObject({
      done: false,
      blocked: [
        { path: 'b.txt', reason: 'unsaved' },
        { path: 'src/new/x', reason: 'in-the-way' },
      ],
    });
    expect(await text('src/new/x')).toBe('ignored\n');
  });

  it('has no branch', async () => {
    const refused = { failure: { reason: 'refused' } };
    await expect(workspaces.merge(copy.workspaceId, 'x')).rejects.toMatchObject(refused);
    await expect(workspaces.commit({ workspaceId: copy.workspaceId }, 'x')).rejects.toMatchObject(refused);
    await expect(workspaces.createBranch({ workspaceId: copy.workspaceId }, 'x', 'x')).rejects.toMatchObject(
      refused,
    );
    await expect(workspaces.push(copy.workspaceId, { branch: 'x', message: 'x' })).rejects.toMatchObject(
      refused,
    );
  });
});

describe('files that are copied in', () => {
  it('come from the folder although they are ignored, once', async () => {
    await write(fixture.project, {
      'config/local.json': '{}',
      '.gitignore': 'ignored\n.env*\nconfig/\n',
      '.env.local': 'L',
    });
    const request = requestFor(
      { kind: 'copy', folder: fixture.project },
      { copyIn: ['.env*', 'config/*.json', 'nothing'] },
    );
    const copy = await workspaces.prepare(request);
    expect(copy.copiedIn.sort()).toEqual(['.env', '.env.local', 'config/local.json']);
    expect(await text('.env', copy.root)).toBe('TOKEN=1\n');
    await write(copy.root, { '.env': 'changed by the agent\n' });
    expect(await workspaces.prepare({ ...request, runId: 'next' })).toMatchObject({ copiedIn: [] });
    expect(await text('.env', copy.root)).toBe('changed by the agent\n');
    expect((await workspaces.changes({ workspaceId: copy.workspaceId })).files).toEqual([]);
  });

  it('neither leave the folder nor go through links', async () => {
    const outside = path.join(fixture.folder, 'outside');
    await write(outside, { x: 'outside' });
    for (const pattern of ['../outside/x', '/etc/passwd', 'a/../../x', '.git/config', '']) {
      await expect(prepare({ copyIn: [pattern] })).rejects.toMatchObject({
        failure: { reason: 'invalid-input' },
      });
    }
    await symlink(outside, path.join(fixture.project, 'linked'));
    await symlink(path.join(outside, 'x'), path.join(fixture.project, '.env.link'));
    const request = requestFor({ kind: 'copy', folder: fixture.project }, { copyIn: ['**/x', '.env*'] });
    const copy = await workspaces.prepare(request);
    expect(copy.copiedIn).toEqual(['.env']);
    // An agent that puts a link where a file would be copied to gets nothing written elsewhere.
    await rm(path.join(copy.root, '.env'));
    await symlink(path.join(outside, 'planted'), path.join(copy.root, '.env'));
    await workspaces.prepare({ ...request, runId: 'next' });
    expect(await readdir(outside)).toEqual(['x']);
  });

  it('what a setup script makes is there before the agent, also when it failed at first; later ones make changes', async () => {
    const setup = { script: 'npm ci', limitSeconds: 600 };
    const request = requestFor({ kind: 'copy', folder: fixture.project }, { setup });
    const { root } = await workspaces.prepare(request);
    await write(root, { half: 'made before it failed\n' });
    await workspaces.finish(request.runId);
    await workspaces.prepare({ ...request, runId: 'setup-again' });
    await write(root, { whole: 'made by the script\n' });
    await workspaces.setupDone('setup-again', setup);
    expect(await workspaces.workOf(request.workspaceId)).toBe('none');
    await write(root, { made: 'by the agent\n' });
    expect(kinds(await workspaces.finish('setup-again'))).toEqual(['added made']);
    const changed = { script: 'npm install', limitSeconds: 600 };
    await workspaces.prepare({ ...request, runId: 'setup-changed', setup: changed });
    await write(root, { later: 'by the changed script\n' });
    await workspaces.setupDone('setup-changed', changed);
    expect(kinds(await workspaces.finish('setup-changed'))).toEqual([]);
    const { workspaceId } = request;
    expect(kinds(await workspaces.changes({ workspaceId }))).toEqual(['added later', 'added made']);
    await workspaces.rollBack('setup-again');
    expect(await readdir(root)).toEqual(expect.arrayContaining(['half', 'whole', 'later']));
    expect(await readdir(root)).not.toContain('made');
  });

  it('a setup script is asked for until it was run, and again when it changes', async () => {
    const setup = { script: 'npm ci', limitSeconds: 600 };
    const request = requestFor({ kind: 'copy', folder: fixture.project }, { setup });
    expect((await workspaces.prepare(request)).setup).toEqual(setup);
    expect((await workspaces.prepare({ ...request, runId: 'second' })).setup).toEqual(setup);
    await workspaces.setupDone('second', setup);
    expect((await workspaces.prepare({ ...request, runId: 'third' })).setup).toBeNull();
    const changed = { script: 'npm install', limitSeconds: 600 };
    expect((await workspaces.prepare({ ...request, runId: 'fourth', setup: changed })).setup).toEqual(
      changed,
    );
  });
});
