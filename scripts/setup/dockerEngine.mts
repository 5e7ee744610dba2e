/** A Docker engine to work with: one that is there already, else one of our own that ends with its last user. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resolveEndpoint } from '../../src/agents/endpoint.ts';
import { Engine } from '../../src/agents/engine.ts';
import { hostSources } from '../../src/agents/hostSources.ts';
import { UserError } from '../../src/model/failure.ts';
import { cacheDirectory } from '../paths.mts';
import { isAlive } from '../processes.mts';
import { ensureDebianPackages, MissingPrerequisite, missingCommands } from './debian.mts';
import { withLock } from './lock.mts';

export interface DockerEngine {
  engine: Engine;
  /** The address, as in DOCKER_HOST; null when the extension finds the engine by itself. */
  setting: string | null;
  /** For people: which engine this is. */
  description: string;
  /** Gives the engine back. One that we started is stopped when nobody else uses it any more. */
  stop(): Promise<void>;
}

/** Our own engine: everything it writes is in here, images too, so that they are there next time. */
const home = path.join(cacheDirectory, 'docker');
const files = {
  lock: path.join(home, 'lock'),
  socket: path.join(home, 'docker.sock'),
  pid: path.join(home, 'docker.pid'),
  data: path.join(home, 'data'),
  exec: path.join(home, 'exec'),
  log: path.join(home, 'dockerd.log'),
  /** One empty file for each process that uses the engine, named by its id. */
  users: path.join(home, 'users'),
};
const readyWithinMs = 30_000;

/**
 * Finds the engine that the extension would use, else installs and starts one.
 * @throws MissingPrerequisite when there is none and we cannot start one.
 */
export async function ensureDockerEngine(): Promise<DockerEngine> {
  const usual = await usualEngine();
  const { failure } = await usual.status();
  if (failure === null) {
    await ensureDockerCli();
    const { endpoint, chosenBy } = usual.endpoint;
    return {
      engine: usual,
      setting: null,
      description: `${endpoint} (${chosenBy})`,
      stop: () => Promise.resolve(),
    };
  }
  const advice = 'To install Docker, see https://docs.docker.com/get-docker/';
  const cannotStart = new MissingPrerequisite(
    failure.reason === 'engine-not-running' ? `${failure.message}\n${advice}` : failure.message,
  );
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw cannotStart;
  if (missingCommands(['dockerd', 'iptables', 'flock']).length > 0) {
    await ensureDebianPackages(
      ['docker.io', 'iptables', 'busybox-static', 'util-linux'],
      'to run a Docker engine',
    );
    await ensureDockerCli();
    // Where packages start their services, it is there now.
    if ((await usual.status()).failure === null) return ensureDockerEngine();
  }
  return useOwnEngine();
}

async function usualEngine(): Promise<Engine> {
  try {
    return new Engine(await resolveEndpoint(hostSources(null, process.env)));
  } catch (error) {
    throw error instanceof UserError ? new MissingPrerequisite(error.message) : error;
  }
}

/** Kandev builds images with the docker command, which newer Debians have in a package of its own. */
async function ensureDockerCli(): Promise<void> {
  if (missingCommands(['docker']).length > 0) await ensureDebianPackages(['docker-cli'], 'to build images');
}

async function useOwnEngine(): Promise<DockerEngine> {
  const setting = `unix://${files.socket}`;
  const engine = new Engine(await resolveEndpoint(hostSources(setting, process.env)));
  const user = path.join(files.users, String(process.pid));
  await mkdir(files.users, { recursive: true });
  await withLock(files.lock, async () => {
    await writeFile(user, '');
    if ((await engine.status()).failure === null) return;
    await stopDaemon();
    await startDaemon(engine);
  });
  const stop = async (): Promise<void> => {
    await withLock(files.lock, async () => {
      await rm(user, { force: true });
      if ((await livingUsers()) === 0) await stopDaemon();
    });
  };
  return { engine, setting, description: `${setting} (started by Kandev, and stopped with it)`, stop };
}

/** How many processes use the engine; those that died without a word are forgotten. */
async function livingUsers(): Promise<number> {
  let living = 0;
  for (const name of await readdir(files.users)) {
    if (isAlive(Number(name))) living += 1;
    else await rm(path.join(files.users, name), { force: true });
  }
  return living;
}

async function startDaemon(engine: Engine): Promise<void> {
  await rm(files.socket, { force: true });
  const log = await open(files.log, 'w');
  // Detached: Ctrl+C in the terminal must not reach it before the containers are removed.
  const daemon = spawn(
    'dockerd',
    [
      '--host',
      engine.endpoint.endpoint,
      '--data-root',
      files.data,
      '--exec-root',
      files.exec,
      '--pidfile',
      files.pid,
    ],
    {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    },
  );
  daemon.unref();
  await log.close();
  const exited = once(daemon, 'exit').then(() => 'exited');
  const deadline = Date.now() + readyWithinMs;
  while ((await engine.status()).failure !== null) {
    const state = await Promise.race([exited, delay(100, 'waiting')]);
    if (state === 'exited' || Date.now() > deadline) {
      await stopDaemon();
      const lastLines = (await readFile(files.log, 'utf8')).trim().split('\n').slice(-15).join('\n');
      throw new Error(`dockerd did not start. The end of ${files.log}:\n${lastLines}`);
    }
  }
}

/** Stops the daemon by the id it wrote down, waits until it is gone, and kills it after 20 s. */
async function stopDaemon(): Promise<void> {
  const pid = Number(await readFile(files.pid, 'utf8').catch(() => ''));
  const isOurs = async (): Promise<boolean> => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.includes(files.data);
  };
  if (!pid || !(await isOurs())) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 20_000;
  while (await isOurs()) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(100);
  }
}
