import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Engine } from '../../src/agents/engine.ts';
import { engineAt } from '../harness/images.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import { testEngine, testManager } from './agents.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Listens on a socket of its own, and returns its address. */
async function listening(server: Server): Promise<string> {
  const socket = path.join(await makeFolder('engine'), 'docker.sock');
  servers.push(server);
  await once(server.listen(socket), 'listening');
  return `unix://${socket}`;
}

describe('the state of the engine', () => {
  it('is told of one that answers', async () => {
    const { failure, engine, endpoint, chosenBy } = await (await testManager()).checkEngine();
    expect(failure).toBeNull();
    expect(engine).toMatchObject({
      cpus: expect.any(Number) as number,
      version: expect.stringMatching(/^\d/) as string,
    });
    expect([endpoint, chosenBy]).toEqual([dockerHost(), 'setting kandev.docker.host']);
  });

  it('is told of one that is not there', async () => {
    const host = `unix://${path.join(await makeFolder('none'), 'docker.sock')}`;
    expect(await (await testManager({ host })).checkEngine()).toMatchObject({
      endpoint: host,
      engine: null,
      failure: {
        reason: 'engine-not-running',
        message: expect.stringContaining(
          `not installed or not running: nothing answers at ${host}`,
        ) as string,
      },
    });
  });

  it('is told of one that has left its socket behind', async () => {
    const server = createServer();
    const host = await listening(server);
    // Node removes the file with the server; so a file that is none takes its place.
    server.close();
    await once(server, 'close');
    expect((await (await testManager({ host })).checkEngine()).failure?.reason).toBe('engine-not-running');
  });

  it('is told of one that accepts and says nothing', async () => {
    const host = await listening(createServer((socket) => socket.on('error', () => undefined)));
    const { failure } = await (await engineAt(host)).status();
    expect(failure).toMatchObject({
      reason: 'engine-not-answering',
      message: expect.stringContaining(`Docker at ${host} does not answer`) as string,
    });
  });

  it.each([
    [404, 'not here', /is not a Docker engine/],
    [200, '{"hello": "world"}', /is not a Docker engine/],
    [503, '{"message": "Docker Desktop is starting"}', /is not ready: Docker Desktop is starting/],
  ])('is told of a server that answers %d %s', async (status, body, message) => {
    const host = await listening(
      createHttpServer((_request, response) => {
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
      }),
    );
    const { failure } = await (await engineAt(host)).status();
    expect(failure).toMatchObject({
      reason: 'engine-not-answering',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is told of one that does not let the user in', async () => {
    const host = await listening(createServer());
    const socket = host.slice('unix://'.length);
    await chmod(socket, 0o000);
    const { failure } = await asOrdinaryUser(async () => (await engineAt(host)).status());
    expect(failure).toMatchObject({
      reason: 'engine-permission',
      message: expect.stringContaining(`no permission for the Docker socket ${host}`) as string,
    });
  });

  it('is told of a setting that makes no sense', async () => {
    const status = await (await testManager({ host: 'gopher://far' })).checkEngine();
    expect(status).toMatchObject({ engine: null, failure: { reason: 'invalid-input' } });
  });

  it('does not depend on this process’s own DOCKER_HOST', async () => {
    const before = process.env.DOCKER_HOST;
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
    try {
      expect((await new Engine((await testEngine()).endpoint).status()).failure).toBeNull();
      expect(process.env.DOCKER_HOST).toBe('tcp://127.0.0.1:1');
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
    }
  });
});

/** Root may open every socket: so it is another user for the time of the work. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
