import { describe, expect, it } from 'vitest';
import { registryAuth, registryOf } from '../../../src/agents/registryAuth.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function authFor(
  registry: string | null,
  config: unknown,
  helpers: Readonly<Record<string, string | null>> = {},
): ReturnType<typeof registryAuth> {
  return registryAuth(registry, {
    readConfig: () => Promise.resolve(config === null ? null : JSON.stringify(config)),
    askHelper: (helper, server) => Promise.resolve(helpers[`${helper} ${server}`] ?? null),
  });
}

describe('registryAuth', () => {
  it('is none without a config, and where the user is not signed in', async () => {
    expect(await authFor('ghcr.io', null)).toBeNull();
    expect(await authFor('ghcr.io', { auths: { 'other.io': { auth: base64('a:b') } } })).toBeNull();
    expect(await authFor('ghcr.io', { auths: { 'ghcr.io': {} } })).toBeNull();
  });

  it('has the name and password of the config, with colons in it', async () => {
    const config = { auths: { 'ghcr.io': { auth: base64('ann:p:w\0') } } };
    expect(await authFor('ghcr.io', config)).toEqual({
      username: 'ann',
      password: 'p:w',
      serveraddress: 'ghcr.io',
    });
  });

  it('finds a registry that was signed in to by its address', async () => {
    const config = { auths: { 'https://reg.example:5000/v2/': { auth: base64('ann:x') } } };
    expect(await authFor('reg.example:5000', config)).toMatchObject({ username: 'ann' });
  });

  it('knows Docker Hub by the name that it has there', async () => {
    const config = { auths: { 'https://index.docker.io/v1/': { auth: base64('ann:x') } } };
    expect(await authFor(null, config)).toMatchObject({ serveraddress: 'https://index.docker.io/v1/' });
  });

  it('passes an identity token on instead of a password', async () => {
    const config = { auths: { 'r.io': { auth: base64('ann:'), identitytoken: 'token' } } };
    expect(await authFor('r.io', config)).toEqual({ identitytoken: 'token', serveraddress: 'r.io' });
  });

  it('asks the helper of the registry, else the store, else the config', async () => {
    const config = {
      credHelpers: { 'gcr.io': 'gcloud' },
      credsStore: 'desktop',
      auths: { 'r.io': { auth: base64('config:x') } },
    };
    const helpers = {
      'gcloud gcr.io': JSON.stringify({ Username: '<token>', Secret: 'g' }),
      'desktop ghcr.io': JSON.stringify({ Username: 'ann', Secret: 's' }),
    };
    expect(await authFor('gcr.io', config, helpers)).toEqual({ identitytoken: 'g', serveraddress: 'gcr.io' });
    expect(await authFor('ghcr.io', config, helpers)).toMatchObject({ username: 'ann', password: 's' });
    expect(await authFor('r.io', config, helpers)).toMatchObject({ username: 'config' });
  });
});

describe('registryOf', () => {
  it.each([
    ['node:22', null],
    ['docker.io/library/node', null],
    ['ghcr.io/a/b:1', 'ghcr.io'],
    ['localhost/x', 'localhost'],
    ['127.0.0.1:5000/x', '127.0.0.1:5000'],
  ])('of %s', (image, registry) => {
    expect(registryOf(image)).toBe(registry);
  });
});
