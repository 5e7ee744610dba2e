/** A Docker engine of a test's own, beside the one that all tests share: to be killed and started again. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Engine } from '../../src/agents/engine.ts';
import { engineAt } from './images.ts';
import { makeFolder } from './testRun.ts';

const run = promisify(execFile);
const readyWithinMs = 60_000;

export class KillableEngine {
  readonly engine: Engine;
  /** As in DOCKER_HOST. */
  readonly dockerHost: string;
  readonly #data: string;
  readonly #bridge: string;
  readonly #flags: readonly string[];
  #containerd: ChildProcess | null = null;
  #daemon: ChildProcess | null = null;

  private constructor(data: string, dockerHost: string, engine: Engine, flags: readonly string[]) {
    this.#data = data;
    this.dockerHost = dockerHost;
    this.engine = engine;
    this.#flags = flags;
    this.#bridge = `kdvk${process.pid % 100_000}`;
  }

  /** @param flags of dockerd */
  static async start(flags: readonly string[] = []): Promise<KillableEngine> {
    const home = await makeFolder('engine');
    // A socket's path must be short, and its data need room.
    const data = path.join('/var/tmp', path.basename(home));
    await mkdir(data, { recursive: true });
    const dockerHost = `unix://${data}/docker.sock`;
    const killable = new KillableEngine(data, dockerHost, await engineAt(dockerHost), flags);
    const subnet = 64 + (process.pid % 128);
    await run('ip', ['link', 'add', killable.#bridge, 'type', 'bridge']);
    await run('ip', ['addr', 'add', `10.${subnet}.78.1/24`, 'dev', killable.#bridge]);
    await run('ip', ['link', 'set', killable.#bridge, 'up']);
    await killable.#startContainerd();
    await killable.startAgain();
    return killable;
  }

  async startAgain(): Promise<void> {
    const data = this.#data;
    const places = ['--data-root', `${data}/data`, '--exec-root', `${data}/exec`, '--pidfile', `${data}/pid`];
    const network = ['--bridge', this.#bridge, '--iptables=false'];
    const containerd = ['--containerd', `${data}/containerd.sock`];
    const args = ['--host', this.dockerHost, ...network, ...containerd, ...places, ...this.#flags];
    const daemon = await this.#spawn('dockerd', args);
    this.#daemon = daemon;
    const deadline = Date.now() + readyWithinMs;
    while ((await this.engine.status()).failure !== null) {
      if (daemon.exitCode !== null || Date.now() > deadline) {
        const said = await readFile(path.join(data, 'log'), 'utf8');
        throw new Error(`The engine did not start:\n${said.slice(-3000)}`);
      }
      await delay(100);
    }
  }

  /** As a crash does: what it ran goes on without it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    await rm(path.join(this.#data, 'pid'), { force: true });
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    this.#containerd?.kill('SIGTERM');
    await run('ip', ['link', 'del', this.#bridge]).catch(() => undefined);
    // One that was killed has left them.
    const mounts = (await readFile('/proc/self/mounts', 'utf8'))
      .split('\n')
      .map((line) => line.split(' ')[1]);
    for (const mount of mounts.reverse()) {
      if (mount?.startsWith(`${this.#data}/`)) await run('umount', ['--lazy', mount]);
    }
    await run('rm', ['-rf', this.#data]);
  }

  /** One of its own: that which dockerd starts dies with it, and takes its time to come back. */
  async #startContainerd(): Promise<void> {
    const data = this.#data;
    const places = ['--root', `${data}/containerd`, '--state', `${data}/containerd-state`];
    this.#containerd = await this.#spawn('containerd', ['--address', `${data}/containerd.sock`, ...places]);
  }

  async #spawn(command: string, args: readonly string[]): Promise<ChildProcess> {
    const log = await open(path.join(this.#data, 'log'), 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    });
    await log.close();
    return child;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (daemon?.exitCode !== null) return;
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
  }
}
