import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeIdentity } from '../../../src/agents/containerUser.ts';
import {
  checkWorkspace,
  isReserved,
  pathInContainer,
  protectGit,
  workspacePaths,
} from '../../../src/agents/workspace.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'kandev-workspace-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

const theirs = { isOwn: false, taskId: 'task' };
const ours = { isOwn: true, taskId: 'task' };

describe('protectGit in the folder of the user', () => {
  it('mounts nothing over one that is no repository', async () => {
    expect(await protectGit(folder, theirs, user)).toEqual([]);
  });

  it('makes all of .git read-only, and writes nothing there itself', async () => {
    await mkdir(path.join(folder, '.git'));
    expect(await protectGit(folder, theirs, user)).toEqual([{ path: '.git', readOnly: true }]);
    expect(await readdir(path.join(folder, '.git'))).toEqual([]);
  });

  it('makes a .git that is a file read-only', async () => {
    await writeFile(path.join(folder, '.git'), 'gitdir: /elsewhere\n');
    expect(await protectGit(folder, theirs, user)).toEqual([{ path: '.git', readOnly: true }]);
  });

  it('refuses a .git that is a link, and offers a clone', async () => {
    await mkdir(path.join(folder, 'real'));
    await symlink('real', path.join(folder, '.git'));
    await expect(protectGit(folder, theirs, user)).rejects.toMatchObject({
      failure: { reason: 'refused', action: { kind: 'workInCopy', taskId: 'task' } },
    });
  });
});

describe('protectGit in a clone of ours', () => {
  it('makes config and hooks read-only, and .git a mount of its own', async () => {
    await mkdir(path.join(folder, '.git', 'hooks'), { recursive: true });
    await writeFile(path.join(folder, '.git', 'config'), '');
    expect(await protectGit(folder, ours, user)).toEqual([
      { path: '.git', readOnly: false },
      { path: '.git/hooks', readOnly: true },
      { path: '.git/config', readOnly: true },
    ]);
  });

  it('makes the folder for hooks where it is missing, and the config, since an agent could', async () => {
    await mkdir(path.join(folder, '.git'));
    expect(await protectGit(folder, ours, user)).toContainEqual({ path: '.git/hooks', readOnly: true });
    expect(await readFile(path.join(folder, '.git', 'config'), 'utf8')).toBe('');
    const hooks = await stat(path.join(folder, '.git', 'hooks'));
    expect([hooks.isDirectory(), hooks.uid, hooks.gid]).toEqual([true, user.uid, user.gid]);
  });
});

describe('protectGit, where worktrees have settings of their own', () => {
  it('makes these read-only too, since git reads them', async () => {
    await mkdir(path.join(folder, '.git'));
    await writeFile(path.join(folder, '.git', 'config'), '[extensions]\n\tworktreeConfig = true\n');
    expect(await protectGit(folder, ours, user)).toContainEqual({
      path: '.git/config.worktree',
      readOnly: true,
    });
    expect(await readFile(path.join(folder, '.git', 'config.worktree'), 'utf8')).toBe('');
  });
});

describe('workspacePaths', () => {
  it('holds what else is guarded, but nothing over what the container needs itself', () => {
    const guards = [
      { path: '/f/lib', readOnly: false },
      { path: '/f/lib/.git', readOnly: true },
      { path: '/usr', readOnly: true },
    ];
    const paths = workspacePaths({ folder: '/f', target: '/f', git: [] }, guards);
    expect(paths).toEqual([
      { source: '/f', target: '/f', readOnly: false },
      { source: '/f/lib', target: '/f/lib', readOnly: false },
      { source: '/f/lib/.git', target: '/f/lib/.git', readOnly: true },
    ]);
  });
});

describe('checkWorkspace', () => {
  it('is the same path for a folder that is there', async () => {
    expect(await checkWorkspace(folder)).toBe(folder);
  });

  it('tells of a folder that is gone', async () => {
    const gone = path.join(folder, 'gone');
    await expect(checkWorkspace(gone)).rejects.toMatchObject({
      failure: {
        reason: 'no-folder',
        message: `The folder ${gone} does not exist any more. Open another folder.`,
      },
    });
  });

  it('refuses a path that the container needs itself', async () => {
    await expect(checkWorkspace('/')).rejects.toMatchObject({ failure: { reason: 'invalid-input' } });
  });

  it.each(['/', '/usr', '/tmp', '/tmp/', '/etc', '/home', '/home/agent'])(
    'cannot mount over %s',
    (target) => {
      expect(isReserved(target)).toBe(true);
    },
  );

  it.each(['/home/me', '/home/agent/x', '/tmp/x', '/usr/src/x', '/work', '/home2'])(
    'can mount at %s',
    (target) => {
      expect(isReserved(target)).toBe(false);
    },
  );
});

describe('pathInContainer', () => {
  it.each([
    ['linux', '/work/a b', '/work/a b'],
    ['darwin', '/Users/me/x', '/Users/me/x'],
    ['win32', 'C:\\Users\\me\\a b', '/c/Users/me/a b'],
  ] as const)('%s %s', (platform, on, inside) => {
    expect(pathInContainer(on, platform)).toBe(inside);
  });
});

describe('writeIdentity', () => {
  it('gives the ids a name and a home, beside root', async () => {
    const files = await writeIdentity(folder, { uid: 1000, gid: 100 });
    expect(await readFile(files.passwd, 'utf8')).toBe(
      'root:x:0:0:root:/root:/bin/sh\nagent:x:1000:100:agent:/home/agent:/bin/sh\n',
    );
    expect(await readFile(files.group, 'utf8')).toBe('root:x:0:\nagent:x:100:\n');
  });

  it('gives root the name too, where the agent is root', async () => {
    const files = await writeIdentity(folder, { uid: 0, gid: 0 });
    expect(await readFile(files.passwd, 'utf8')).toBe('agent:x:0:0:agent:/home/agent:/bin/sh\n');
    expect(await readFile(files.group, 'utf8')).toBe('agent:x:0:\n');
  });

  it('does not touch files that a container may have mounted', async () => {
    const first = await writeIdentity(folder, { uid: 1000, gid: 100 });
    const before = await stat(first.passwd);
    await writeIdentity(folder, { uid: 1000, gid: 100 });
    expect((await stat(first.passwd)).ino).toBe(before.ino);
  });
});
