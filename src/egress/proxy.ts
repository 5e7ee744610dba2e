import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { findHostRule, type HostRule } from '../model/networkAccess.ts';
import { lookupReachable, mayReach, NotReachable } from './addresses.ts';
import { join } from './join.ts';
import { Refusals } from './reports.ts';

const mostConnections = 256;
const connectLimitMs = 30_000;
/** Of this connection and no other: they are not passed on. */
const hopHeaders = ['connection', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'upgrade'];

export interface EgressProxy {
  server: Server;
  /** From now on these hosts may be reached. What is connected already stays so. */
  setRules(rules: readonly HostRule[]): void;
}

/** An HTTP proxy that lets through what a list of hosts allows, by CONNECT and for plain HTTP, and nothing else. */
export function createEgressProxy(rules: readonly HostRule[]): EgressProxy {
  let current = rules;
  const refusals = new Refusals();
  const ruleFor = (host: string, port: number): HostRule | null => {
    const rule = findHostRule(current, host, port);
    if (!rule) refusals.add(host, port);
    // An address is not looked up, so it is checked here.
    return rule && isIP(host) !== 0 && !mayReach(host, true) ? null : rule;
  };
  const server = createServer((incoming, response) => {
    forward(incoming, response, ruleFor);
  });
  server.maxConnections = mostConnections;
  server.on('connect', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnel(incoming.url ?? '', socket, head, ruleFor);
  });
  return {
    server,
    setRules: (changed) => {
      current = changed;
      refusals.forget();
    },
  };
}

type RuleFor = (host: string, port: number) => HostRule | null;

function tunnel(target: string, socket: Duplex, head: Buffer, ruleFor: RuleFor): void {
  // Whoever has asked may have left.
  socket.on('error', () => undefined);
  const [, host, digits] = /^([^:[\]/@]+):(\d{1,5})$/.exec(target) ?? [];
  if (host === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    return;
  }
  const port = Number(digits);
  const rule = ruleFor(host, port);
  if (!rule) {
    socket.end(refusalHead(refusal(host)));
    return;
  }
  const upstream = connect({ host, port, lookup: lookupReachable(!rule.below), allowHalfOpen: true });
  upstream.setTimeout(connectLimitMs, () => upstream.destroy(new Error(`${host} does not answer.`)));
  const fail = (error: Error): void => {
    socket.end(error instanceof NotReachable ? refusalHead(error.message) : badGateway(error.message));
  };
  const give = (): void => {
    upstream.destroy();
  };
  upstream.once('error', fail);
  socket.once('close', give);
  upstream.once('connect', () => {
    upstream.setTimeout(0);
    upstream.off('error', fail);
    socket.off('close', give);
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    upstream.write(head);
    join(socket, upstream);
  });
}

function forward(incoming: IncomingMessage, response: ServerResponse, ruleFor: RuleFor): void {
  const url = absoluteUrl(incoming.url ?? '');
  if (!url) {
    response.writeHead(400).end('This is a proxy: it takes whole URLs of http.\n');
    return;
  }
  const port = url.port === '' ? 80 : Number(url.port);
  const rule = ruleFor(url.hostname, port);
  if (!rule) {
    response.writeHead(403, { 'content-type': 'text/plain' }).end(`${refusal(url.hostname)}\n`);
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).filter(([name]) => !hopHeaders.includes(name)),
  );
  const outgoing = request({
    host: url.hostname,
    port,
    method: incoming.method,
    path: `${url.pathname}${url.search}`,
    // Not what the agent says: a server takes this for the name that was meant.
    headers: { ...headers, host: url.host },
    lookup: lookupReachable(!rule.below),
    timeout: connectLimitMs,
  });
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  outgoing.on('error', (error) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(error instanceof NotReachable ? 403 : 502).end(`${error.message}\n`);
  });
  incoming.on('error', () => outgoing.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function absoluteUrl(text: string): URL | null {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' && url.username === '' ? url : null;
  } catch {
    return null;
  }
}

function refusal(host: string): string {
  return `Kandev does not let this agent reach ${host}. Its user can allow it on the card.`;
}

function refusalHead(text: string): string {
  return `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${text}\n`;
}

function badGateway(text: string): string {
  return `HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${text}\n`;
}
