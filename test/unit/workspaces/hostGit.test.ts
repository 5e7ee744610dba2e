import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withoutSecrets } from '../../../src/workspaces/gitFailure.ts';
import { HostGit } from '../../../src/workspaces/hostGit.ts';
import type { GitSite } from '../../../src/workspaces/gitCall.ts';
import { commitFiles, makeFixture, makeProgram, write, type Fixture } from './fixture.ts';

let fixture: Fixture;
let git: HostGit;
let site: GitSite;

beforeEach(async () => {
  fixture = await makeFixture();
  await commitFiles(fixture, { 'a.txt': '1\n' });
  git = new HostGit({ safeFolder: fixture.storage, environment: fixture.environment });
  site = { gitDir: path.join(fixture.project, '.git'), workTree: fixture.project };
});

afterEach(() => fixture.remove());

const doing = 'testing';

describe('git on the host', () => {
  it('works on what it is told to, whatever the environment says', async () => {
    const other = path.join(fixture.folder, 'other');
    await mkdir(other);
    const environment = {
      ...fixture.environment,
      GIT_DIR: other,
      GIT_INDEX_FILE: path.join(other, 'index'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: 'touch x',
      GIT_EXTERNAL_DIFF: 'false',
      GIT_TRACE: '1',
      LC_ALL: 'de_DE.UTF-8',
    };
    git = new HostGit({ safeFolder: fixture.storage, environment });
    expect(await git.text(['rev-parse', '--git-dir'], { doing, site })).toBe(site.gitDir);
    expect((await git.run(['diff-files', '--name-only'], { doing, site })).stderr).toBe('');
  });

  it('does not start what lies in the folder, or what is relative in PATH', async () => {
    await makeProgram(path.join(fixture.project, 'git'), `#!/bin/sh\ntouch '${fixture.folder}/mark'\n`);
    const environment = { ...fixture.environment, PATH: `.:${fixture.environment.PATH ?? ''}` };
    git = new HostGit({ safeFolder: fixture.storage, environment });
    await git.run(['rev-parse', 'HEAD'], { doing, site });
    expect(existsSync(path.join(fixture.folder, 'mark'))).toBe(false);
  });

  it('takes names as they are', async () => {
    await write(fixture.project, { '*': 'x', ':(top)a.txt': 'y', 'b.txt': 'z' });
    const listed = await git.run(['ls-files', '-z', '--others', '--', '*', ':(top)a.txt'], { doing, site });
    expect(listed.stdout.toString()).toBe('*\0:(top)a.txt\0');
  });

  it('reaches nothing over the network unless it is told to', async () => {
    const url = `file://${fixture.project}`;
    const args = ['ls-remote', '--', url];
    await expect(git.run(args, { doing, site })).rejects.toMatchObject({
      failure: { detail: expect.stringContaining("transport 'file' not allowed") as unknown },
    });
    expect((await git.run(args, { doing, site, protocols: ['file'] })).code).toBe(0);
    const ext = ['ls-remote', '--', `ext::sh -c touch% ${fixture.folder}/mark`];
    await expect(git.run(ext, { doing, site, protocols: ['file', 'https'] })).rejects.toThrow();
    expect(existsSync(path.join(fixture.folder, 'mark'))).toBe(false);
  });

  it('says in plain words what has failed', async () => {
    await write(fixture.project, { '.git/index.lock': '' });
    await expect(git.run(['read-tree', 'HEAD'], { doing: 'adding a file', site })).rejects.toMatchObject({
      failure: {
        message: `Git failed while adding a file. Another git command is at work there, or one was cut off. Wait for it, or delete ${fixture.project}/.git/index.lock if none is running.`,
        detail: expect.stringContaining('ended with code 128') as unknown,
      },
    });
  });

  it('never waits for an answer, and shows no password', async () => {
    const args = ['-c', 'credential.helper=', 'ls-remote', '--', 'https://ada:s3cret@127.0.0.1:1/x'];
    const failing = git.run(args, { doing, site, protocols: ['https'], secrets: ['s3cret'] });
    const error = await failing.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(JSON.stringify(error)).not.toContain('s3cret');
    expect(error).toMatchObject({
      failure: { message: expect.stringContaining('does not answer') as unknown },
    });
    expect(withoutSecrets("fatal: 'https://a:b@host/x' ssh://git@host token", ['token'])).toBe(
      "fatal: 'https://host/x' ssh://host ***",
    );
  });

  it.skipIf(process.platform === 'win32')('ends what takes too long, and what is called off', async () => {
    execFileSync('mkfifo', [path.join(fixture.project, '.gitignore')]);
    const args = ['ls-files', '--others', '--exclude-standard'];
    await expect(git.run(args, { doing: 'looking', site, limitMs: 300 })).rejects.toMatchObject({
      failure: { message: expect.stringContaining('too long while looking') as unknown },
    });
    const controller = new AbortController();
    const running = git.run(args, { doing, site, signal: controller.signal });
    const reason = new Error('called off');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it('passes what one command writes to another, and fails when either does', async () => {
    const target = { gitDir: path.join(fixture.folder, 'target.git') };
    await git.run(['init', '--quiet', '--bare'], { doing, site: target });
    const head = await fixture.git('rev-parse', 'HEAD');
    const pack = ['pack-objects', '--revs', '--stdout', '-q'];
    await git.pipe(
      [pack, { doing, site, input: `${head}\n` }],
      [['index-pack', '--stdin'], { doing, site: target }],
    );
    expect(await git.text(['show', `${head}:a.txt`], { doing, site: target })).toBe('1');
    const missing = '0123456789012345678901234567890123456789';
    await expect(
      git.pipe(
        [pack, { doing, site, input: `${missing}\n` }],
        [['index-pack', '--stdin'], { doing, site: target }],
      ),
    ).rejects.toMatchObject({ failure: { reason: 'refused' } });
    await expect(
      git.pipe(
        [pack, { doing, site, input: `${head}\n` }],
        [['index-pack', '--nonsense'], { doing, site: target }],
      ),
    ).rejects.toMatchObject({
      failure: { detail: expect.stringContaining('index-pack --nonsense') as unknown },
    });
  });
});
