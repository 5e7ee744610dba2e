/**
 * The way out of a container that may reach only the hosts of a list. Two containers run this file beside the agent's:
 *
 * node egress.js proxy FOLDER: in the engine's bridge network. Listens on a socket in FOLDER, and lets through what
 *   FOLDER/hosts.json allows. SIGHUP makes it read that file again.
 * node egress.js forward FOLDER PORT: in the network that the agent is in, which has nothing but itself. Listens there,
 *   and carries everything to the socket.
 */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseHostRule, type HostRule } from '../model/networkAccess.ts';
import { createForwarder } from './forwarder.ts';
import { createEgressProxy } from './proxy.ts';
import { report } from './reports.ts';

const waitMs = 20;

function main([mode, folder = '', port = '']: readonly string[]): void {
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
  const socketPath = join(folder, 'proxy.sock');
  if (mode === 'proxy') startProxy(socketPath, join(folder, 'hosts.json'));
  else startForwarder(socketPath, Number(port));
}

function startProxy(socketPath: string, hostsPath: string): void {
  const proxy = createEgressProxy(readRules(hostsPath));
  process.on('SIGHUP', () => {
    proxy.setRules(readRules(hostsPath));
    report({ kind: 'ready' });
  });
  // Left behind when it was killed.
  rmSync(socketPath, { force: true });
  proxy.server.listen(socketPath, () => {
    chmodSync(socketPath, 0o600);
    report({ kind: 'ready' });
  });
}

/** It is there for nobody before the proxy is. */
function startForwarder(socketPath: string, port: number): void {
  const probe = connect(socketPath);
  probe.once('error', () => setTimeout(startForwarder, waitMs, socketPath, port));
  probe.once('connect', () => {
    probe.destroy();
    createForwarder(socketPath).listen(port, '127.0.0.1', () => {
      report({ kind: 'ready' });
    });
  });
}

/** Nothing may be reached while the file cannot be read. */
function readRules(hostsPath: string): HostRule[] {
  try {
    const entries = JSON.parse(readFileSync(hostsPath, 'utf8')) as unknown[];
    return entries.map((entry) => parseHostRule(String(entry))).filter((rule) => rule !== null);
  } catch (error) {
    report({ kind: 'trouble', text: String(error) });
    return [];
  }
}

main(process.argv.slice(2));
