import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { listEngines, resolveEndpoint, type EndpointSources } from '../../../src/agents/endpoint.ts';

interface Machine extends Partial<Omit<EndpointSources, 'readText' | 'exists' | 'list'>> {
  /** Files by their path; sockets have no text. */
  files?: Readonly<Record<string, string>>;
}

function machine({ files = {}, ...rest }: Machine): EndpointSources {
  return {
    setting: null,
    environment: {},
    platform: 'linux',
    homeFolder: '/home/me',
    readText: (file) => Promise.resolve(files[file] ?? null),
    exists: (file) => Promise.resolve(file in files),
    list: (folder) => {
      const below = Object.keys(files).filter((file) => file.startsWith(`${folder}/`));
      return Promise.resolve([
        ...new Set(below.map((file) => file.slice(folder.length + 1).split('/')[0] ?? '')),
      ]);
    },
    ...rest,
  };
}

function contextFile(name: string, host: string, folder = '/home/me/.docker'): Record<string, string> {
  const id = createHash('sha256').update(name).digest('hex');
  return {
    [`${folder}/contexts/meta/${id}/meta.json`]: JSON.stringify({
      Name: name,
      Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
    }),
  };
}

const desktop = contextFile('desktop-linux', 'unix:///home/me/.docker/desktop/docker.sock');
const usesDesktop = { '/home/me/.docker/config.json': '{"auths":{},"currentContext":"desktop-linux"}' };
const usual = { '/var/run/docker.sock': '' };

describe('which engine', () => {
  const cases: [what: string, given: Machine, endpoint: string, chosenBy: string][] = [
    [
      'the setting comes before everything',
      {
        setting: 'tcp://10.0.0.1:2375',
        environment: { DOCKER_HOST: 'unix:///other.sock', DOCKER_CONTEXT: 'desktop-linux' },
        files: { ...desktop, ...usesDesktop, ...usual },
      },
      'tcp://10.0.0.1:2375',
      'setting kandev.docker.host',
    ],
    [
      'DOCKER_HOST before the contexts',
      {
        environment: { DOCKER_HOST: 'unix:///other.sock', DOCKER_CONTEXT: 'desktop-linux' },
        files: { ...desktop, ...usual },
      },
      'unix:///other.sock',
      'DOCKER_HOST',
    ],
    [
      'DOCKER_HOST says which context it overrides',
      {
        environment: { DOCKER_HOST: 'unix:///other.sock' },
        files: { ...desktop, ...usesDesktop },
      },
      'unix:///other.sock',
      'DOCKER_HOST, which overrides context desktop-linux',
    ],
    [
      'DOCKER_CONTEXT before the current context',
      {
        environment: { DOCKER_CONTEXT: 'build' },
        files: { ...desktop, ...usesDesktop, ...contextFile('build', 'tcp://build:2375') },
      },
      'tcp://build:2375',
      'context build (DOCKER_CONTEXT)',
    ],
    [
      'DOCKER_CONTEXT=default is the socket, whatever context is current',
      { environment: { DOCKER_CONTEXT: 'default' }, files: { ...desktop, ...usesDesktop, ...usual } },
      'unix:///var/run/docker.sock',
      "Docker's usual socket",
    ],
    [
      'the current context before the sockets',
      { files: { ...desktop, ...usesDesktop, ...usual } },
      'unix:///home/me/.docker/desktop/docker.sock',
      'context desktop-linux',
    ],
    [
      'the context named default is the socket',
      { files: { '/home/me/.docker/config.json': '{"currentContext":"default"}', ...usual } },
      'unix:///var/run/docker.sock',
      "Docker's usual socket",
    ],
    [
      'DOCKER_CONFIG is where contexts are',
      {
        environment: { DOCKER_CONFIG: '/etc/mine' },
        files: {
          '/etc/mine/config.json': '{"currentContext":"x"}',
          ...contextFile('x', 'unix:///x.sock', '/etc/mine'),
        },
      },
      'unix:///x.sock',
      'context x',
    ],
    [
      'a config that is no JSON has no context',
      { files: { '/home/me/.docker/config.json': '{', ...usual } },
      'unix:///var/run/docker.sock',
      "Docker's usual socket",
    ],
    [
      'the usual socket before Docker Desktop',
      { files: { ...usual, '/home/me/.docker/run/docker.sock': '' } },
      'unix:///var/run/docker.sock',
      "Docker's usual socket",
    ],
    [
      "Docker Desktop's first socket before its second",
      { files: { '/home/me/.docker/run/docker.sock': '', '/home/me/.docker/desktop/docker.sock': '' } },
      'unix:///home/me/.docker/run/docker.sock',
      "Docker Desktop's socket",
    ],
    [
      'Docker Desktop before rootless Docker',
      {
        environment: { XDG_RUNTIME_DIR: '/run/user/1000' },
        files: { '/home/me/.docker/desktop/docker.sock': '', '/run/user/1000/docker.sock': '' },
      },
      'unix:///home/me/.docker/desktop/docker.sock',
      "Docker Desktop's socket",
    ],
    [
      'rootless Docker before Podman',
      {
        environment: { XDG_RUNTIME_DIR: '/run/user/1000' },
        files: { '/run/user/1000/docker.sock': '', '/run/user/1000/podman/podman.sock': '' },
      },
      'unix:///run/user/1000/docker.sock',
      "rootless Docker's socket",
    ],
    [
      "the user's Podman before the machine's",
      {
        environment: { XDG_RUNTIME_DIR: '/run/user/1000' },
        files: { '/run/user/1000/podman/podman.sock': '', '/run/podman/podman.sock': '' },
      },
      'unix:///run/user/1000/podman/podman.sock',
      "rootless Podman's socket",
    ],
    [
      "the machine's Podman when nothing else is there",
      { files: { '/run/podman/podman.sock': '' } },
      'unix:///run/podman/podman.sock',
      "Podman's socket",
    ],
    ['the usual socket when nothing is there', {}, 'unix:///var/run/docker.sock', "Docker's usual socket"],
    ['the pipe on Windows', { platform: 'win32' }, 'npipe:////./pipe/docker_engine', "Docker's usual pipe"],
    [
      "Podman's pipe on Windows when only that is there",
      { platform: 'win32', files: { '//./pipe/podman-machine-default': '' } },
      'npipe:////./pipe/podman-machine-default',
      "Podman's pipe",
    ],
  ];

  it.each(cases)('%s', async (_what, given, endpoint, chosenBy) => {
    expect(await resolveEndpoint(machine(given))).toMatchObject({ endpoint, chosenBy });
  });
});

