import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayBoard } from '../../src/api/gatewayContract.ts';
import { GatewaySwitch, type GatewaySwitchOptions } from '../../src/gateway/gatewaySwitch.ts';
import type { Problem } from '../../src/gateway/problem.ts';
import {
  gatewayScopes,
  type GatewayScope,
  type GatewaySettings,
  type GatewayStatus,
} from '../../src/model/gateway.ts';
import { describeMismatch } from './apiDescription.ts';
import { startServices, type TestServices } from './services.ts';

/** What came back over the socket. */
export interface Reply<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
}

export interface AskOptions {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string | null;
}

/** A board with its gateway open on a port of this machine. */
export interface TestGateway {
  services: TestServices;
  gateway: GatewaySwitch;
  url: string;
  folder: string;
  settings: GatewaySettings;
  secrets: Map<string, string>;
  problems: string[];
  /** For all scopes. */
  token: string;
  tokenFor(...scopes: GatewayScope[]): Promise<string>;
  /** Another switch over the same files and the same board, as the next window that leads has it. */
  another(before?: GatewayStatus): GatewaySwitch;
  ask<T = unknown>(method: string, path: string, options?: AskOptions): Promise<Reply<T>>;
  /** Expects a refusal. */
  problem(method: string, path: string, options?: AskOptions): Promise<Problem & { headers: Headers }>;
  close(): Promise<void>;
}

export async function startGateway(changes: Partial<GatewaySettings> = {}): Promise<TestGateway> {
  const services = await startServices();
  const folder = await mkdtemp(join(tmpdir(), 'kandev-gateway-'));
  const secrets = new Map<string, string>();
  const problems: string[] = [];
  const settings: GatewaySettings = {
    enabled: false,
    port: 0,
    allowedOrigins: [],
    requestsPerMinute: 1_000_000,
    ...changes,
  };
  const switches: GatewaySwitch[] = [];
  const another = (before: GatewayStatus = { url: null, port: null }): GatewaySwitch => {
    const options: GatewaySwitchOptions = {
      folder,
      workspace: 'test',
      secrets: {
        get: (name) => Promise.resolve(secrets.get(name)),
        store: (name, value) => Promise.resolve(void secrets.set(name, value)),
      },
      settings: () => settings,
      before: () => before,
      load: () => import('../../src/gateway/main.ts'),
      onProblem: (text) => problems.push(text),
    };
    const made = new GatewaySwitch(options, boardOf(services));
    switches.push(made);
    return made;
  };
  const gateway = another();
  const { url } = await gateway.start();
  if (url === null) throw new Error('The gateway did not start.');
  const tokenFor = async (...scopes: GatewayScope[]): Promise<string> =>
    (await gateway.createToken({ name: scopes.join('+'), scopes, days: 1 })).token;
  const token = await tokenFor(...gatewayScopes);
  const ask = async <T>(method: string, path: string, options: AskOptions = {}): Promise<Reply<T>> => {
    const at = gateway.status.url ?? url;
    const { body, headers = {}, token: used = token } = options;
    const response = await fetch(`${at}${path}`, {
      method,
      headers: {
        ...(used === null ? {} : { authorization: `Bearer ${used}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === '' ? null : (JSON.parse(text) as unknown);
    const mismatch = describeMismatch(method, path, response.status, parsed);
    if (mismatch !== null) throw new Error(mismatch);
    return { status: response.status, headers: response.headers, body: parsed as T };
  };
  return {
    services,
    gateway,
    url,
    folder,
    settings,
    secrets,
    problems,
    token,
    tokenFor,
    another,
    ask,
    problem: async (method, path, options) => {
      const { status, headers, body } = await ask<Problem>(method, path, options);
      if (headers.get('content-type') !== 'application/problem+json' || body.status !== status) {
        throw new Error(`No problem: ${status} ${JSON.stringify(body)}`);
      }
      return { ...body, headers };
    },
    close: async () => {
      for (const each of switches) await each.close();
      await services.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function boardOf(services: TestServices): GatewayBoard {
  return {
    subscribe: (pattern, listener) => services.kandev.subscribe(pattern, listener),
    kandevFor: (name) => services.actingAs(`ann (${name})`),
    changed: (status) => {
      services.publish('gateway.changed', { status });
    },
  };
}

/** A request with headers that `fetch` does not let through, such as Host. */
export function rawStatus(port: number, headers: Record<string, string>, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}
