import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import type { Kandev } from '../api/contract.ts';
import type { GatewayBoard } from '../api/gatewayContract.ts';
import { UserError } from '../model/failure.ts';
import type { GatewaySettings } from '../model/gateway.ts';
import { AnswerCache } from './answerCache.ts';
import { gatewayApp } from './app.ts';
import { Guard } from './guard.ts';
import { Idempotency } from './idempotency.ts';
import { RateLimit } from './rateLimit.ts';
import { StreamServer } from './streams/streamServer.ts';
import type { Caller, TokenDesk } from './tokenDesk.ts';

export interface GatewayOptions {
  board: Pick<GatewayBoard, 'subscribe' | 'kandevFor'>;
  tokens: TokenDesk;
  settings: GatewaySettings;
  /** Where programs of the same user find the address. */
  addressFile: string;
  onProblem: (text: string) => void;
}

export interface OpenGateway {
  url: string;
  port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

const address = '127.0.0.1';
const closeWithinMs = 1000;
const mostConnections = 1024;

/** Begins to listen, on this machine only. @throws UserError `port-in-use` */
export async function openGateway(options: GatewayOptions): Promise<OpenGateway> {
  const { board, tokens, settings, addressFile, onProblem } = options;
  const hosts = new Set<string>();
  const limit = new RateLimit(settings.requestsPerMinute);
  const guard = new Guard({ tokens, limit, allowedOrigins: settings.allowedOrigins, hosts: () => hosts });
  const cache = new AnswerCache(board);
  const kandevs = remembered(board);
  const services = { kandevFor: kandevs, cache, idempotency: new Idempotency(), onProblem };
  const app = gatewayApp(guard, services);
  // Other extensions share this process: its globals stay as they are.
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  server.maxConnections = mostConnections;
  // The 5 s of Node are so short that busy programs often send into a connection that is just being closed.
  server.keepAliveTimeout = 65_000;
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  const streams = new StreamServer(server, { guard, events: board, kandevFor: kandevs, onProblem });
  const port = await listen(server, settings.port);
  for (const name of [address, 'localhost', '[::1]']) hosts.add(`${name}:${port}`);
  const url = `http://${address}:${port}`;
  try {
    await writeAddress(addressFile, { url, port, pid: process.pid });
  } catch (error) {
    await close(server);
    throw error;
  }
  return {
    url,
    port,
    close: async () => {
      cache.dispose();
      streams.close();
      await rm(addressFile, { force: true });
      await close(server);
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen({ port, host: address });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    throw new UserError(
      {
        reason: 'port-in-use',
        message:
          code === 'EACCES'
            ? `The API gateway may not listen on port ${port}. Choose one above 1023, or 0 for any that is free.`
            : `The API gateway cannot listen on port ${port}: another program does. Choose another one, or 0 for any that is free.`,
        action: { kind: 'openSetting', setting: 'kandev.gateway.port' },
      },
      { cause: error },
    );
  }
  return (server.address() as AddressInfo).port;
}

/** Written as a whole, and for nobody else to read. */
async function writeAddress(file: string, content: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(unfinished, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  await rename(unfinished, file);
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // What is being answered is answered, within reason.
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, closeWithinMs);
  await closed;
  clearTimeout(timer);
}

/** One for each token, as long as the gateway runs. */
function remembered({ kandevFor }: Pick<GatewayBoard, 'kandevFor'>): (caller: Caller) => Kandev {
  const known = new Map<string, Kandev>();
  return ({ name }) => {
    const kandev = known.get(name) ?? kandevFor(name);
    known.set(name, kandev);
    return kandev;
  };
}
