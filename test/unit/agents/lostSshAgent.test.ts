import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lostSshAgent } from '../../../src/agents/lostSshAgent.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'kandev-agent-'));
const socket = path.join(folder, 'agent.sock');
const inside = '/run/kandev/ssh-agent';
const environment = ['HOME=/home/agent', `SSH_AUTH_SOCK=${inside}/agent.sock`];
const aroundIt = [{ Source: folder, Destination: inside }];
const alone = [{ Source: socket, Destination: `${inside}/agent.sock` }];

let server: Server | null = null;

/** Says that it holds no keys, as an agent does that nobody has given any. */
async function listen(): Promise<void> {
  server = createServer((connection) => {
    connection.on('data', () => connection.write(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0])));
    connection.on('error', () => undefined);
  }).listen(socket);
  await once(server, 'listening');
}

async function end(): Promise<void> {
  if (server) {
    server.close();
    await once(server, 'close');
  }
  server = null;
  await rm(socket, { force: true });
}

afterEach(end);

describe('the ssh-agent of a container that is taken over', () => {
  it('is not missed where none was given', async () => {
    expect(await lostSshAgent({ mounts: [], environment: ['HOME=/x'], createdAt: 0 })).toBeNull();
  });

  it('is fine as long as it answers', async () => {
    await listen();
    const createdAt = Date.now() + 1;
    expect(await lostSshAgent({ mounts: aroundIt, environment, createdAt })).toBeNull();
    expect(await lostSshAgent({ mounts: alone, environment, createdAt })).toBeNull();
  });

  it('is told of when it has ended', async () => {
    for (const mounts of [aroundIt, alone]) {
      expect(await lostSshAgent({ mounts, environment, createdAt: Date.now() })).toContain(
        'ssh-agent has ended',
      );
    }
  });

  it('is found again in a folder of its own, and is another one where it was mounted alone', async () => {
    const createdAt = Date.now() - 60_000;
    await listen();
    expect(await lostSshAgent({ mounts: aroundIt, environment, createdAt })).toBeNull();
    expect(await lostSshAgent({ mounts: alone, environment, createdAt })).toContain('ssh-agent has ended');
  });
});
