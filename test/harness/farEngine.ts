/** A Docker engine that is reached over TCP and does not see the folders of the tests, as one on another machine. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Engine } from '../../src/agents/engine.ts';
import { engineAt } from './images.ts';
import { makeFolder } from './testRun.ts';

export interface FarEngine {
  engine: Engine;
  /** As in DOCKER_HOST. */
  dockerHost: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const readyWithinMs = 60_000;

/** @param hidden the folders that it must not see; they are empty to it */
export async function startFarEngine(hidden: readonly string[]): Promise<FarEngine> {
  const home = await makeFolder('far-engine');
  // What it writes itself lies elsewhere: the folder above may be hidden.
  const data = path.join('/var/tmp', path.basename(home));
  await mkdir(data, { recursive: true });
  const bridge = `kdvf${process.pid % 100_000}`;
  const subnet = 64 + (process.pid % 128);
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['addr', 'add', `10.${subnet}.77.1/24`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  const dockerHost = `tcp://127.0.0.1:${await freePort()}`;
  const mounts = hidden.map((folder) => `mount -t tmpfs none '${folder}'`).join(' && ');
  const log = await open(path.join(data, 'log'), 'w');
  const daemon = spawn(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', 'sh', '-c'],
      `${mounts} && exec dockerd --host ${dockerHost} --tls=false --bridge ${bridge} --iptables=false --data-root ${data}/data --exec-root ${data}/exec --pidfile ${data}/pid`,
    ],
    {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    },
  );
  await log.close();
  const exited = once(daemon, 'exit');
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await Promise.race([exited, delay(20_000)]);
    daemon.kill('SIGKILL');
    await run('ip', ['link', 'del', bridge]).catch(() => undefined);
    await run('rm', ['-rf', data]);
  };
  const engine = await engineAt(dockerHost);
  const deadline = Date.now() + readyWithinMs;
  while ((await engine.status()).failure !== null) {
    if (daemon.exitCode !== null || Date.now() > deadline) {
      const said = await readFile(path.join(data, 'log'), 'utf8');
      await stop();
      throw new Error(`The second engine did not start:\n${said.slice(-3000)}`);
    }
    await delay(200);
  }
  return { engine, dockerHost, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
