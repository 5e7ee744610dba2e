import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PreparedWorkspace, PrepareRequest, WorkState } from '../../../src/workspaces/workspaces.ts';
import { commitFiles, gitIn, makeFixture, requestFor, write, type Fixture } from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  await commitFiles(fixture, { 'a.txt': '1\n', 'b.txt': 'b\n' });
});

afterEach(() => fixture.remove());

const cloneRequest = (): PrepareRequest =>
  requestFor({ kind: 'clone', folder: fixture.project, branch: null, includeUncommitted: false });

const work = async ({ workspaceId }: { workspaceId: string }): Promise<WorkState | undefined> =>
  (await workspaces.diskUse()).workspaces.find((use) => use.workspaceId === workspaceId)?.work;

const folders = (): Promise<string[]> => readdir(path.join(fixture.storage, 'trees'));

describe('work that nobody has taken', () => {
  let clone: PreparedWorkspace;

  beforeEach(async () => {
    clone = await workspaces.prepare(cloneRequest());
  });

  it('is told from none, from what was taken and from what was given up', async () => {
    expect(await work(clone)).toBe('none');
    await write(clone.root, { 'a.txt': 'agent\n' });
    expect(await work(clone)).toBe('untaken');
    await workspaces.apply(clone.workspaceId);
    expect(await work(clone)).toBe('taken');
    await write(clone.root, { 'a.txt': 'more\n' });
    expect(await work(clone)).toBe('untaken');
    await workspaces.createBranch({ workspaceId: clone.workspaceId }, 'x', 'x');
    expect(await work(clone)).toBe('taken');
    await write(clone.root, { 'a.txt': 'even more\n' });
    const { undoId } = await workspaces.discard(clone.workspaceId);
    expect(await work(clone)).toBe('discarded');
    await workspaces.undo(undoId ?? '');
    expect(await work(clone)).toBe('untaken');
  });

  it('is there again when an apply is undone', async () => {
    await write(clone.root, { 'a.txt': 'agent\n' });
    const { undoId } = await workspaces.apply(clone.workspaceId);
    expect(await work(clone)).toBe('taken');
    await workspaces.undo(undoId ?? '');
    expect(await work(clone)).toBe('untaken');
    expect(await workspaces.apply(clone.workspaceId)).toMatchObject({ done: true, paths: ['a.txt'] });
  });

  it('is taken by a merge with conflicts only when that is committed', async () => {
    await write(clone.root, { 'a.txt': 'agent\n' });
    await write(fixture.project, { 'a.txt': 'user\n' });
    await fixture.git('commit', '-qam', 'User');
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({ result: 'conflicts' });
    expect(await work(clone)).toBe('untaken');
    await write(fixture.project, { 'a.txt': 'both\n' });
    await fixture.git('commit', '-qam', 'Merged');
    expect(await work(clone)).toBe('taken');
  });

  it('is taken together with the commits that it has become', async () => {
    await write(clone.root, { 'a.txt': 'agent\n' });
    await gitIn(clone.root, fixture.environment, 'commit', '-qam', 'By the agent');
    expect(await work(clone)).toBe('untaken');
    await workspaces.apply(clone.workspaceId);
    expect(await work(clone)).toBe('taken');
  });

  it('can be in commits, and in a stash', async () => {
    const git = (...args: string[]): Promise<string> => gitIn(clone.root, fixture.environment, ...args);
    await git('checkout', '-q', '-b', 'elsewhere');
    await write(clone.root, { 'a.txt': 'committed\n' });
    await git('commit', '-qam', 'x');
    await git('checkout', '-q', clone.branch ?? '');
    expect(await work(clone)).toBe('untaken');
    await git('branch', '-D', 'elsewhere');
    expect(await work(clone)).toBe('none');
    await write(clone.root, { 'a.txt': 'stashed\n' });
    await git('stash', '-q');
    expect(await work(clone)).toBe('untaken');
  });

  it('is not known when the workspace cannot be read, which counts as work', async () => {
    await write(clone.root, { 'a.txt': 'agent\n' });
    await workspaces.apply(clone.workspaceId);
    await writeFile(path.join(clone.root, '.git', 'config'), '[core');
    expect(await work(clone)).toBe('unknown');
    await expect(workspaces.dispose(clone.workspaceId)).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
    expect(await folders()).toEqual([clone.workspaceId]);
  });

  it('is never removed', async () => {
    await write(clone.root, { 'a.txt': 'agent\n' });
    await expect(workspaces.dispose(clone.workspaceId)).rejects.toMatchObject({
      failure: { reason: 'refused', message: expect.stringContaining('nobody has taken') as unknown },
    });
    expect(await workspaces.clear(() => false)).toEqual([]);
    expect(await readFile(path.join(clone.root, 'a.txt'), 'utf8')).toBe('agent\n');
  });

  it('does not keep what is safe from being removed', async () => {
    const [untouched, taken, inUse, folder] = [
      cloneRequest(),
      cloneRequest(),
      cloneRequest(),
      requestFor({ kind: 'folder', folder: fixture.project }),
    ];
    for (const request of [untouched, taken, inUse, folder]) await workspaces.prepare(request);
    const { root } = (await workspaces.diskUse()).workspaces.find(
      ({ workspaceId }) => workspaceId === taken.workspaceId,
    ) ?? { root: '' };
    await write(root, { 'taken.txt': 'x\n' });
    await workspaces.apply(taken.workspaceId);
    await write(clone.root, { 'a.txt': 'agent\n' });
    const removed = await workspaces.clear((id) => id === inUse.workspaceId);
    expect(removed.sort()).toEqual([taken.workspaceId, untouched.workspaceId].sort());
    expect((await folders()).sort()).toEqual([clone.workspaceId, inUse.workspaceId].sort());
    expect(await readFile(path.join(fixture.project, 'taken.txt'), 'utf8')).toBe('x\n');
    const kept = (await fixture.git('for-each-ref', '--format=%(refname)', 'refs/kandev')).split('\n');
    expect(kept.some((ref) => ref.includes(untouched.workspaceId))).toBe(false);
  });

  it('is removed with folders that are read-only, and links are not followed', async () => {
    const outside = path.join(fixture.folder, 'outside');
    await write(outside, { keep: 'k' });
    await write(clone.root, { '.gitignore': '*\n', 'modules/x/y': 'y' });
    await mkdir(path.join(clone.root, 'linked'));
    await gitIn(clone.root, fixture.environment, 'config', 'x.y', 'z');
    await rm(path.join(clone.root, 'linked'), { recursive: true });
    await workspaces.discard(clone.workspaceId);
    await chmod(path.join(clone.root, 'modules/x'), 0o555);
    await workspaces.dispose(clone.workspaceId);
    expect(await folders()).toEqual([]);
    expect(await readdir(outside)).toEqual(['keep']);
    await expect(workspaces.changes({ workspaceId: clone.workspaceId })).rejects.toMatchObject({
      failure: { reason: 'not-found' },
    });
  });
});

