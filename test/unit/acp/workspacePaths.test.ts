import { mkdir, mkdtemp, realpath, rm, symlink, writeFile, lstat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkspacePaths } from '../../../src/acp/workspacePaths.ts';
import type { LinkReader } from '../../../src/acp/workspacePaths.ts';

let base: string;
let folder: string;
let paths: WorkspacePaths;

beforeEach(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'kandev-acp-')));
  folder = path.join(base, 'project');
  await mkdir(path.join(folder, 'src', 'deep'), { recursive: true });
  await mkdir(path.join(folder, '.git'));
  await mkdir(path.join(base, 'outside'));
  await writeFile(path.join(folder, 'src', 'a.txt'), 'a');
  await writeFile(path.join(base, 'outside', 'secret'), 'secret');
  paths = pathsOf([{ agentPath: '/workspace', hostPath: folder }]);
});

afterEach(() => rm(base, { recursive: true, force: true }));

function pathsOf(folders: { agentPath: string; hostPath: string }[]): WorkspacePaths {
  return new WorkspacePaths(folders, { realpath, lstat });
}

const refused = { name: 'RefusedError', code: -32602 };

describe('case 42: from the agent’s path to this machine’s', () => {
  test.each([
    ['/workspace/src/a.txt', 'src/a.txt'],
    ['/workspace', ''],
    ['/workspace/', ''],
    ['/workspace//src/./deep/../a.txt', 'src/a.txt'],
    ['src/a.txt', 'src/a.txt'],
    ['/workspace/new/folder/b.txt', 'new/folder/b.txt'],
    ['/workspace/src/a.txt/under-a-file', 'src/a.txt/under-a-file'],
    ['/workspace/..name/...', '..name/...'],
    ['/workspace/back\\slash:colon', 'back\\slash:colon'],
  ])('%s is %s', async (agentPath, expected) => {
    expect(await paths.toHost(agentPath, 'write')).toBe(path.join(folder, expected));
  });

  test.each([
    '/workspace/../outside/secret',
    '/workspace/src/../../outside/secret',
    '/workspacex/a',
    '/etc/passwd',
    '/',
    '../outside/secret',
    '',
    '/workspace/nul\0byte',
  ])('%j is refused, or is the folder itself', async (agentPath) => {
    if (agentPath === '') {
      expect(await paths.toHost(agentPath, 'read')).toBe(folder);
      return;
    }
    await expect(paths.toHost(agentPath, 'read')).rejects.toMatchObject(refused);
  });

  test.each([
    ['a file outside', () => path.join(base, 'outside', 'secret'), ''],
    ['a folder outside', () => path.join(base, 'outside'), '/secret'],
    ['a folder outside, for a new file', () => path.join(base, 'outside'), '/new/file'],
    ['by way of ..', () => path.join('..', 'outside'), '/secret'],
    ['the root', () => '/', '/etc/passwd'],
    ['nothing, outside', () => path.join(base, 'outside', 'not-yet'), ''],
    ['nothing, inside', () => path.join(base, 'project', 'not-yet'), ''],
    ['itself', () => 'link', ''],
  ])('a link to %s is refused', async (_, target, rest) => {
    await symlink(target(), path.join(folder, 'link'));
    await expect(paths.toHost(`/workspace/link${rest}`, 'read')).rejects.toMatchObject(refused);
    await expect(paths.toHost(`/workspace/link${rest}`, 'write')).rejects.toMatchObject(refused);
  });

  test('a link of links is followed to its end', async () => {
    await symlink('second', path.join(folder, 'first'));
    await symlink('src', path.join(folder, 'second'));
    expect(await paths.toHost('/workspace/first/a.txt', 'read')).toBe(path.join(folder, 'src', 'a.txt'));
    await symlink(path.join(base, 'outside'), path.join(folder, 'src', 'out'));
    await expect(paths.toHost('/workspace/first/out/secret', 'read')).rejects.toMatchObject(refused);
  });

  test('a workspace that was opened by a link keeps the name it was opened by', async () => {
    const link = path.join(base, 'opened');
    await symlink(folder, link);
    const opened = pathsOf([{ agentPath: '/workspace', hostPath: link }]);
    expect(await opened.toHost('/workspace/src/a.txt', 'read')).toBe(path.join(link, 'src', 'a.txt'));
    await symlink(path.join(base, 'outside'), path.join(folder, 'out'));
    await expect(opened.toHost('/workspace/out/secret', 'read')).rejects.toMatchObject(refused);
  });

  test('a link from one folder of the workspace to another stays inside', async () => {
    const second = path.join(base, 'outside');
    await symlink(second, path.join(folder, 'second'));
    const both = pathsOf([
      { agentPath: '/workspace', hostPath: folder },
      { agentPath: '/more', hostPath: second },
    ]);
    expect(await both.toHost('/workspace/second/secret', 'read')).toBe(path.join(second, 'secret'));
    expect(await both.toHost('/more/secret', 'read')).toBe(path.join(second, 'secret'));
  });

  test('the innermost of the agent’s folders counts, and one that is gone is no hindrance', async () => {
    const nested = pathsOf([
      { agentPath: '/workspace', hostPath: folder },
      { agentPath: '/workspace/vendor', hostPath: path.join(base, 'outside') },
      { agentPath: '/gone', hostPath: path.join(base, 'gone') },
    ]);
    expect(await nested.toHost('/workspace/vendor/secret', 'read')).toBe(
      path.join(base, 'outside', 'secret'),
    );
    expect(await nested.toHost('/workspace/src/a.txt', 'read')).toBe(path.join(folder, 'src', 'a.txt'));
    await expect(nested.toHost('/gone/x', 'read')).rejects.toMatchObject(refused);
  });

  test.each([
    '.git/hooks/pre-commit',
    'sub/.git',
    '.GIT/config',
    'GIT~1/config',
    '.git./config',
    '.g\u200cit/config',
  ])('%s may be read and not written', async (name) => {
    await expect(paths.toHost(`/workspace/${name}`, 'write')).rejects.toMatchObject(refused);
    await expect(paths.toHost(`/workspace/${name}`, 'read')).resolves.toBe(path.join(folder, name));
  });

  test('git’s own is not written by way of a link either', async () => {
    await symlink('.git', path.join(folder, 'harmless'));
    await expect(paths.toHost('/workspace/harmless/config', 'write')).rejects.toMatchObject(refused);
    expect(await paths.toHost('/workspace/.gitignore', 'write')).toBe(path.join(folder, '.gitignore'));
  });

  test('what the disk does not tell is refused', async () => {
    const denied: LinkReader = {
      realpath: () => Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' })),
      lstat,
    };
    const blind = new WorkspacePaths([{ agentPath: '/workspace', hostPath: folder }], denied);
    await expect(blind.toHost('/workspace/src/a.txt', 'read')).rejects.toMatchObject(refused);
  });

  test('whatever the path, the answer is in the workspace', async () => {
    await symlink(path.join(base, 'outside'), path.join(folder, 'out'));
    await symlink('..', path.join(folder, 'src', 'up'));
    const segment = fc.constantFrom('..', '.', '', 'src', 'deep', 'a.txt', 'out', 'up', 'new', 'workspace');
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 8 }), fc.boolean(), async (segments, absolute) => {
        const agentPath = `${absolute ? '/workspace/' : ''}${segments.join('/')}`;
        const hostPath = await paths.toHost(agentPath, 'write').catch(() => null);
        if (hostPath === null) return;
        const existing = await realpath(hostPath).catch(() => hostPath);
        expect(existing === folder || existing.startsWith(folder + path.sep)).toBe(true);
      }),
    );
  });
});

