import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PreparedWorkspace } from '../../../src/workspaces/workspaces.ts';
import {
  commitFiles,
  makeFixture,
  requestFor,
  stateOf,
  untouchedState,
  write,
  type Fixture,
} from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;
let clone: PreparedWorkspace;

const start = { 'a.txt': '1\n2\n3\n4\n5\n', 'b.txt': 'b\n', 'src/c.txt': 'c\n', gone: 'x\n' };

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  await commitFiles(fixture, start);
  clone = await makeClone(false);
});

afterEach(() => fixture.remove());

function makeClone(includeUncommitted: boolean): Promise<PreparedWorkspace> {
  return workspaces.prepare(
    requestFor({ kind: 'clone', folder: fixture.project, branch: null, includeUncommitted }),
  );
}

/** What the agent does in all of these. */
async function work(): Promise<void> {
  await write(clone.root, { 'a.txt': '1\n2\n3\n4\nfive\n', 'src/new.txt': 'n\n' });
  await rm(path.join(clone.root, 'gone'));
}

const text = (file: string): Promise<string> => readFile(path.join(fixture.project, file), 'utf8');

async function commitByUser(files: Record<string, string>): Promise<string> {
  await write(fixture.project, files);
  await fixture.git('add', '--all');
  await fixture.git('commit', '--quiet', '--message', 'By the user');
  return fixture.git('rev-parse', 'HEAD');
}

