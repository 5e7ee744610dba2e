import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/model/failure.ts';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { Credential, PreparedWorkspace } from '../../../src/workspaces/workspaces.ts';
import { commitFiles, gitIn, makeFixture, requestFor, write, type Fixture } from './fixture.ts';
import { startGitServer, type GitServer } from './gitServer.ts';

const token = 'tok-3n:s/ecret@1';

let fixture: Fixture;
let workspaces: LocalWorkspaces;
let remotes: string;
let bare: string;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  await commitFiles(fixture, { 'a.txt': '1\n', 'src/b.txt': 'b\n' });
  await fixture.git('checkout', '-q', '-b', 'side');
  await write(fixture.project, { 'side.txt': 's\n' });
  await fixture.git('add', '-A');
  await fixture.git('commit', '-qm', 'Side');
  await fixture.git('checkout', '-q', 'main');
  remotes = path.join(fixture.folder, 'remotes');
  bare = path.join(remotes, 'thing.git');
  await gitIn(fixture.folder, fixture.environment, 'clone', '-q', '--bare', fixture.project, bare);
  await gitIn(bare, fixture.environment, 'config', 'http.receivepack', 'true');
});

afterEach(() => fixture.remove());

function prepare(
  url: string,
  branch: string | null = null,
  credential?: Credential,
): Promise<PreparedWorkspace> {
  return workspaces.prepare(
    requestFor({ kind: 'repository', url, branch, ...(credential ? { credential } : {}) }),
  );
}

const inBare = (...args: string[]): Promise<string> => gitIn(bare, fixture.environment, ...args);

/** Every file below a folder that holds a text. */
async function filesWith(folder: string, secret: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    if ((await readFile(file)).includes(secret)) found.push(file);
  }
  return found;
}

describe('a repository from elsewhere', () => {
  it.each(['a path', 'a URL'])('is cloned by %s, on its main branch', async (how) => {
    const workspace = await prepare(how === 'a path' ? bare : pathToFileURL(bare).href);
    expect(workspace).toMatchObject({ kind: 'repository', warnings: [] });
    expect(path.basename(workspace.root)).toBe('thing');
    const git = (...args: string[]): Promise<string> => gitIn(workspace.root, fixture.environment, ...args);
    expect(await git('symbolic-ref', '--short', 'HEAD')).toBe(workspace.branch);
    expect(await git('rev-parse', 'HEAD', 'origin/main')).toBe(await inBare('rev-parse', 'main', 'main'));
    expect((await readdir(workspace.root)).sort()).toEqual(['.git', 'a.txt', 'src']);
  });

  it('is cloned on the branch of the card, and again with what is new', async () => {
    const first = await prepare(bare, 'side');
    expect(await readFile(path.join(first.root, 'side.txt'), 'utf8')).toBe('s\n');
    await fixture.git('checkout', '-q', 'side');
    await write(fixture.project, { 'side.txt': 'newer\n' });
    await fixture.git('commit', '-qam', 'Newer');
    await fixture.git('push', '-q', bare, 'side');
    const second = await prepare(bare, 'side');
    expect(await readFile(path.join(second.root, 'side.txt'), 'utf8')).toBe('newer\n');
    expect(await readdir(path.join(fixture.storage, 'repositories'))).toHaveLength(1);
  });

  it('gets the change back as a branch, and moves it on', async () => {
    const { root, workspaceId } = await prepare(bare);
    await write(root, { 'a.txt': 'agent\n' });
    const options = { branch: 'from-kandev', message: 'By the agent' };
    const { commit } = await workspaces.push(workspaceId, options);
    expect(await inBare('log', '--format=%H %an %s', 'from-kandev')).toBe(
      `${commit} Ada By the agent\n${await inBare('log', '-1', '--format=%H %an %s', 'main')}`,
    );
    await write(root, { 'a.txt': 'more\n' });
    await workspaces.push(workspaceId, { ...options, message: 'More' });
    expect(await inBare('show', 'from-kandev:a.txt')).toBe('more');
    await expect(workspaces.push(workspaceId, { ...options, branch: 'side' })).rejects.toMatchObject({
      failure: { message: expect.stringContaining('has a branch side already') as unknown },
    });
    await expect(workspaces.apply(workspaceId)).rejects.toMatchObject({ failure: { reason: 'refused' } });
    await expect(workspaces.merge(workspaceId, 'x')).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
  });

  it.each([
    ['a repository that is not there', '/nowhere/x.git', null, /no repository at|may not read/],
    ['a branch that is not there', '', 'nowhere', /no branch .*nowhere/],
    ['a branch that is an option', '', '--upload-pack=touch x', /cannot be the name of a branch/],
  ])('says what is wrong with %s', async (_what, url, branch, message) => {
    await expect(prepare(url === '' ? bare : url, branch)).rejects.toMatchObject({
      failure: { message: expect.stringMatching(message) as unknown },
    });
    expect((await workspaces.diskUse()).workspaces).toEqual([]);
  });
});