describe('room on the disk', () => {
  it('is counted', async () => {
    const clone = await workspaces.prepare(cloneRequest());
    const before = await workspaces.diskUse();
    await write(clone.root, { large: Buffer.alloc(5_000_000, 1) });
    const { workspaces: uses, checkpointBytes } = await workspaces.diskUse();
    expect((uses[0]?.bytes ?? 0) - (before.workspaces[0]?.bytes ?? 0)).toBeGreaterThan(4_900_000);
    expect(checkpointBytes).toBeGreaterThan(0);
  });

  it('is given back when checkpoints are forgotten', async () => {
    const runs: PrepareRequest[] = [];
    for (const byte of [1, 2]) {
      const request = requestFor({ kind: 'folder', folder: fixture.project });
      await workspaces.prepare(request);
      // Not to be compressed away.
      const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * byte) >> 7));
      await write(fixture.project, { noise });
      await workspaces.finish(request.runId);
      runs.push(request);
    }
    const [old, kept] = runs;
    await fixture.git('update-ref', 'refs/kandev/of-another-window/before', 'HEAD');
    const before = (await workspaces.diskUse()).checkpointBytes;
    await workspaces.prune((runId) => runId === kept?.runId);
    expect((await workspaces.diskUse()).checkpointBytes).toBeLessThan(before);
    await expect(workspaces.rollBack(old?.runId ?? '')).rejects.toMatchObject({
      failure: { reason: 'not-found' },
    });
    const refs = await fixture.git('for-each-ref', '--format=%(refname)', 'refs/kandev');
    expect(refs).toContain('refs/kandev/of-another-window/before');
    expect(refs).not.toContain(`/${old?.runId ?? ''}/`);
    expect(refs).toContain(`/${kept?.runId ?? ''}/after`);
    expect(await workspaces.rollBack(kept?.runId ?? '')).toMatchObject({ done: true });
    expect(await fixture.git('status', '--porcelain')).toBe('?? noise');
  });
});

describe('opening again', () => {
  it('knows everything that there was', async () => {
    const request = cloneRequest();
    const { root } = await workspaces.prepare(request);
    await write(root, { 'a.txt': 'agent\n' });
    await workspaces.finish(request.runId);
    workspaces = await fixture.open();
    expect(await workspaces.recover()).toEqual([]);
    expect((await workspaces.changes({ runId: request.runId })).files).toMatchObject([{ path: 'a.txt' }]);
    expect(await workspaces.apply(request.workspaceId)).toMatchObject({ done: true });
  });

  it('makes a workspace anew whose folder the user has removed', async () => {
    const request = cloneRequest();
    const { root } = await workspaces.prepare(request);
    await rm(root, { recursive: true });
    await expect(workspaces.changes({ workspaceId: request.workspaceId })).rejects.toMatchObject({
      failure: { reason: 'no-folder' },
    });
    await workspaces.prepare({ ...request, runId: 'next' });
    expect(await readFile(path.join(root, 'a.txt'), 'utf8')).toBe('1\n');
  });

  it('leaves a workspace alone whose record cannot be read', async () => {
    const request = cloneRequest();
    const { root } = await workspaces.prepare(request);
    await writeFile(path.join(fixture.storage, 'records', `${request.workspaceId}.json`), '{"broken"');
    workspaces = await fixture.open();
    await workspaces.recover();
    expect(await workspaces.clear(() => false)).toEqual([]);
    expect(await readFile(path.join(root, 'a.txt'), 'utf8')).toBe('1\n');
    // Nor is it made anew over what may hold work.
    await expect(workspaces.prepare({ ...request, runId: 'next' })).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
  });

  it('says when git is missing', async () => {
    await expect(fixture.open({ git: path.join(fixture.folder, 'no-git') })).rejects.toMatchObject({
      failure: { message: expect.stringContaining('Install git') as unknown },
    });
  });
});
