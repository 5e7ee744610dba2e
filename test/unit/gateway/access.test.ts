import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RateLimit } from '../../../src/gateway/rateLimit.ts';
import { TokenDesk } from '../../../src/gateway/tokenDesk.ts';
import { rawStatus, startGateway, type TestGateway } from '../../harness/gateway.ts';

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway();
});

afterEach(async () => {
  Object.assign(test.settings, { enabled: false, port: 0, allowedOrigins: [], requestsPerMinute: 1_000_000 });
  await test.gateway.stop();
  await test.gateway.start();
});

afterAll(async () => {
  await test.close();
});

const tasks = '/api/v1/tasks';
const port = (): number => test.gateway.status.port ?? 0;

describe('the gateway', () => {
  it('says where it is, in a file that nobody else can read, for as long as it runs', async () => {
    const file = join(test.folder, 'address.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      url: test.url,
      port: port(),
      pid: process.pid,
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(test.services.events.at(-1)).toMatchObject({
      type: 'gateway.changed',
      data: { status: { url: test.url } },
    });
    await test.gateway.stop();
    await expect(stat(file)).rejects.toThrow('ENOENT');
    await expect(fetch(test.url)).rejects.toThrow();
    expect(test.gateway.status).toEqual({ url: null, port: null });
  });

  it('is reached from this machine alone', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of others) await expect(fetch(`http://${address}:${port()}`)).rejects.toThrow();
    const { status } = await test.ask('GET', tasks);
    expect(status).toBe(200);
  });

  it('takes the port that is set, and says so when another program has it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    test.settings.port = (other.address() as AddressInfo).port;
    await expect(test.gateway.reconfigure()).rejects.toMatchObject({
      failure: { reason: 'port-in-use', action: { kind: 'openSetting', setting: 'kandev.gateway.port' } },
    });
    await new Promise((resolve) => other.close(resolve));
    expect((await test.gateway.start()).port).toBe(test.settings.port);
  });

  it('begins with the board where a setting says so, and where it has run in the window before', async () => {
    const off = test.another();
    await off.begin();
    expect(off.status.url).toBeNull();
    const { status } = test.gateway;
    await test.gateway.close();
    const next = test.another(status);
    await next.begin();
    expect(next.status).toEqual(status);
    await next.close();
    test.settings.enabled = true;
    const enabled = test.another();
    await enabled.begin();
    expect(enabled.status.url).not.toBeNull();
  });

  it('goes on when a setting turns off what was started by hand, and ends with what the setting has started', async () => {
    expect((await test.gateway.reconfigure()).url).not.toBeNull();
    test.settings.enabled = true;
    const enabled = test.another();
    await enabled.begin();
    test.settings.enabled = false;
    expect((await enabled.reconfigure()).url).toBeNull();
  });
});