describe('a repository behind a sign-in', () => {
  let server: GitServer;

  beforeEach(async () => {
    server = await startGitServer(remotes, 'ada', token);
  });

  afterEach(() => server.close());

  it('is cloned and sent to with a credential that is written nowhere', async () => {
    const credential = { username: 'ada', password: token };
    const url = `${server.url}/thing.git`;
    const progress: string[] = [];
    const request = requestFor(
      { kind: 'repository', url, branch: null, credential },
      { onProgress: (line) => progress.push(line) },
    );
    const { root, workspaceId } = await workspaces.prepare(request);
    expect(progress.join('\n')).toContain('Counting objects');
    await write(root, { 'a.txt': 'agent\n' });
    await workspaces.finish(request.runId);
    await workspaces.push(workspaceId, { branch: 'sent', message: 'Sent', credential });
    expect(await inBare('show', 'sent:a.txt')).toBe('agent');
    expect(server.shown).toContain(`ada:${token}`);
    for (const secret of [token, encodeURIComponent(token), Buffer.from(`ada:${token}`).toString('base64')]) {
      expect(await filesWith(fixture.storage, secret)).toEqual([]);
      expect(progress.join('\n')).not.toContain(secret);
    }
  });

  it('is cloned with the password of its address, which is written nowhere', async () => {
    const url = new URL(`${server.url}/thing.git`);
    url.username = 'ada';
    url.password = encodeURIComponent(token);
    const { root } = await prepare(url.href);
    expect(await gitIn(root, fixture.environment, 'config', 'remote.origin.url')).toBe(
      `${server.url}/thing.git`,
    );
    expect(await filesWith(fixture.storage, token)).toEqual([]);
    expect(await filesWith(fixture.storage, encodeURIComponent(token))).toEqual([]);
  });

  it('is cloned with the user’s own credential helper', async () => {
    const helper = `!f() { echo username=ada; echo 'password=${token}'; }; f`;
    await fixture.git('config', '--global', 'credential.helper', helper);
    await expect(prepare(`${server.url}/thing.git`)).resolves.toMatchObject({ kind: 'repository' });
  });

  it('asks for a sign-in otherwise, and never shows a password', async () => {
    await expect(prepare(`${server.url}/thing.git`)).rejects.toMatchObject({
      failure: { message: expect.stringContaining('asks for a sign-in') as unknown },
    });
    const wrong = new URL(`${server.url}/thing.git`);
    wrong.username = 'ada';
    wrong.password = 'wr0ng-w0rd';
    const failure = await prepare(wrong.href).then(() => null, failureOf);
    expect(failure?.message).toContain('asks for a sign-in');
    expect(JSON.stringify(failure)).not.toContain('wr0ng-w0rd');
    expect(server.shown).toContain('ada:wr0ng-w0rd');
  });
});