describe('what an address means', () => {
  const tls = { folder: '/certs' };
  const cases: [
    address: string,
    environment: Record<string, string>,
    connection: object,
    endpoint?: string,
  ][] = [
    ['unix:///a b.sock', {}, { kind: 'socket', path: '/a b.sock' }],
    ['/a.sock', {}, { kind: 'socket', path: '/a.sock' }, 'unix:///a.sock'],
    ['npipe:////./pipe/x', {}, { kind: 'socket', path: '//./pipe/x' }],
    ['tcp://h:1234', {}, { kind: 'tcp', host: 'h', port: 1234, tls: null }],
    ['h:1234', {}, { kind: 'tcp', host: 'h', port: 1234, tls: null }, 'tcp://h:1234'],
    ['tcp://h', {}, { kind: 'tcp', host: 'h', port: 2375, tls: null }, 'tcp://h:2375'],
    ['tcp://[::1]:1', {}, { kind: 'tcp', host: '::1', port: 1, tls: null }],
    ['tcp://h', { DOCKER_CERT_PATH: '/certs' }, { kind: 'tcp', host: 'h', port: 2376, tls }, 'tcp://h:2376'],
    [
      'tcp://h:9',
      { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' },
      { kind: 'tcp', host: 'h', port: 9, tls },
    ],
    [
      'tcp://h:9',
      { DOCKER_TLS_VERIFY: '1' },
      { kind: 'tcp', host: 'h', port: 9, tls: { folder: '/home/me/.docker' } },
    ],
  ];

  it.each(cases)('%s with %j', async (address, environment, connection, endpoint = address) => {
    const found = await resolveEndpoint(machine({ setting: address, environment }));
    expect(found).toMatchObject({ endpoint, connection });
  });

  it('takes the certificates of a context from its own folder', async () => {
    const id = createHash('sha256').update('remote').digest('hex');
    const folder = `/home/me/.docker/contexts/tls/${id}/docker`;
    const given = machine({
      environment: { DOCKER_CONTEXT: 'remote', DOCKER_CERT_PATH: '/not/these' },
      files: { ...contextFile('remote', 'tcp://far:2376'), [`${folder}/ca.pem`]: '' },
    });
    expect((await resolveEndpoint(given)).connection).toMatchObject({ tls: { folder } });
  });
});

describe('what cannot be used', () => {
  const cases: [what: string, given: Machine, message: RegExp][] = [
    ['an option of ssh', { setting: 'ssh://-oProxyCommand=x' }, /is not an address of a Docker engine/],
    [
      'a context that is not there',
      { setting: 'context:none' },
      /The Docker context "none", setting kandev.docker.host does not exist/,
    ],
    [
      'an unknown scheme',
      { environment: { DOCKER_HOST: 'fd://3' } },
      /"fd:\/\/3" \(from DOCKER_HOST\) is not an/,
    ],
    ['no path', { setting: 'unix://' }, /is not an address/],
    ['no host', { setting: 'tcp://' }, /is not an address/],
    ['a port that is none', { setting: 'tcp://h:notaport' }, /is not an address/],
    [
      'a context that is not there',
      { environment: { DOCKER_CONTEXT: 'gone' } },
      /"gone" \(DOCKER_CONTEXT\) does not exist/,
    ],
  ];

  it.each(cases)('%s', async (_what, given, message) => {
    await expect(resolveEndpoint(machine(given))).rejects.toMatchObject({
      message: expect.stringMatching(message) as string,
      failure: { reason: 'invalid-input', action: { kind: 'openSetting', setting: 'kandev.docker.host' } },
    });
  });
});

describe('an engine on another machine', () => {
  it('is reached through the docker command', async () => {
    expect(await resolveEndpoint(machine({ setting: 'ssh://me@far:2222' }))).toEqual({
      endpoint: 'ssh://me@far:2222',
      chosenBy: 'setting kandev.docker.host',
      connection: { kind: 'ssh', host: 'ssh://me@far:2222' },
    });
  });

  it('may be named by its context in the setting', async () => {
    const files = contextFile('far', 'tcp://far:2375');
    expect(await resolveEndpoint(machine({ setting: 'context:far', files }))).toMatchObject({
      endpoint: 'tcp://far:2375',
      chosenBy: 'context far, setting kandev.docker.host',
    });
  });
});

describe('listEngines', () => {
  it('has what is chosen without the setting, the contexts and the sockets', async () => {
    const files = { ...contextFile('far', 'ssh://far'), '/var/run/docker.sock': '' };
    const found = await listEngines(machine({ files, setting: 'tcp://elsewhere:1' }));
    expect(found.map(({ setting, endpoint }) => [setting, endpoint.endpoint])).toEqual([
      [null, 'unix:///var/run/docker.sock'],
      ['context:far', 'ssh://far'],
      ['unix:///var/run/docker.sock', 'unix:///var/run/docker.sock'],
    ]);
  });
});