describe('a request', () => {
  it('needs a token', async () => {
    for (const token of [null, 'x', 'a.b.c', `${test.token}x`, test.token.slice(0, -3)]) {
      const { status, reason, headers } = await test.problem('GET', tasks, { token });
      expect({ status, reason }).toEqual({ status: 401, reason: 'not-authenticated' });
      expect(headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  it('takes no token that is signed otherwise, is for another folder, or has expired', async () => {
    const key = Buffer.from([...test.secrets.values()][0] ?? '', 'base64url');
    const id = (await test.gateway.tokens())[0]?.id ?? '';
    const sign = (signer: Uint8Array, audience: string, seconds: number): Promise<string> =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer('kandev')
        .setAudience(audience)
        .setJti(id)
        .setExpirationTime(new Date(Date.now() + seconds * 1000))
        .sign(signer);
    const statusOf = async (token: string) => (await test.ask('GET', tasks, { token })).status;
    expect(await statusOf(await sign(key, 'test', 60))).toBe(200);
    expect(await statusOf(await sign(Buffer.alloc(32), 'test', 60))).toBe(401);
    expect(await statusOf(await sign(key, 'another', 60))).toBe(401);
    expect(await statusOf(await sign(key, 'test', -60))).toBe(401);
    const [, payload] = test.token.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await statusOf(`${none}.${payload ?? ''}.`)).toBe(401);
  });

  it('is refused as soon as its token is revoked', async () => {
    const token = await test.tokenFor('read');
    expect((await test.ask('GET', tasks, { token })).status).toBe(200);
    const [newest] = await test.gateway.tokens();
    await test.gateway.revoke([newest?.id ?? '']);
    expect((await test.ask('GET', tasks, { token })).status).toBe(401);
    expect((await test.ask('GET', tasks)).status).toBe(200);
  });

  it('is let do what the scopes of its token say', async () => {
    const token = await test.tokenFor('read');
    const { status, reason, detail } = await test.problem('POST', tasks, { token, body: { title: 'No' } });
    expect({ status, reason }).toEqual({ status: 403, reason: 'scope-missing' });
    expect(detail).toContain('write');
    const writer = await test.tokenFor('write');
    expect((await test.problem('GET', tasks, { token: writer })).reason).toBe('scope-missing');
    const queued = { title: 'Would be started', agentTypeId: 'demo', state: 'TODO' };
    expect((await test.problem('POST', tasks, { token: writer, body: queued })).reason).toBe('scope-missing');
  });

  it('has our own name as its host, so that no page has it sent by another name of this machine', async () => {
    const authorization = `Bearer ${test.token}`;
    const ask = (host: string) => rawStatus(port(), { host, authorization }, tasks);
    expect(await ask(`localhost:${port()}`)).toBe(200);
    expect(await ask(`127.0.0.1:${port()}`)).toBe(200);
    expect(await ask(`evil.example:${port()}`)).toBe(403);
    expect(await ask('127.0.0.1')).toBe(403);
  });

  it('is refused to web pages, unless the user has named them', async () => {
    const headers = { origin: 'http://localhost:3000' };
    expect((await test.problem('GET', tasks, { headers })).reason).toBe('origin-not-allowed');
    test.settings.allowedOrigins = [headers.origin];
    await test.gateway.reconfigure();
    const allowed = await test.ask('GET', tasks, { headers });
    expect(allowed.headers.get('access-control-allow-origin')).toBe(headers.origin);
    const preflight = await fetch(`${test.gateway.status.url ?? ''}${tasks}`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'PATCH' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect((await test.problem('GET', tasks, { headers: { origin: 'null' } })).status).toBe(403);
  });

  it('has a limit for each token, and is told when to come again', async () => {
    test.settings.requestsPerMinute = 12;
    await test.gateway.reconfigure();
    const statuses = [];
    for (let count = 0; count < 3; count++) statuses.push((await test.ask('GET', tasks)).status);
    expect(statuses).toEqual([200, 200, 429]);
    const { headers, reason } = await test.problem('GET', tasks);
    expect(reason).toBe('too-many-requests');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await test.ask('GET', tasks, { token: await test.tokenFor('read') })).status).toBe(200);
  });

  it('has a body of a certain size, kind and form', async () => {
    const large = JSON.stringify({ title: 'x', description: 'x'.repeat(3_000_000) });
    expect((await test.problem('POST', tasks, { body: large })).reason).toBe('body-too-large');
    expect((await test.problem('POST', tasks, { body: '{"title"' })).reason).toBe('invalid-input');
    const text = { body: 'x', headers: { 'content-type': 'text/plain' } };
    expect((await test.problem('POST', tasks, text)).reason).toBe('media-type');
    const wrong = await test.problem('POST', tasks, { body: { title: ' ', priority: 'none', colour: 1 } });
    expect(wrong.status).toBe(400);
    expect(wrong.errors?.map(({ field }) => field).sort()).toEqual([
      'body.colour',
      'body.priority',
      'body.title',
    ]);
  });

  it('for what is not there says so', async () => {
    expect((await test.problem('GET', '/nothing')).reason).toBe('no-such-address');
    const refused = await test.problem('DELETE', tasks);
    expect(refused.reason).toBe('method-not-allowed');
    expect(refused.headers.get('allow')).toBe('GET, POST');
    expect((await test.problem('GET', `${tasks}/none`)).reason).toBe('not-found');
  });
});

describe('a token', () => {
  it('stands nowhere but with whom it was given to', async () => {
    await test.ask('POST', tasks, { body: { title: 'A card' } });
    await test.problem('GET', `${tasks}/none`);
    for (const name of await readdir(test.folder)) {
      expect(await readFile(join(test.folder, name), 'utf8')).not.toContain(test.token.split('.')[2]);
    }
    const told = JSON.stringify([test.services.events, test.services.log.lines, test.problems]);
    expect(told).not.toContain(test.token.split('.')[2]);
    expect((await stat(join(test.folder, 'tokens.json'))).mode & 0o777).toBe(0o600);
  });

  it('is good in the window that leads next', async () => {
    const next = test.another(test.gateway.status);
    await test.gateway.close();
    await next.begin();
    const response = await fetch(`${next.status.url ?? ''}${tasks}`, {
      headers: { authorization: `Bearer ${test.token}` },
    });
    expect(response.status).toBe(200);
  });

  it('is named in the history of the cards that it has changed', async () => {
    const { body } = await test.ask<{ id: string; createdBy: string }>('POST', tasks, {
      body: { title: 'A card' },
    });
    expect(body.createdBy).toBe('ann (read+write+run+approve)');
  });

  it('is lost with a list that is damaged, and others can be made', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kandev-tokens-'));
    const secrets = new Map<string, string>();
    const desk = (): TokenDesk =>
      new TokenDesk({
        secrets: {
          get: (name) => Promise.resolve(secrets.get(name)),
          store: (name, value) => Promise.resolve(void secrets.set(name, value)),
        },
        workspace: 'test',
        file: join(folder, 'none', 'tokens.json'),
      });
    const { token } = await desk().create({ name: 'a', scopes: ['read'], days: 1 });
    expect(await desk().check(token)).toMatchObject({ name: 'a' });
    await rm(join(folder, 'none'), { recursive: true });
    expect(await desk().check(token)).toBeNull();
    await rm(folder, { recursive: true, force: true });
  });
});

describe('the limit', () => {
  it('fills evenly, up to what may come at once', () => {
    let now = 0;
    const limit = new RateLimit(60, () => now);
    const takeAll = (): number => {
      let taken = 0;
      while (limit.take('a') === null) taken++;
      return taken;
    };
    expect(takeAll()).toBe(10);
    expect(limit.take('a')).toBe(1);
    expect(limit.take('b')).toBeNull();
    now += 3000;
    expect(takeAll()).toBe(3);
    now += 3_600_000;
    expect(takeAll()).toBe(10);
  });
});
