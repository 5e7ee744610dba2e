import { Agent, request } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { createAdaptorServer } from '@hono/node-server';
import { startGateway } from '../test/harness/gateway.ts';
import { median, printTable, type Row } from './table.ts';

const cards = 50;
const measureMs = 3000;

interface Measured {
  perSecond: number;
  medianMs: number;
}

/** What the gateway takes for the list of a board's cards, beside a bare server of its framework that sends the same bytes. */
export async function benchGateway(): Promise<void> {
  const test = await startGateway({ requestsPerMinute: 1e9 });
  for (let count = 0; count < cards; count++) {
    await test.services.kandev.execute('task.create', {
      title: `Card ${count}`,
      description: 'x'.repeat(200),
    });
  }
  const path = '/api/v1/tasks?limit=50';
  const { body } = await test.ask('GET', path);
  const bare = await bareServer(JSON.stringify(body));
  const headers = { authorization: `Bearer ${test.token}` };
  const rows: Row[] = [];
  for (const clients of [1, 16, 64]) {
    const ours = await measure(test.gateway.status.port ?? 0, path, headers, clients);
    const theirs = await measure(bare.port, path, headers, clients);
    const share = ours.perSecond / theirs.perSecond;
    rows.push({
      what: `${clients} clients`,
      value: `${ours.perSecond.toFixed(0)}/s, ${ours.medianMs.toFixed(2)} ms (bare: ${theirs.perSecond.toFixed(0)}/s, ${theirs.medianMs.toFixed(2)} ms)`,
      gate: `${(share * 100).toFixed(0)} % of bare, at least 50 %`,
    });
  }
  printTable(`API gateway: GET /tasks, ${cards} cards, clients in the same process`, rows);
  bare.server.close();
  bare.server.closeAllConnections();
  await test.close();
}

async function bareServer(text: string): Promise<{ port: number; server: Server }> {
  const app = new Hono();
  app.get('*', (context) => context.body(text, 200, { 'content-type': 'application/json' }));
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, server };
}

/** Each client asks again as soon as it has its answer. */
async function measure(port: number, path: string, headers: object, clients: number): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const times: number[] = [];
  const begun = performance.now();
  const client = async (): Promise<void> => {
    while (performance.now() - begun < measureMs) {
      const at = performance.now();
      await get({ port, path, headers: { ...headers }, agent });
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return { perSecond: times.length / ((performance.now() - begun) / 1000), medianMs: median(times) };
}

function get(options: {
  port: number;
  path: string;
  headers: Record<string, string>;
  agent: Agent;
}): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', ...options }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`Answered with ${response.statusCode ?? 0}.`));
      response.resume();
      response.on('end', resolve);
    });
    sent.on('error', reject);
    sent.end();
  });
}
