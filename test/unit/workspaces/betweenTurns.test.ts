import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PrepareRequest } from '../../../src/workspaces/workspaces.ts';
import { commitFiles, kinds, makeFixture, requestFor, stateOf, write, type Fixture } from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  await commitFiles(fixture, { 'both.txt': '1\n', 'mine.txt': '1\n', 'its.txt': '1\n' });
});

afterEach(() => fixture.remove());

const content = (file: string, root = fixture.project): Promise<string> =>
  readFile(path.join(root, file), 'utf8');

/** The agent has two turns, and the user does something in between. */
async function twoTurns(request: PrepareRequest, root: string): Promise<string[]> {
  await write(root, { 'its.txt': 'agent\n', 'both.txt': 'agent\n' });
  await workspaces.finish(request.runId);
  await write(root, { 'both.txt': 'user\n', 'mine.txt': 'user\n', 'new.txt': 'user\n' });
  const told = await workspaces.beginTurn(request.runId);
  await write(root, { 'its.txt': 'agent again\n', 'second.txt': 'agent\n' });
  await workspaces.finish(request.runId);
  return told;
}

describe('what the user does between two turns in the folder', () => {
  let request: PrepareRequest;
  const conflicts = ['both.txt', 'mine.txt', 'new.txt'].map((file) => ({
    path: file,
    reason: 'between-turns',
  }));

  beforeEach(async () => {
    request = requestFor({ kind: 'folder', folder: fixture.project });
    await workspaces.prepare(request);
  });

  it('is told apart, and not taken back without a word', async () => {
    expect((await twoTurns(request, fixture.project)).sort()).toEqual(['both.txt', 'mine.txt', 'new.txt']);
    const changes = await workspaces.changes({ runId: request.runId });
    expect(kinds(changes)).toHaveLength(5);
    expect(changes.between).toEqual(['both.txt', 'mine.txt', 'new.txt']);

    const files = await stateOf(fixture.project);
    expect(await workspaces.rollBack(request.runId)).toMatchObject({ done: false, conflicts });
    expect(await stateOf(fixture.project)).toEqual(files);

    const outcome = await workspaces.rollBack(request.runId, { conflicts: 'keep' });
    expect(outcome).toMatchObject({ done: true, paths: ['its.txt', 'second.txt'], conflicts });
    expect(await content('mine.txt')).toBe('user\n');
    expect(await content('both.txt')).toBe('user\n');
    expect(await content('its.txt')).toBe('1\n');
  });

  it('is taken back when that is asked for, and brought back by undo', async () => {
    await twoTurns(request, fixture.project);
    const files = await stateOf(fixture.project);
    const outcome = await workspaces.rollBack(request.runId, { conflicts: 'overwrite' });
    expect(outcome).toMatchObject({ done: true, conflicts: [] });
    expect(await content('mine.txt')).toBe('1\n');
    expect(await content('both.txt')).toBe('1\n');
    await workspaces.undo(outcome.undoId ?? '');
    expect(await stateOf(fixture.project)).toEqual(files);
  });

  it('leaves the index as it was staged then', async () => {
    await write(fixture.project, { 'its.txt': 'agent\n' });
    await workspaces.finish(request.runId);
    await fixture.git('add', 'its.txt');
    expect(await workspaces.beginTurn(request.runId)).toEqual([]);
    await write(fixture.project, { 'its.txt': 'agent again\n' });
    await workspaces.finish(request.runId);
    expect(await workspaces.rollBack(request.runId)).toMatchObject({ done: true, conflicts: [] });
    expect(await content('its.txt')).toBe('1\n');
    expect(await fixture.git('show', ':its.txt')).toBe('agent');
  });

  it('is nothing, where nothing was done, and before the first turn', async () => {
    expect(await workspaces.beginTurn(request.runId)).toEqual([]);
    await write(fixture.project, { 'its.txt': 'agent\n' });
    await workspaces.finish(request.runId);
    expect(await workspaces.beginTurn(request.runId)).toEqual([]);
    await rm(path.join(fixture.project, 'both.txt'));
    await workspaces.finish(request.runId);
    expect(await workspaces.rollBack(request.runId)).toMatchObject({ done: true, conflicts: [] });
  });

  it('is known after the window was closed', async () => {
    await twoTurns(request, fixture.project);
    workspaces = await fixture.open();
    await workspaces.recover();
    expect(await workspaces.rollBack(request.runId)).toMatchObject({ done: false, conflicts });
  });
});

it('what others have changed in a clone is named before all of it is given up', async () => {
  const request = requestFor({
    kind: 'clone',
    folder: fixture.project,
    branch: null,
    includeUncommitted: false,
  });
  const { root } = await workspaces.prepare(request);
  await twoTurns(request, root);
  const { workspaceId } = request;
  await write(root, { 'between-runs.txt': 'user\n' });
  await workspaces.prepare({ ...request, runId: `${request.runId}-next` });
  await write(root, { 'third.txt': 'agent\n' });
  await workspaces.finish(`${request.runId}-next`);
  await write(root, { 'last.txt': 'user\n' });
  const { between } = await workspaces.changes({ workspaceId });
  expect(between).toEqual(['between-runs.txt', 'both.txt', 'last.txt', 'mine.txt', 'new.txt']);
});