describe('applying to the folder', () => {
  beforeEach(work);

  it('brings the change in, not committed, and can be undone', async () => {
    const files = await stateOf(fixture.project);
    const outcome = await workspaces.apply(clone.workspaceId);
    expect(outcome).toMatchObject({
      done: true,
      paths: ['a.txt', 'gone', 'src/new.txt'],
      blocked: [],
      conflicts: [],
    });
    expect(await fixture.git('status', '--porcelain')).toBe(' M a.txt\n D gone\n?? src/new.txt');
    expect(await text('a.txt')).toBe('1\n2\n3\n4\nfive\n');
    expect(await workspaces.undo(outcome.undoId ?? '')).toMatchObject({ done: true });
    expect(await stateOf(fixture.project)).toEqual(files);
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('merges with what the user has committed since, and leaves other uncommitted files alone', async () => {
    await commitByUser({ 'a.txt': 'one\n2\n3\n4\n5\n' });
    await write(fixture.project, { 'b.txt': 'not committed\n', untracked: 'u\n' });
    await fixture.git('add', 'b.txt');
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({ done: true, conflicts: [] });
    expect(await text('a.txt')).toBe('one\n2\n3\n4\nfive\n');
    expect(await text('b.txt')).toBe('not committed\n');
    expect(await fixture.git('diff', '--cached', '--name-only')).toBe('b.txt');
  });

  it('says so before it mixes with what is not committed, and does it when told to', async () => {
    await write(fixture.project, { 'a.txt': 'mine\n2\n3\n4\n5\n', 'src/new.txt': 'also mine\n' });
    const before = await untouchedState(fixture);
    const outcome = await workspaces.apply(clone.workspaceId);
    expect(outcome).toMatchObject({ done: false, undoId: null, paths: [] });
    expect(outcome.blocked).toEqual([
      { path: 'a.txt', reason: 'uncommitted' },
      { path: 'src/new.txt', reason: 'uncommitted' },
    ]);
    expect(await untouchedState(fixture)).toEqual(before);
    const files = await stateOf(fixture.project);
    const merged = await workspaces.apply(clone.workspaceId, { uncommitted: 'merge' });
    expect(merged).toMatchObject({ done: true, conflicts: ['src/new.txt'] });
    expect(await text('a.txt')).toBe('mine\n2\n3\n4\nfive\n');
    await workspaces.undo(merged.undoId ?? '');
    expect(await stateOf(fixture.project)).toEqual(files);
  });

  it('never writes a file that is not saved', async () => {
    fixture.unsaved.push(path.join(fixture.project, 'a.txt'), path.join(fixture.project, 'b.txt'));
    const before = await untouchedState(fixture);
    expect(await workspaces.apply(clone.workspaceId, { uncommitted: 'merge' })).toMatchObject({
      done: false,
      blocked: [{ path: 'a.txt', reason: 'unsaved' }],
    });
    expect(await untouchedState(fixture)).toEqual(before);
  });

  it('leaves conflicts as git does, for the merge editor', async () => {
    const head = await commitByUser({ 'a.txt': '1\n2\n3\n4\nFIVE\n' });
    await write(fixture.project, { 'b.txt': 'staged\n' });
    await fixture.git('add', 'b.txt');
    const before = await fixture.git('status', '--porcelain');
    const outcome = await workspaces.apply(clone.workspaceId);
    expect(outcome).toMatchObject({ done: true, conflicts: ['a.txt'] });
    expect(await fixture.git('status', '--porcelain')).toBe('UU a.txt\nM  b.txt\n D gone\n?? src/new.txt');
    expect(await fixture.git('show', ':1:a.txt')).toContain('\n5');
    expect(await fixture.git('show', ':2:a.txt')).toContain('\nFIVE');
    expect(await fixture.git('show', ':3:a.txt')).toContain('\nfive');
    expect(await text('a.txt')).toBe(
      `1\n2\n3\n4\n<<<<<<< folder\nFIVE\n=======\nfive\n>>>>>>> ${clone.branch ?? ''}\n`,
    );
    await expect(workspaces.apply(clone.workspaceId)).rejects.toMatchObject({
      failure: { message: expect.stringContaining('merge is under way') as unknown },
    });
    expect(await workspaces.undo(outcome.undoId ?? '')).toMatchObject({ done: true });
    expect(await fixture.git('status', '--porcelain')).toBe(before);
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(head);
  });

  it('leaves a file that one side has deleted and the other changed as a conflict', async () => {
    await commitByUser({ gone: 'still needed\n' });
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({ done: true, conflicts: ['gone'] });
    expect(await fixture.git('status', '--porcelain', 'gone')).toBe('UD gone');
    expect(await text('gone')).toBe('still needed\n');
  });

  it('follows a file that the user has renamed', async () => {
    await fixture.git('mv', 'a.txt', 'renamed.txt');
    await fixture.git('commit', '-qm', 'Renamed');
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({ done: true, conflicts: [] });
    expect(await text('renamed.txt')).toBe('1\n2\n3\n4\nfive\n');
  });

  it('does not overwrite an ignored file', async () => {
    await write(fixture.project, { '.git/info/exclude': 'src/new.txt\n', 'src/new.txt': 'ignored\n' });
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({
      done: false,
      blocked: [{ path: 'src/new.txt', reason: 'in-the-way' }],
    });
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({
      result: 'blocked',
      blocked: [{ path: 'src/new.txt', reason: 'in-the-way' }],
    });
    expect(await text('src/new.txt')).toBe('ignored\n');
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('is refused when another repository lies in the folder', async () => {
    await rm(path.join(fixture.project, '.git'), { recursive: true });
    await expect(workspaces.apply(clone.workspaceId)).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
  });

  it('brings in what a sparse checkout leaves out', async () => {
    await fixture.git('sparse-checkout', 'set', '--no-cone', '/b.txt');
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({ done: true, conflicts: [] });
    expect(await text('a.txt')).toBe('1\n2\n3\n4\nfive\n');
    expect(await text('src/new.txt')).toBe('n\n');
  });
});

describe('applying again, after the next turn', () => {
  beforeEach(async () => {
    await work();
    await workspaces.apply(clone.workspaceId);
    await write(clone.root, { 'a.txt': '1\n2\n3\n4\nFIVE\n', 'src/new.txt': 'newer\n', 'b.txt': 'B\n' });
  });

  it('goes on from what was applied before', async () => {
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({
      done: true,
      paths: ['a.txt', 'b.txt', 'src/new.txt'],
      conflicts: [],
    });
    expect([await text('a.txt'), await text('src/new.txt')]).toEqual(['1\n2\n3\n4\nFIVE\n', 'newer\n']);
  });

  it('brings in again what the user has taken back', async () => {
    await fixture.git('checkout', '--', 'a.txt');
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({ done: true, conflicts: [] });
    expect(await text('a.txt')).toBe('1\n2\n3\n4\nFIVE\n');
  });

  it('says so when the user has gone on from it', async () => {
    await write(fixture.project, { 'a.txt': 'mine\n2\n3\n4\nfive\n' });
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({
      done: false,
      blocked: [{ path: 'a.txt', reason: 'uncommitted' }],
    });
    await fixture.git('commit', '-qam', 'Mine');
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({ done: true, conflicts: ['a.txt'] });
  });
});

describe('applying what began with uncommitted files', () => {
  it('takes them for known as long as they are as the agent found them', async () => {
    await write(fixture.project, { 'a.txt': 'mine\n2\n3\n4\n5\n' });
    clone = await makeClone(true);
    await write(clone.root, { 'a.txt': 'mine\n2\n3\n4\nfive\n' });
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({
      done: true,
      blocked: [],
      conflicts: [],
    });
    expect(await text('a.txt')).toBe('mine\n2\n3\n4\nfive\n');
  });

  it('says so when they have changed since', async () => {
    await write(fixture.project, { 'a.txt': 'mine\n2\n3\n4\n5\n' });
    clone = await makeClone(true);
    await write(clone.root, { 'a.txt': 'mine\n2\n3\n4\nfive\n' });
    await write(fixture.project, { 'a.txt': 'mine again\n2\n3\n4\n5\n' });
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({
      done: false,
      blocked: [{ path: 'a.txt', reason: 'uncommitted' }],
    });
  });
});

describe('taking only a part of the change', () => {
  const old = Array.from({ length: 12 }, (_, line) => `${line}\n`).join('');
  const fresh = old.replace('1\n', 'one\n').replace('9\n', 'nine\n').replace('4\n', '');

  beforeEach(async () => {
    await commitFiles(fixture, { 'long.txt': old });
    clone = await makeClone(false);
    await write(clone.root, { 'long.txt': fresh, 'src/new.txt': 'n\n' });
    await rm(path.join(clone.root, 'gone'));
  });

  const take = (file: string, lines?: { first: number; last: number }) =>
    workspaces.apply(clone.workspaceId, { only: [{ path: file, lines }] });

  it('brings in one file and leaves the others, and is not all', async () => {
    expect(await take('gone')).toMatchObject({ done: true, paths: ['gone'] });
    expect(await fixture.git('status', '--porcelain')).toBe(' D gone');
    const [use] = (await workspaces.diskUse()).workspaces.filter(
      ({ workspaceId }) => workspaceId === clone.workspaceId,
    );
    expect(use?.work).toBe('untaken');
    await take('src/new.txt');
    await take('long.txt');
    const [after] = (await workspaces.diskUse()).workspaces.filter(
      ({ workspaceId }) => workspaceId === clone.workspaceId,
    );
    expect(after?.work).toBe('taken');
  });

  it('brings in one change of a file after the other, beside what the user does there', async () => {
    expect(await take('long.txt', { first: 8, last: 8 })).toMatchObject({ done: true, paths: ['long.txt'] });
    expect(await text('long.txt')).toBe(old.replace('9\n', 'nine\n'));
    const second = await take('long.txt', { first: 1, last: 1 });
    expect(await text('long.txt')).toBe(old.replace('9\n', 'nine\n').replace('1\n', 'one\n'));
    expect(await workspaces.undo(second.undoId ?? '')).toMatchObject({ done: true });
    expect(await text('long.txt')).toBe(old.replace('9\n', 'nine\n'));
    await write(fixture.project, { 'long.txt': `${await text('long.txt')}mine\n` });
    const mixed = { only: [{ path: 'long.txt', lines: { first: 4, last: 4 } }] };
    expect(await workspaces.apply(clone.workspaceId, mixed)).toMatchObject({
      done: false,
      blocked: [{ path: 'long.txt', reason: 'uncommitted' }],
    });
    await workspaces.apply(clone.workspaceId, { ...mixed, uncommitted: 'merge' });
    expect(await text('long.txt')).toBe(`${old.replace('9\n', 'nine\n').replace('4\n', '')}mine\n`);
    await workspaces.apply(clone.workspaceId, { uncommitted: 'merge' });
    expect(await text('long.txt')).toBe(`${fresh}mine\n`);
    expect(await text('src/new.txt')).toBe('n\n');
  });

  it('says so where there is no change, and writes nothing', async () => {
    const files = await stateOf(fixture.project);
    await expect(take('long.txt', { first: 6, last: 6 })).rejects.toThrow(
      'There is no change of the agent there',
    );
    await expect(take('b.txt')).rejects.toThrow('There is no change of the agent there');
    expect(await stateOf(fixture.project)).toEqual(files);
  });
});
