import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LocalKandev } from '../../../src/api/localKandev.ts';
import { Guard } from '../../../src/gateway/guard.ts';
import { RateLimit } from '../../../src/gateway/rateLimit.ts';
import { StreamServer } from '../../../src/gateway/streams/streamServer.ts';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway();
});

afterAll(async () => {
  await test.close();
});

const streamOf = (taskId: string): string => `/api/v1/orchestrator/tasks/${taskId}/stream`;

/** A card with more in its transcript than the connections of an operating system take. */
async function longCard(): Promise<string> {
  const taskId = await test.services.card(['line 10MB', 'burst 300', 'message End']);
  await test.services.kandev.execute('task.start', { taskId });
  await test.services.until(taskId, ({ task }) => task.state === 'REVIEW');
  return taskId;
}

describe('a program that does not read', () => {
  it('is read nothing more for, and has all of it when it does', async () => {
    const taskId = await longCard();
    const query = vi.spyOn(LocalKandev.prototype, 'query');
    const reads = (): number => query.mock.calls.filter(([name]) => name === 'task.entries').length;
    const headers = { authorization: `Bearer ${test.token}` };
    const socket = new WebSocket(`${test.url.replace('http', 'ws')}${streamOf(taskId)}`, { headers });
    const texts = new Map<number, string>();
    const isLive = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as { type: string; entry?: { seq: number; text: string } };
        if (frame.entry) texts.set(frame.entry.seq, frame.entry.text);
        if (frame.type === 'live') resolve();
      });
    });
    await once(socket, 'open');
    socket.pause();
    await expect.poll(reads, { timeout: 10_000, interval: 10 }).toBe(1);
    // Whatever happens meanwhile is read when there is somebody to read it for.
    for (let n = 0; n < 30; n++)
      await test.services.kandev.execute('task.update', { taskId, title: `Title ${n}` });
    expect(reads()).toBe(1);
    socket.resume();
    await isLive;
    const [run] = await test.services.kandev.query('task.runs', { taskId });
    query.mockRestore();
    const entries = await test.services.kandev.query('run.transcript', { runId: run?.id ?? '', limit: 1000 });
    expect(texts.size).toBe(entries.length);
    expect(entries.every(({ seq, text }) => texts.get(seq) === text)).toBe(true);
    socket.terminate();
  });
});

describe('a connection', () => {
  let server: Server;
  let streams: StreamServer;
  let isGood = true;

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const caller = { tokenId: 'a', name: 'a', scopes: new Set(['read'] as const) };
    const guard = new Guard({
      tokens: { check: () => Promise.resolve(isGood ? caller : null) },
      limit: new RateLimit(1_000_000),
      allowedOrigins: [],
      hosts: () => new Set([hostOf()]),
    });
    const { kandev } = test.services;
    const onProblem = (text: string): number => test.problems.push(text);
    streams = new StreamServer(server, {
      guard,
      events: kandev,
      kandevFor: () => kandev,
      onProblem,
      pingMs: 50,
    });
  });

  afterAll(() => {
    streams.close();
    server.close();
  });

  const hostOf = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function follow(taskId: string, autoPong: boolean): Promise<WebSocket> {
    const headers = { authorization: 'Bearer a.b.c' };
    const socket = new WebSocket(`ws://${hostOf()}${streamOf(taskId)}`, { headers, autoPong });
    await once(socket, 'open');
    return socket;
  }

  it('is ended when nobody answers at its other end, and stays where somebody does', async () => {
    const taskId = await test.services.card(['message Hello']);
    const there = await follow(taskId, true);
    const gone = await follow(taskId, false);
    const [code] = (await once(gone, 'close')) as [number];
    expect(code).toBe(1006);
    await once(there, 'ping');
    expect(there.readyState).toBe(there.OPEN);
    there.close();
    await once(there, 'close');
  });

  it('is closed with the reason when its token is no longer good', async () => {
    const taskId = await test.services.card(['message Hello']);
    const socket = await follow(taskId, true);
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    isGood = false;
    const [code, reason] = await closed;
    isGood = true;
    expect([code, reason.toString()]).toEqual([4401, 'The token is no longer good.']);
  });
});
