import { describe, expect, it } from 'vitest';
import { SecretEnvironment } from '../../../src/providers/secretEnvironment.ts';

/** As VS Code's, in memory. */
function secretStorage() {
  const kept = new Map<string, string>();
  return {
    kept,
    get: (key: string) => Promise.resolve(kept.get(key)),
    store: (key: string, value: string) => Promise.resolve(void kept.set(key, value)),
    delete: (key: string) => Promise.resolve(void kept.delete(key)),
  };
}

function fail(problem: string): never {
  throw new Error(problem);
}

describe('SecretEnvironment', () => {
  it('gives what was entered before what the host has and was agreed to, and nothing that was not asked for', async () => {
    const secrets = secretStorage();
    const environment = new SecretEnvironment(
      secrets,
      { A: 'host a', B: 'host b', E: 'host e', PATH: '/bin' },
      fail,
    );
    await environment.keep('A', 'kept a');
    await environment.keep('C', 'kept c');
    const agreed = new Set(['A', 'B', 'PATH']);
    const expected = { A: 'kept a', B: 'host b', C: 'kept c' };
    expect(await environment.values(['A', 'B', 'C', 'D', 'E'], agreed)).toEqual(expected);
    expect(await environment.fromHost(['A', 'B', 'C', 'D', 'E'])).toEqual(['B', 'E']);
    expect([...secrets.kept.keys()]).toEqual(['kandev.environment.A', 'kandev.environment.C']);
  });

  it('knows where a value comes from, and forgets what was entered when told to', async () => {
    const environment = new SecretEnvironment(secretStorage(), { A: 'host a' }, fail);
    expect(await environment.sourceOf('A')).toBe('host');
    await environment.keep('A', 'kept a');
    expect(await environment.sourceOf('A')).toBe('kept');
    await environment.remove('A');
    expect(await environment.values(['A'], new Set(['A']))).toEqual({ A: 'host a' });
    expect(await environment.sourceOf('B')).toBe('none');
  });

  it('has the host’s values also when the storage cannot be read, and says so', async () => {
    const problems: string[] = [];
    const broken = { ...secretStorage(), get: () => Promise.reject(new Error('the keyring is locked')) };
    const environment = new SecretEnvironment(broken, { A: 'host a' }, (text) => problems.push(text));
    expect(await environment.values(['A'], new Set(['A']))).toEqual({ A: 'host a' });
    expect(problems).toEqual([expect.stringMatching(/ A: .*keyring is locked/)]);
  });
});
