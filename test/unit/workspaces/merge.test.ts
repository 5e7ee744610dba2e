import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PreparedWorkspace } from '../../../src/workspaces/workspaces.ts';
import {
  commitFiles,
  gitIn,
  makeFixture,
  requestFor,
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

describe('merging into the branch of the folder', () => {
  beforeEach(work);

  it('goes forward where it can', async () => {
    expect(await workspaces.merge(clone.workspaceId, 'Add new.txt\n\nWith a body.')).toMatchObject({
      result: 'fast-forward',
      blocked: [],
    });
    expect(await fixture.git('log', '--format=%an %s', 'main')).toBe('Ada Add new.txt\nAda First');
    expect(await fixture.git('status', '--porcelain')).toBe('');
    expect(await text('src/new.txt')).toBe('n\n');
    expect(await workspaces.merge(clone.workspaceId, 'Again')).toMatchObject({ result: 'nothing-to-merge' });
  });

  it('makes a merge of two where both have gone on', async () => {
    const head = await commitByUser({ 'a.txt': 'one\n2\n3\n4\n5\n' });
    await write(fixture.project, { 'b.txt': 'not committed\n' });
    const outcome = await workspaces.merge(clone.workspaceId, 'Agent');
    expect(outcome).toMatchObject({ result: 'merged', conflicts: [] });
    expect(await fixture.git('rev-parse', 'HEAD^1')).toBe(head);
    expect(await fixture.git('log', '-1', '--format=%s')).toBe(`Merge branch '${clone.branch ?? ''}'`);
    expect(await text('a.txt')).toBe('one\n2\n3\n4\nfive\n');
    expect(await fixture.git('status', '--porcelain')).toBe(' M b.txt');
    expect(await fixture.git('reflog', '-1', '--format=%gs')).toContain('merge');
  });

  it('leaves conflicts for the user, who finishes the merge with git', async () => {
    await commitByUser({ 'a.txt': '1\n2\n3\n4\nFIVE\n' });
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({
      result: 'conflicts',
      conflicts: ['a.txt'],
    });
    expect(await fixture.git('status', '--porcelain')).toBe('UU a.txt\nD  gone\nA  src/new.txt');
    expect(await fixture.git('status')).toContain('You have unmerged paths');
    await write(fixture.project, { 'a.txt': 'resolved\n' });
    await fixture.git('add', 'a.txt');
    await fixture.git('-c', 'core.editor=true', 'commit', '--quiet');
    expect(await fixture.git('rev-list', '--parents', '-1', 'HEAD')).toMatch(/^\w+ \w+ \w+$/);
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('leaves conflicts that git can abort', async () => {
    const head = await commitByUser({ 'a.txt': '1\n2\n3\n4\nFIVE\n' });
    await write(fixture.project, { 'b.txt': 'not committed\n' });
    await workspaces.merge(clone.workspaceId, 'Agent');
    await fixture.git('merge', '--abort');
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(head);
    expect(await fixture.git('status', '--porcelain')).toBe(' M b.txt');
    expect(await text('b.txt')).toBe('not committed\n');
  });

  it.each([
    ['changed', () => write(fixture.project, { 'a.txt': 'mine\n' }), 'a.txt'],
    ['untracked', () => write(fixture.project, { 'src/new.txt': 'mine\n' }), 'src/new.txt'],
    [
      'staged',
      async () => {
        await write(fixture.project, { 'a.txt': 'mine\n' });
        await fixture.git('add', 'a.txt');
        await write(fixture.project, { 'a.txt': start['a.txt'] });
      },
      'a.txt',
    ],
  ])('does nothing when a file that it would write is %s', async (_how, change, file) => {
    await change();
    const before = await untouchedState(fixture);
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({
      result: 'blocked',
      commit: null,
      blocked: [{ path: file, reason: 'uncommitted' }],
    });
    expect(await untouchedState(fixture)).toEqual(before);
  });

  it('does nothing when a file that it would write is not saved', async () => {
    fixture.unsaved.push(path.join(fixture.project, 'gone'));
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({
      result: 'blocked',
      blocked: [{ path: 'gone', reason: 'unsaved' }],
    });
  });

  it('merges what was not committed when the agent began with the commit that the user makes of it', async () => {
    await write(fixture.project, { 'b.txt': 'mine\n' });
    clone = await makeClone(true);
    await work();
    await commitByUser({});
    expect(await workspaces.merge(clone.workspaceId, 'Agent')).toMatchObject({ result: 'merged' });
    expect([await text('b.txt'), await text('src/new.txt')]).toEqual(['mine\n', 'n\n']);
  });

  it('refuses files for a filter of the repository’s own, rather than storing them unfiltered', async () => {
    await fixture.git('config', 'filter.crypt.clean', 'rev');
    await fixture.git('config', 'filter.crypt.smudge', 'rev');
    await commitByUser({ '.gitattributes': '*.secret filter=crypt\n', 'x.secret': 'plain\n' });
    clone = await makeClone(false);
    // As it is stored: the filter belongs to the user's repository, and nothing of it is run.
    expect(await readFile(path.join(clone.root, 'x.secret'), 'utf8')).toBe('nialp\n');
    await write(clone.root, { 'new.secret': 'in plain words\n' });
    await expect(workspaces.merge(clone.workspaceId, 'Agent')).rejects.toMatchObject({
      failure: { message: expect.stringContaining('filter "crypt"') as unknown },
    });
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('uses a filter of the user’s own settings', async () => {
    await gitIn(fixture.project, fixture.environment, 'config', '--global', 'filter.crypt.clean', 'rev');
    await gitIn(fixture.project, fixture.environment, 'config', '--global', 'filter.crypt.smudge', 'rev');
    await commitByUser({ '.gitattributes': '*.secret filter=crypt\n', 'x.secret': 'plain\n' });
    clone = await makeClone(false);
    expect(await readFile(path.join(clone.root, 'x.secret'), 'utf8')).toBe('plain\n');
    await write(clone.root, { 'x.secret': 'other\n' });
    await workspaces.merge(clone.workspaceId, 'Agent');
    expect(await text('x.secret')).toBe('other\n');
    expect(await fixture.git('show', 'HEAD:x.secret')).toBe('rehto');
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('needs to know who the user is', async () => {
    await rm(path.join(fixture.environment.HOME ?? '', '.gitconfig'));
    await fixture.git('config', '--global', 'user.useConfigOnly', 'true');
    await expect(workspaces.merge(clone.workspaceId, 'Agent')).rejects.toMatchObject({
      failure: { message: expect.stringContaining('user.name') as unknown },
    });
  });
});

describe('committing and branching', () => {
  beforeEach(work);

  it('commits a clone’s change to its branch, and goes on from there', async () => {
    const span = { workspaceId: clone.workspaceId };
    const first = await workspaces.commit(span, 'First step');
    const branch = clone.branch ?? '';
    expect(await fixture.git('rev-parse', branch)).toBe(first.commit);
    await write(clone.root, { 'b.txt': 'agent\n' });
    await workspaces.commit(span, 'Second step');
    expect(await fixture.git('log', '--format=%an %s', branch)).toBe(
      'Ada Second step\nAda First step\nAda First',
    );
    expect(await fixture.git('status', '--porcelain', '--branch')).toBe('## main');
    expect(await workspaces.merge(clone.workspaceId, 'Unused')).toMatchObject({ result: 'fast-forward' });
  });

  it('makes a branch of any name, and never takes one that has other commits', async () => {
    const span = { workspaceId: clone.workspaceId };
    await workspaces.createBranch(span, 'feature/x', 'Feature');
    expect(await fixture.git('show', 'feature/x:src/new.txt')).toBe('n');
    await fixture.git('branch', 'taken');
    await fixture.git('checkout', '-q', 'taken');
    await commitByUser({ mine: 'm\n' });
    await fixture.git('checkout', '-q', 'main');
    await expect(workspaces.createBranch(span, 'taken', 'x')).rejects.toMatchObject({
      failure: { message: expect.stringContaining('taken') as unknown },
    });
    await expect(workspaces.createBranch(span, 'main', 'x')).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
    for (const name of ['-x', 'a..b', 'x.lock', '']) {
      await expect(workspaces.createBranch(span, name, 'x')).rejects.toMatchObject({
        failure: { reason: 'invalid-input' },
      });
    }
  });

  it('has nothing to commit when nothing has changed', async () => {
    const { workspaceId } = await makeClone(false);
    await expect(workspaces.commit({ workspaceId }, 'x')).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
  });

  it('commits of a folder only what the run has changed', async () => {
    await write(fixture.project, { 'b.txt': 'mine\n', 'src/c.txt': 'staged by me\n', mine: 'm\n' });
    await fixture.git('add', 'src/c.txt');
    const request = requestFor({ kind: 'folder', folder: fixture.project });
    await workspaces.prepare(request);
    await write(fixture.project, { 'a.txt': 'agent\n', 'new.txt': 'agent\n' });
    await rm(path.join(fixture.project, 'gone'));
    await workspaces.finish(request.runId);
    const branched = await workspaces.createBranch({ runId: request.runId }, 'aside', 'Aside');
    expect(await fixture.git('diff', '--name-status', 'main', branched.commit)).toBe(
      'M\ta.txt\nD\tgone\nA\tnew.txt',
    );
    const status = await fixture.git('status', '--porcelain');
    expect(status.split('\n')).toHaveLength(6);
    const { commit, left } = await workspaces.commit({ runId: request.runId }, 'By the agent');
    expect(left).toEqual([]);
    expect(await fixture.git('rev-parse', 'main')).toBe(commit);
    expect(await fixture.git('show', '--format=%an %s', '--name-status')).toBe(
      'Ada By the agent\n\nM\ta.txt\nD\tgone\nA\tnew.txt',
    );
    expect(await fixture.git('status', '--porcelain')).toBe(' M b.txt\nM  src/c.txt\n?? mine');
    await expect(workspaces.commit({ runId: request.runId }, 'Again')).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
  });
});
