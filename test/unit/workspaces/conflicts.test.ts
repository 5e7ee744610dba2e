import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import { commitFiles, makeFixture, requestFor, stateOf, write, type Fixture } from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
});

afterEach(() => fixture.remove());

/** A run in the folder; returns its id. */
async function run(work: () => Promise<unknown>): Promise<string> {
  const request = requestFor({ kind: 'folder', folder: fixture.project });
  await workspaces.prepare(request);
  await work();
  await workspaces.finish(request.runId);
  return request.runId;
}

const text = (file: string): Promise<string> => readFile(path.join(fixture.project, file), 'utf8');

describe('rolling back after the user has gone on', () => {
  let runId: string;

  beforeEach(async () => {
    await commitFiles(fixture, { a: '1\n', b: '1\n', gone: '1\n' });
    runId = await run(async () => {
      await write(fixture.project, { a: 'agent\n', b: 'agent\n', 'new/file': 'agent\n' });
      await rm(path.join(fixture.project, 'gone'));
    });
  });

  it('does nothing, and names the files', async () => {
    await write(fixture.project, { a: 'user\n', 'new/file': 'user\n', gone: 'user\n', own: 'user\n' });
    const files = await stateOf(fixture.project, { times: true });
    const outcome = await workspaces.rollBack(runId);
    expect(outcome).toMatchObject({ done: false, undoId: null, paths: [] });
    expect(outcome.conflicts).toEqual([
      { path: 'a', reason: 'changed' },
      { path: 'gone', reason: 'changed' },
      { path: 'new/file', reason: 'changed' },
    ]);
    expect(await stateOf(fixture.project, { times: true })).toEqual(files);
  });

  it('keeps them and takes the others back', async () => {
    await write(fixture.project, { a: 'user\n', own: 'user\n' });
    const outcome = await workspaces.rollBack(runId, { conflicts: 'keep' });
    expect(outcome).toMatchObject({ done: true, paths: ['b', 'gone', 'new/file'] });
    expect(outcome.conflicts).toEqual([{ path: 'a', reason: 'changed' }]);
    expect([await text('a'), await text('b'), await text('own')]).toEqual(['user\n', '1\n', 'user\n']);
  });

  it('overwrites them where it is told to, and can undo that', async () => {
    await write(fixture.project, { a: 'user\n', own: 'user\n' });
    const files = await stateOf(fixture.project);
    const outcome = await workspaces.rollBack(runId, { conflicts: 'overwrite' });
    expect(outcome).toMatchObject({ done: true, conflicts: [], paths: ['a', 'b', 'gone', 'new/file'] });
    expect([await text('a'), await text('own')]).toEqual(['1\n', 'user\n']);
    expect(await workspaces.undo(outcome.undoId ?? '')).toMatchObject({ done: true, conflicts: [] });
    expect(await stateOf(fixture.project)).toEqual(files);
  });

  it('takes a change of the user’s that is the way back for no conflict', async () => {
    await write(fixture.project, { a: '1\n' });
    expect(await workspaces.rollBack(runId)).toMatchObject({ done: true, paths: ['b', 'gone', 'new/file'] });
  });

  it('never writes a file that is open and not saved', async () => {
    fixture.unsaved.push(path.join(fixture.project, 'b'), path.join(fixture.folder, 'elsewhere'));
    for (const conflicts of ['stop', 'overwrite'] as const) {
      const outcome = await workspaces.rollBack(runId, { conflicts });
      expect(outcome.conflicts).toEqual([{ path: 'b', reason: 'unsaved' }]);
      expect(outcome.done).toBe(conflicts === 'overwrite');
      expect(await text('b')).toBe('agent\n');
    }
  });

  it('does not put a file where the user has made a folder, or the other way round', async () => {
    await write(fixture.project, { 'gone/mine': 'user\n' });
    await rm(path.join(fixture.project, 'new'), { recursive: true });
    await write(fixture.project, { new: 'user\n' });
    const outcome = await workspaces.rollBack(runId, { conflicts: 'keep' });
    expect(outcome.conflicts).toEqual([{ path: 'gone', reason: 'in-the-way' }]);
    expect([await text('a'), await text('gone/mine'), await text('new')]).toEqual([
      '1\n',
      'user\n',
      'user\n',
    ]);
  });

  it('does not overwrite an ignored file that is in the way', async () => {
    await write(fixture.project, { '.git/info/exclude': 'gone\n', gone: 'ignored now\n' });
    const stopped = await workspaces.rollBack(runId);
    expect(stopped).toMatchObject({ done: false });
    expect(stopped.conflicts.map(({ path: file }) => file)).toEqual(['gone']);
    expect(await workspaces.rollBack(runId, { conflicts: 'keep' })).toMatchObject({ done: true });
    expect(await text('gone')).toBe('ignored now\n');
  });

  it('does not overwrite a file that .gitignore has made ignored since', async () => {
    await write(fixture.project, { '.gitignore': 'gone\nnew/\n', gone: 'mine\n', 'new/mine': 'mine\n' });
    const outcome = await workspaces.rollBack(runId, { conflicts: 'overwrite' });
    expect(outcome).toMatchObject({ done: true, conflicts: [{ path: 'gone', reason: 'in-the-way' }] });
    expect([await text('gone'), await text('new/mine'), await text('a')]).toEqual([
      'mine\n',
      'mine\n',
      '1\n',
    ]);
  });

  it('refuses before the run has ended', async () => {
    const request = requestFor({ kind: 'folder', folder: fixture.project });
    await workspaces.prepare(request);
    await expect(workspaces.rollBack(request.runId)).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
  });

  it('does not undo over what came later', async () => {
    const outcome = await workspaces.rollBack(runId);
    await write(fixture.project, { a: 'later\n' });
    expect(await workspaces.undo(outcome.undoId ?? '')).toMatchObject({
      done: false,
      conflicts: [{ path: 'a', reason: 'changed' }],
    });
    expect(await text('a')).toBe('later\n');
    await expect(workspaces.undo('undo-unknown')).rejects.toMatchObject({ failure: { reason: 'not-found' } });
  });
});

