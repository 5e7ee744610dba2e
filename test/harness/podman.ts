/** A Podman of the tests' own, at its socket. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../scripts/processes.mts';
import { engineAt } from './images.ts';
import { makeFolder } from './testRun.ts';

export interface Podman {
  /** As in DOCKER_HOST. */
  dockerHost: string;
  stop(): Promise<void>;
}

const readyWithinMs = 30_000;

/** What it is told of a machine that may itself be a container: no more than that may be given on. */
const configuration = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

export async function startPodman(): Promise<Podman> {
  const home = await makeFolder('podman');
  const file = path.join(home, 'containers.conf');
  await writeFile(file, configuration);
  const data = path.join('/var/tmp', path.basename(home));
  await mkdir(data, { recursive: true });
  const dockerHost = `unix://${home}/podman.sock`;
  const storage = ['--root', `${data}/root`, '--runroot', `${data}/run`];
  const env = { ...process.env, CONTAINERS_CONF: file, TMPDIR: data };
  const log = await open(path.join(data, 'log'), 'w');
  const service = spawn('podman', [...storage, 'system', 'service', '--time=0', dockerHost], {
    stdio: ['ignore', log.fd, log.fd],
    // It leaves a file there when a container has run out of memory.
    cwd: data,
    env,
  });
  await log.close();
  const exited = once(service, 'exit');
  const stop = async (): Promise<void> => {
    service.kill('SIGTERM');
    await exited;
    // Its images are mounts of its own.
    await run('podman', [...storage, 'system', 'reset', '--force'], { env }).catch(() => undefined);
    await run('rm', ['-rf', data]);
  };
  const engine = await engineAt(dockerHost);
  const deadline = Date.now() + readyWithinMs;
  while ((await engine.status()).failure !== null) {
    if (service.exitCode !== null || Date.now() > deadline) {
      const said = await readFile(path.join(data, 'log'), 'utf8');
      await stop();
      throw new Error(`Podman did not start:\n${said.slice(-3000)}`);
    }
    await delay(100);
  }
  return { dockerHost, stop };
}
