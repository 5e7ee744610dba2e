import { describe, expect, it } from 'vitest';
import { parseRemoteUrl } from '../../../src/workspaces/remoteUrl.ts';

describe('the address of a repository', () => {
  it.each([
    ['https://github.com/owner/name.git', 'https://github.com/owner/name.git'],
    [' https://github.com/owner/name ', 'https://github.com/owner/name'],
    ['ssh://git@host:2222/path/x.git', 'ssh://git@host:2222/path/x.git'],
    ['git@github.com:owner/name.git', 'git@github.com:owner/name.git'],
    ['host:path', 'host:path'],
    ['/srv/git/x.git', 'file:///srv/git/x.git'],
    ['/srv/with space/-x', 'file:///srv/with%20space/-x'],
    ['file:///srv/x', 'file:///srv/x'],
    ['http://127.0.0.1:8080/x', 'http://127.0.0.1:8080/x'],
    ['http://localhost/x', 'http://localhost/x'],
    ['http://[::1]:80/x', 'http://[::1]/x'],
  ])('%s is taken', (text, url) => {
    expect(parseRemoteUrl(text)).toMatchObject({ url, credential: null });
  });

  it.each([
    '',
    '-oProxyCommand=touch x',
    '--upload-pack=touch x',
    ' --upload-pack=x',
    'ext::sh -c "touch x"',
    'EXT::sh',
    'fd::3',
    'transport::address',
    'git@host::path',
    'http://example.com/x',
    'http://127.0.0.1.example.com/x',
    'git://example.com/x',
    'ftp://example.com/x',
    'ssh://-oProxyCommand=touch/x',
    'ssh://-oProxyCommand=touch@host/x',
    '-u@host:path',
    '-host:path',
    'https://',
    'relative/path',
    './relative',
    'https://host/a\nb',
    'host:a\u0000b',
  ])('%j is refused', (text) => {
    expect(() => parseRemoteUrl(text)).toThrow('Kandev cannot clone from');
  });

  it('gives up its name and password', () => {
    expect(parseRemoteUrl('https://ada:p%40ss@host/x')).toEqual({
      url: 'https://host/x',
      protocols: ['https', 'ssh'],
      credential: { username: 'ada', password: 'p@ss' },
    });
    expect(parseRemoteUrl('https://token@host/x').credential).toEqual({ username: 'token', password: '' });
    expect(parseRemoteUrl('ssh://git:word@host/x')).toMatchObject({
      url: 'ssh://git@host/x',
      credential: null,
    });
  });

  it('is not shown with a password when it is refused', () => {
    expect(() => parseRemoteUrl('http://ada:word@example.com/x')).toThrow('"http://example.com/x"');
  });
});