describe('case 42: a Windows host', () => {
  const disk: LinkReader = { realpath: (name) => Promise.resolve(name), lstat: () => Promise.resolve({}) };
  const windows = new WorkspacePaths(
    [{ agentPath: '/workspace', hostPath: 'C:\\Users\\Ann\\project' }],
    disk,
    path.win32,
  );

  test('slashes become backslashes', async () => {
    expect(await windows.toHost('/workspace/src/a.txt', 'write')).toBe('C:\\Users\\Ann\\project\\src\\a.txt');
    expect(windows.toAgent('c:\\users\\ann\\project\\src\\a.txt')).toBe('/workspace/src/a.txt');
    expect(windows.toAgent('D:\\x')).toBeNull();
  });

  test.each(['..\\..\\secret', 'src\\..\\..\\..\\x', 'C:\\Windows', 'file:stream'])(
    '%j is refused',
    async (name) => {
      await expect(windows.toHost(`/workspace/${name}`, 'read')).rejects.toMatchObject(refused);
    },
  );

  test('a drive that is gone is refused', async () => {
    const missing = () => Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' }));
    const gone = new WorkspacePaths(
      [{ agentPath: '/workspace', hostPath: 'Z:\\project' }],
      { realpath: missing, lstat: missing },
      path.win32,
    );
    await expect(gone.toHost('/workspace/a', 'read')).rejects.toMatchObject(refused);
  });
});

test('from this machine’s path to the agent’s', () => {
  expect(paths.toAgent(path.join(folder, 'src', 'a.txt'))).toBe('/workspace/src/a.txt');
  expect(paths.toAgent(folder)).toBe('/workspace');
  expect(paths.toAgent(path.join(base, 'outside', 'secret'))).toBeNull();
  expect(paths.toAgent(`${folder}-2`)).toBeNull();
});