describe('rolling back when the agent has used git', () => {
  beforeEach(() => commitFiles(fixture, { a: '1\n', b: '1\n' }));

  it('puts the index back', async () => {
    await write(fixture.project, { a: 'staged by the user\n' });
    await fixture.git('add', 'a');
    await write(fixture.project, { a: 'and changed again\n' });
    const runId = await run(async () => {
      await write(fixture.project, { b: 'agent\n', c: 'agent\n' });
      await fixture.git('add', '--all');
    });
    expect(await workspaces.rollBack(runId)).toMatchObject({ done: true });
    expect(await fixture.git('status', '--porcelain')).toBe('MM a');
    expect(await fixture.git('show', ':a')).toBe('staged by the user');
  });

  it('leaves the index alone when the user has staged something since', async () => {
    const runId = await run(() => write(fixture.project, { b: 'agent\n' }));
    await write(fixture.project, { mine: 'user\n' });
    await fixture.git('add', 'mine');
    expect(await workspaces.rollBack(runId)).toMatchObject({ done: true, paths: ['b'] });
    expect(await fixture.git('status', '--porcelain')).toBe('A  mine');
  });

  it('asks about commits, and moves the branch back only when told to', async () => {
    const start = await fixture.git('rev-parse', 'HEAD');
    const files = await stateOf(fixture.project);
    const runId = await run(async () => {
      await write(fixture.project, { a: 'agent\n', c: 'agent\n' });
      await fixture.git('add', '--all');
      await fixture.git('commit', '--quiet', '--message', 'By the agent');
    });
    const end = await fixture.git('rev-parse', 'HEAD');
    const asked = await workspaces.rollBack(runId);
    expect(asked).toMatchObject({
      done: false,
      conflicts: [],
      branchMoved: { from: { branch: 'main', commit: start }, to: { branch: 'main', commit: end } },
    });
    expect(await text('a')).toBe('agent\n');

    const outcome = await workspaces.rollBack(runId, { branch: 'moveBack' });
    expect(outcome).toMatchObject({ done: true, branchMoved: null });
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(start);
    expect(await fixture.git('status', '--porcelain')).toBe('');
    expect(await stateOf(fixture.project)).toEqual(files);
    expect(await fixture.git('rev-parse', `refs/kandev/${runId}/head`)).toBe(end);

    await workspaces.undo(outcome.undoId ?? '', { branch: 'moveBack' });
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(end);
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('leaves the branch where it is when told to', async () => {
    const runId = await run(async () => {
      await write(fixture.project, { a: 'agent\n' });
      await fixture.git('commit', '--quiet', '--all', '--message', 'By the agent');
    });
    const end = await fixture.git('rev-parse', 'HEAD');
    expect(await workspaces.rollBack(runId, { branch: 'keep' })).toMatchObject({ done: true });
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(end);
    expect(await fixture.git('status', '--porcelain')).toBe(' M a');
  });

  it('switches back to the branch that the agent has left', async () => {
    const start = await fixture.git('rev-parse', 'HEAD');
    const runId = await run(async () => {
      await fixture.git('checkout', '--quiet', '-b', 'feature');
      await write(fixture.project, { a: 'agent\n' });
      await fixture.git('commit', '--quiet', '--all', '--message', 'By the agent');
    });
    const outcome = await workspaces.rollBack(runId, { branch: 'moveBack' });
    expect(outcome).toMatchObject({ done: true, branchMoved: null });
    expect(await fixture.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(await fixture.git('rev-parse', 'main')).toBe(start);
    expect(await fixture.git('rev-parse', 'feature')).not.toBe(start);
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('does not move a branch on which the user has gone on', async () => {
    const runId = await run(async () => {
      await write(fixture.project, { a: 'agent\n' });
      await fixture.git('commit', '--quiet', '--all', '--message', 'By the agent');
    });
    await fixture.git('commit', '--quiet', '--allow-empty', '--message', 'By the user');
    const users = await fixture.git('rev-parse', 'HEAD');
    const outcome = await workspaces.rollBack(runId, { branch: 'moveBack' });
    expect(outcome).toMatchObject({ done: true, branchMoved: { to: { commit: users } } });
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(users);
  });

  it('brings the files back even when the agent has destroyed the repository', async () => {
    await write(fixture.project, { a: 'not committed\n', untracked: 'u\n' });
    const files = await stateOf(fixture.project);
    const runId = await run(async () => {
      await rm(path.join(fixture.project, '.git'), { recursive: true });
      for (const file of ['a', 'b', 'untracked']) await rm(path.join(fixture.project, file));
      await fixture.git('init', '--quiet');
    });
    expect(await workspaces.rollBack(runId, { branch: 'keep' })).toMatchObject({ done: true });
    expect(await stateOf(fixture.project)).toEqual(files);
  });
});
