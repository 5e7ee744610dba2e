import { cp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PrepareRequest } from '../../../src/workspaces/workspaces.ts';
import {
  commitFiles,
  makeFixture,
  requestFor,
  stateOf,
  untouchedState,
  write,
  type Fixture,
} from './fixture.ts';
import { callsOf, killDuring, type Kill } from './killing.ts';
import type { Order } from './worker.mts';

/** Each so many git calls one kill, in turns before and after the call; at all of them where there is time. */
const strideOf = ({ do: what }: Order): number =>
  process.env.KANDEV_STRESS === '1' ? 1 : what === 'prepare' ? 10 : 50;
const timeout = 900_000;

let fixture: Fixture;
let spare: string;

beforeEach(async () => {
  fixture = await makeFixture();
  spare = path.join(fixture.folder, 'spare');
  // Large ones, so that git can be cut off while it writes them.
  await commitFiles(fixture, { a: '1\n', 'b.txt': 'b'.repeat(5000), 'c/d': 'd'.repeat(5000), z: 'z\n' });
  await write(fixture.project, { a: 'not committed\n', untracked: 'u'.repeat(5000) });
});

afterEach(() => fixture.remove());

/** Keeps the folder and the storage as they are, to begin from there again. */
async function save(): Promise<void> {
  for (const name of ['project', 'storage']) {
    await cp(path.join(fixture.folder, name), path.join(spare, name), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }
}

async function startOver(): Promise<void> {
  for (const name of ['project', 'storage']) {
    await rm(path.join(fixture.folder, name), { recursive: true, force: true });
    await cp(path.join(spare, name), path.join(fixture.folder, name), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }
}

/** Carries out an order again and again, each time killed a little later, and looks what is left each time. */
async function atEachKill(order: Order, look: (kill: Kill) => Promise<void>): Promise<number> {
  await save();
  const stride = strideOf(order);
  let kills = 0;
  for (const mode of ['before', 'after'] as const) {
    for (let at = mode === 'before' ? 1 : 1 + Math.floor(stride / 2); ; at += stride) {
      await startOver();
      if (!(await killDuring(fixture, order, { mode, at }))) break;
      kills += 1;
      await look({ mode, at });
    }
  }
  return kills;
}

async function reopened(): Promise<LocalWorkspaces> {
  const workspaces = await fixture.open();
  await workspaces.recover();
  return workspaces;
}

async function run(work: () => Promise<unknown>): Promise<PrepareRequest> {
  const request = requestFor({ kind: 'folder', folder: fixture.project });
  const workspaces = await fixture.open();
  await workspaces.prepare(request);
  await work();
  await workspaces.finish(request.runId);
  return request;
}

async function agentsWork(root: string): Promise<void> {
  await write(root, { 'b.txt': 'B'.repeat(6000), 'c/d': 'D'.repeat(6000), 'new/file': 'N'.repeat(6000) });
  await rm(path.join(root, 'z'));
}

describe('a process that is killed', () => {
  it('while it takes a checkpoint has touched nothing, and the next one takes it', { timeout }, async () => {
    const request = requestFor({ kind: 'folder', folder: fixture.project });
    const untouched = await untouchedState(fixture);
    const files = await stateOf(fixture.project);
    const kills = await atEachKill({ do: 'prepare', request }, async () => {
      const { files: _files, index: _index, ...rest } = untouched as Record<string, unknown>;
      expect(await untouchedState(fixture)).toMatchObject(rest);
      expect(await stateOf(fixture.project)).toEqual(files);
      const workspaces = await reopened();
      expect((await workspaces.prepare(request)).warnings).toEqual([]);
      await agentsWork(fixture.project);
      await workspaces.finish(request.runId);
      expect(await workspaces.rollBack(request.runId)).toMatchObject({ done: true });
      expect(await stateOf(fixture.project)).toEqual(files);
    });
    expect(kills).toBeGreaterThan(1);
  });

  it('while it rolls back leaves a way back and a way on', { timeout }, async () => {
    const before = await stateOf(fixture.project);
    const { runId } = await run(() => agentsWork(fixture.project));
    const after = await stateOf(fixture.project);
    const kills = await atEachKill({ do: 'rollBack', runId }, () =>
      expectBackAndOn(runId, { before, after }),
    );
    expect(kills).toBeGreaterThan(1);
  });

  it('together with git, which is writing files, leaves a way back and a way on', { timeout }, async () => {
    const before = await stateOf(fixture.project);
    const { runId } = await run(() => agentsWork(fixture.project));
    const after = await stateOf(fixture.project);
    expect(await killDuring(fixture, { do: 'rollBack', runId }, { mode: 'cut', at: 0 })).toBe(true);
    const half = await stateOf(fixture.project);
    expect(half).not.toEqual(before);
    expect(half).not.toEqual(after);
    await expectBackAndOn(runId, { before, after });
  });

  it('while it applies a clone’s change leaves a way back', { timeout }, async () => {
    const workspaces = await fixture.open();
    const request = requestFor({
      kind: 'clone',
      folder: fixture.project,
      branch: null,
      includeUncommitted: true,
    });
    const { root, workspaceId } = await workspaces.prepare(request);
    await agentsWork(root);
    await workspaces.finish(request.runId);
    const before = await stateOf(fixture.project);
    const agents = await stateOf(root);
    const kills = await atEachKill({ do: 'apply', workspaceId }, async () => {
      await expectApplyUndone(before);
      expect(await stateOf(root)).toEqual(agents);
      expect(await (await reopened()).apply(workspaceId)).toMatchObject({ done: true, conflicts: [] });
      expect(await stateOf(fixture.project)).toEqual(agents);
    });
    expect(kills).toBeGreaterThan(1);
    await startOver();
    expect(await killDuring(fixture, { do: 'apply', workspaceId }, { mode: 'cut', at: 0 })).toBe(true);
    expect(await stateOf(fixture.project)).not.toEqual(before);
    await expectApplyUndone(before);
  });

  it('while it merges loses nothing that was not committed', { timeout }, async () => {
    await fixture.git('commit', '-qam', 'Committed');
    const workspaces = await fixture.open();
    const request = requestFor({
      kind: 'clone',
      folder: fixture.project,
      branch: null,
      includeUncommitted: false,
    });
    const { root, workspaceId } = await workspaces.prepare(request);
    await agentsWork(root);
    await workspaces.finish(request.runId);
    await write(fixture.project, { a: 'not committed, either\n' });
    const head = await fixture.git('rev-parse', 'HEAD');
    const kills = await atEachKill({ do: 'merge', workspaceId }, async () => {
      expect(await readFile(path.join(fixture.project, 'a'), 'utf8')).toBe('not committed, either\n');
      expect(await readFile(path.join(fixture.project, 'untracked'), 'utf8')).toBe('u'.repeat(5000));
      expect(await fixture.git('rev-parse', 'HEAD~0')).toMatch(/^[0-9a-f]{40}$/);
      await fixture.git('merge-base', '--is-ancestor', head, 'HEAD');
      // Git itself knows the way out of each state.
      await fixture.git('reset', '--quiet', '--merge', 'HEAD');
      expect(await fixture.git('status', '--porcelain')).toBe(' M a\n?? untracked');
    });
    expect(kills).toBeGreaterThan(1);
  });

  it('while it makes or removes a workspace leaves no half of one', { timeout }, async () => {
    const request = requestFor({
      kind: 'clone',
      folder: fixture.project,
      branch: null,
      includeUncommitted: true,
    });
    const trees = path.join(fixture.storage, 'trees');
    await atEachKill({ do: 'prepare', request }, async () => {
      const workspaces = await reopened();
      const { workspaces: uses } = await workspaces.diskUse();
      expect((await readdir(trees)).length).toBe(uses.length);
      const { root } = await workspaces.prepare(request);
      expect(await readFile(path.join(root, 'untracked'), 'utf8')).toBe('u'.repeat(5000));
      expect((await workspaces.changes({ workspaceId: request.workspaceId })).files).toEqual([]);
    });
    await startOver();
    await (await fixture.open()).prepare(request);
    await atEachKill({ do: 'dispose', workspaceId: request.workspaceId }, async () => {
      const workspaces = await reopened();
      await workspaces.clear(() => false);
      expect(await readdir(trees)).toEqual([]);
    });
    expect(await callsOf(fixture)).toBeGreaterThan(0);
  });
});

interface States {
  before: Record<string, string>;
  after: Record<string, string>;
}

/** From wherever a roll-back was cut off, it can be undone, and done. */
async function expectBackAndOn(runId: string, { before, after }: States): Promise<void> {
  const workspaces = await fixture.open();
  const [interrupted, ...others] = await workspaces.recover();
  expect(others).toEqual([]);
  if (interrupted) {
    expect(interrupted.what).toBe('rollBack');
    expect(await workspaces.undo(interrupted.undoId)).toMatchObject({ done: true, conflicts: [] });
    expect(await stateOf(fixture.project)).toEqual(after);
  }
  const outcome = await workspaces.rollBack(runId);
  expect(outcome).toMatchObject({ done: true, conflicts: [] });
  expect(await stateOf(fixture.project)).toEqual(before);
  expect(await fixture.git('status', '--porcelain')).toBe(' M a\n?? untracked');
}

async function expectApplyUndone(before: Record<string, string>): Promise<void> {
  const workspaces = await fixture.open();
  const [interrupted] = await workspaces.recover();
  if (interrupted) expect(await workspaces.undo(interrupted.undoId)).toMatchObject({ done: true });
  const complete = (await stateOf(fixture.project))['new/file'] !== undefined;
  // Without an interruption it has either not begun, or come to its end.
  if (interrupted || !complete) expect(await stateOf(fixture.project)).toEqual(before);
}
