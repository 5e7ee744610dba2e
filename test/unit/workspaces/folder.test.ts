import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import {
  commitFiles,
  kinds,
  makeFixture,
  requestFor,
  runIn,
  stateOf,
  untouchedState,
  write,
  type Fixture,
  type Run,
} from './fixture.ts';
import { workerArguments } from './killing.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
});

afterEach(() => fixture.remove());

const run = (work: () => Promise<unknown>, folder = fixture.project): Promise<Run> =>
  runIn(workspaces, folder, work);

/** The run is rolled back, and the files are then what they were, byte for byte. */
async function expectRollBack({ request }: Run, files: Record<string, string>): Promise<void> {
  const outcome = await workspaces.rollBack(request.runId);
  expect(outcome).toMatchObject({ done: true, conflicts: [], kept: [] });
  expect(await stateOf(fixture.project)).toEqual(files);
}

describe('a run in the folder', () => {
  it('takes uncommitted and untracked files along, touches nothing, and goes there, back and there again', async () => {
    await commitFiles(fixture, { 'a.txt': 'one\n', 'b.txt': 'two\n', 'src/c.txt': 'three\n', s: 'stash\n' });
    await write(fixture.project, { s: 'stashed\n' });
    await fixture.git('stash');
    await write(fixture.project, { 'a.txt': 'changed\n', 'new.txt': 'untracked\n', 'b.txt': 'staged\n' });
    await fixture.git('add', 'b.txt');
    await write(fixture.project, { 'b.txt': 'not staged\n' });
    const before = await untouchedState(fixture);
    const files = await stateOf(fixture.project);
    const request = requestFor({ kind: 'folder', folder: fixture.project });
    expect(await workspaces.prepare(request)).toMatchObject({
      kind: 'folder',
      root: fixture.project,
      workingFolder: fixture.project,
      branch: null,
      warnings: [],
      skipped: [],
    });
    expect(await untouchedState(fixture)).toEqual(before);
    const ref = `refs/kandev/${request.runId}`;
    expect(await fixture.git('show', `${ref}/before:a.txt`)).toBe('changed');
    expect(await fixture.git('show', `${ref}/before:b.txt`)).toBe('not staged');
    expect(await fixture.git('show', `${ref}/before:new.txt`)).toBe('untracked');
    expect(await fixture.git('rev-parse', `${ref}/before^`)).toBe(await fixture.git('rev-parse', 'HEAD'));

    await write(fixture.project, {
      'a.txt': 'changed\nmore\n',
      'new.txt': 'gone over\n',
      'deep/er/x': '1\n',
    });
    await rm(path.join(fixture.project, 'b.txt'));
    await rename(path.join(fixture.project, 'src/c.txt'), path.join(fixture.project, 'src/d.txt'));
    const agents = await stateOf(fixture.project);
    const changes = await workspaces.finish(request.runId);
    expect(changes).toMatchObject({ added: 3, removed: 2, warnings: [], skipped: [] });
    expect(kinds(changes)).toEqual([
      'modified a.txt',
      'deleted b.txt',
      'added deep/er/x',
      'modified new.txt',
      'renamed src/d.txt',
    ]);
    expect(changes.files.find(({ path: file }) => file === 'src/d.txt')?.oldPath).toBe('src/c.txt');
    expect(await fixture.git('diff', '--name-only', `${ref}/before`, `${ref}/after`)).toBe(
      'a.txt\nb.txt\ndeep/er/x\nnew.txt\nsrc/d.txt',
    );

    const outcome = await workspaces.rollBack(request.runId);
    expect(outcome).toMatchObject({ done: true, conflicts: [], kept: [], branchMoved: null });
    expect(await stateOf(fixture.project)).toEqual(files);
    expect(await fixture.git('stash', 'list')).toContain('stash@{0}');
    expect(await fixture.git('diff', '--cached', '--name-only')).toBe('b.txt');
    const undone = await workspaces.undo(outcome.undoId ?? '');
    expect(undone).toMatchObject({ done: true, conflicts: [] });
    expect(await stateOf(fixture.project)).toEqual(agents);
    const redone = await workspaces.undo(undone.undoId ?? '');
    expect(redone.done).toBe(true);
    expect(await stateOf(fixture.project)).toEqual(files);
  });

  it('leaves files alone that the run has not changed, with their times', async () => {
    await commitFiles(fixture, { 'a.txt': 'one\n', 'b.txt': 'two\n' });
    const { 'b.txt': time } = await stateOf(fixture.project, { times: true });
    const { request } = await run(() => write(fixture.project, { 'a.txt': 'other\n' }));
    await workspaces.rollBack(request.runId);
    expect((await stateOf(fixture.project, { times: true }))['b.txt']).toBe(time);
  });

  it('shows files as they were and as they are', async () => {
    await commitFiles(fixture, { 'a.txt': 'one\n', gone: 'x' });
    const { request } = await run(async () => {
      await write(fixture.project, { 'a.txt': 'two\n', 'new file': 'n' });
      await rm(path.join(fixture.project, 'gone'));
    });
    const span = { runId: request.runId };
    const text = async (side: 'before' | 'after', file: string): Promise<string | null> => {
      const bytes = await workspaces.fileAt(span, side, file);
      return bytes && Buffer.from(bytes).toString();
    };
    expect(await text('before', 'a.txt')).toBe('one\n');
    expect(await text('after', 'a.txt')).toBe('two\n');
    expect(await text('before', 'new file')).toBeNull();
    expect(await text('after', 'new file')).toBe('n');
    expect(await text('after', 'gone')).toBeNull();
    expect(await text('before', 'never')).toBeNull();
  });

  it('counts nothing for files that are no text', async () => {
    await commitFiles(fixture, { 'a.bin': Buffer.from([0, 1, 2]), t: 'x\n' });
    const { changes } = await run(() =>
      write(fixture.project, { 'a.bin': Buffer.from([0, 1, 3]), t: 'x\ny\n' }),
    );
    expect(changes.files).toMatchObject([
      { path: 'a.bin', added: null, removed: null },
      { path: 't', added: 1, removed: 0 },
    ]);
    expect(changes.added).toBe(1);
  });

  it('keeps executable bits and links, and replaces links without following them', async () => {
    const outside = path.join(fixture.folder, 'outside');
    await write(outside, { 'keep.txt': 'keep\n', 'c.txt': 'mine\n' });
    await commitFiles(fixture, { 'run.sh': '#!/bin/sh\n', 'plain.txt': 'p\n', 'src/c.txt': 'c\n' });
    await chmod(path.join(fixture.project, 'run.sh'), 0o755);
    await symlink('plain.txt', path.join(fixture.project, 'link'));
    await symlink('nowhere', path.join(fixture.project, 'dangling'));
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      await chmod(path.join(fixture.project, 'run.sh'), 0o644);
      await chmod(path.join(fixture.project, 'plain.txt'), 0o755);
      await rm(path.join(fixture.project, 'link'));
      await write(fixture.project, { link: 'a file now' });
      await rm(path.join(fixture.project, 'dangling'));
      await symlink('elsewhere', path.join(fixture.project, 'dangling'));
      await rm(path.join(fixture.project, 'src'), { recursive: true });
      await symlink(outside, path.join(fixture.project, 'src'));
    });
    expect(made.changes.files.filter(({ modeChanged }) => modeChanged).map((file) => file.path)).toEqual([
      'link',
      'plain.txt',
      'run.sh',
    ]);
    expect(made.changes.warnings).toEqual([]);
    await expectRollBack(made, files);
    expect(Object.keys(await stateOf(outside)).sort()).toEqual(['c.txt', 'keep.txt']);
    expect(await readFile(path.join(outside, 'c.txt'), 'utf8')).toBe('mine\n');
  });

  it('can take names of all kinds', async () => {
    const names = [
      'with space',
      'ümläut-Ω-日本',
      '-rf',
      ':(exclude)x',
      '*',
      '?[a]',
      'line\nbreak',
      'tab\tand "quote"',
      "it's",
      'back\\slash',
      '.hidden',
      'a'.repeat(200),
    ];
    await fixture.git('init', '--quiet');
    await write(fixture.project, Object.fromEntries(names.map((name) => [name, `${name} one\n`])));
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      for (const name of names) await write(fixture.project, { [name]: 'changed\n', [`${name}2`]: 'new\n' });
    });
    expect(made.changes.files.map((file) => file.path).sort()).toEqual(
      names.flatMap((name) => [name, `${name}2`]).sort(),
    );
    for (const name of names) {
      const bytes = await workspaces.fileAt({ runId: made.request.runId }, 'before', name);
      expect(bytes && Buffer.from(bytes).toString()).toBe(`${name} one\n`);
    }
    await expectRollBack(made, files);
  });

  it.skipIf(process.platform !== 'linux')('brings back files whose names are not UTF-8', async () => {
    await fixture.git('init', '--quiet');
    const file = Buffer.concat([Buffer.from(`${fixture.project}/`), Buffer.from([0xff, 0x61])]);
    await writeFile(file, 'one');
    const made = await run(() => writeFile(file, 'two'));
    expect(made.changes.files).toHaveLength(1);
    expect(await workspaces.rollBack(made.request.runId)).toMatchObject({ done: true });
    expect(await readFile(file, 'utf8')).toBe('one');
  });

  it('changes files into folders and back', async () => {
    await commitFiles(fixture, { thing: 'file\n', 'other/a': '1', 'other/b': '2' });
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      await rm(path.join(fixture.project, 'thing'));
      await rm(path.join(fixture.project, 'other'), { recursive: true });
      await write(fixture.project, { 'thing/inside': 'x', other: 'file now' });
    });
    await expectRollBack(made, files);
  });

  it('streams large files, and names those that are too large', async () => {
    workspaces = await fixture.open({ maxFileBytes: 30 * 1024 ** 2 });
    const large = randomBytes(20 * 1024 ** 2);
    await commitFiles(fixture, { 'a.txt': 'one\n' });
    await write(fixture.project, { 'large.bin': large, 'too-large.bin': Buffer.alloc(31 * 1024 ** 2) });
    const made = await run(() =>
      write(fixture.project, { 'large.bin': 'small now', 'too-large.bin': 'lost' }),
    );
    expect(made.prepared.skipped).toEqual([{ path: 'too-large.bin', why: 'too-large' }]);
    const outcome = await workspaces.rollBack(made.request.runId);
    // Nobody knows what it held, so it is not taken away either.
    expect(outcome).toMatchObject({ done: true, conflicts: [] });
    expect((await readFile(path.join(fixture.project, 'large.bin'))).equals(large)).toBe(true);
  });

  it.skipIf(process.platform === 'win32')('is not stopped by pipes and sockets', async () => {
    await commitFiles(fixture, { a: '1\n', b: '2\n' });
    const made = await run(async () => {
      await rm(path.join(fixture.project, 'a'));
      execFileSync('mkfifo', [path.join(fixture.project, 'a'), path.join(fixture.project, 'pipe')]);
    });
    expect(kinds(made.changes)).toEqual(['deleted a']);
    expect(made.changes.skipped).toEqual([{ path: 'a', why: 'no-plain-file' }]);
    const outcome = await workspaces.rollBack(made.request.runId);
    expect(outcome).toMatchObject({ done: false, conflicts: [{ path: 'a', reason: 'in-the-way' }] });
  });

  it.skipIf(process.platform === 'win32')('names what it may not read', async () => {
    await commitFiles(fixture, { a: '1\n' });
    await write(fixture.project, { secret: 's', 'closed/x': 'x', open: 'o' });
    await chmod(path.join(fixture.project, 'secret'), 0);
    await chmod(path.join(fixture.project, 'closed'), 0);
    const request = requestFor({ kind: 'folder', folder: fixture.project });
    // Root may read everything.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    if (nobody.uid !== undefined)
      execFileSync('chown', ['-R', `${nobody.uid}:${nobody.gid}`, fixture.folder]);
    const order = JSON.stringify({ do: 'prepare', request });
    const output = execFileSync(process.execPath, [...workerArguments, fixture.storage, 'git', order], {
      env: fixture.environment,
      ...nobody,
    });
    expect(JSON.parse(output.toString())).toMatchObject({
      warnings: [],
      skipped: [
        { path: 'closed', why: 'unreadable' },
        { path: 'secret', why: 'unreadable' },
      ],
    });
    await chmod(path.join(fixture.project, 'closed'), 0o700);
  });

  it('takes nothing of a folder that the repository around it ignores for ignored', async () => {
    await commitFiles(fixture, { '.gitignore': 'scratch/\n' });
    const folder = path.join(fixture.project, 'scratch/[x]');
    await write(folder, { a: '1\n' });
    const { prepared, changes, request } = await run(() => write(folder, { a: '2\n', b: 'n\n' }), folder);
    expect([prepared.warnings, kinds(changes)]).toEqual([[], ['modified a', 'added b']]);
    await workspaces.rollBack(request.runId);
    expect(await stateOf(folder)).toHaveProperty('a');
    expect(await readFile(path.join(folder, 'a'), 'utf8')).toBe('1\n');
  });

  it('leaves its own storage out, where that lies in the folder', async () => {
    await write(fixture.folder, { 'project/a': '1\n' });
    const { changes } = await run(() => write(fixture.folder, { 'project/a': '2\n' }), fixture.folder);
    expect(kinds(changes)).toEqual(['modified project/a']);
  });

  it('takes the next run in the same folder from where it is then', async () => {
    await commitFiles(fixture, { a: '1\n', b: '1\n' });
    const first = await run(() => write(fixture.project, { a: '2\n' }));
    const second = await run(() => write(fixture.project, { a: '3\n', b: '3\n' }));
    expect(kinds(second.changes)).toEqual(['modified a', 'modified b']);
    expect(await workspaces.rollBack(first.request.runId)).toMatchObject({
      done: false,
      conflicts: [{ path: 'a', reason: 'changed' }],
    });
    await workspaces.rollBack(second.request.runId);
    expect(await workspaces.rollBack(first.request.runId)).toMatchObject({ done: true });
    expect(await readFile(path.join(fixture.project, 'a'), 'utf8')).toBe('1\n');
  });

  it('can be called off', async () => {
    await commitFiles(fixture, { a: '1\n' });
    const request = requestFor({ kind: 'folder', folder: fixture.project });
    const reason = new Error('called off');
    await expect(workspaces.prepare(request, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const preparing = workspaces.prepare(request, controller.signal);
    controller.abort(reason);
    await expect(preparing).rejects.toBe(reason);
    await workspaces.prepare(request);
  });

  it('says so when the folder or the checkpoint is gone', async () => {
    const gone = path.join(fixture.folder, 'gone');
    await expect(workspaces.prepare(requestFor({ kind: 'folder', folder: gone }))).rejects.toMatchObject({
      failure: { reason: 'no-folder', action: { kind: 'openFolder' } },
    });
    await expect(workspaces.finish('nobody')).rejects.toMatchObject({ failure: { reason: 'not-found' } });
    await mkdir(gone);
    const request = requestFor({ kind: 'folder', folder: gone }, { workspaceId: '../x' });
    await expect(workspaces.prepare(request)).rejects.toMatchObject({ failure: { reason: 'invalid-input' } });
  });
});
