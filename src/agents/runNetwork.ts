import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type Dockerode from 'dockerode';
import { pack } from 'tar-stream';
import { parseReport, type EgressReport } from '../egress/reports.ts';
import { UserError } from '../model/failure.ts';
import type { NetworkAccess } from '../model/networkAccess.ts';
import type { ContainerNetwork } from './container.ts';
import type { ContainerUser } from './containerUser.ts';
import { orAborted } from './deadline.ts';
import { FrameParser } from './demultiplex.ts';
import { dial } from './dial.ts';
import {
  egressFiles,
  egressFolder,
  egressVolume,
  forwarderName,
  forwarderOptions,
  hostsFile,
  hostsName,
  proxyEnvironment,
  proxyName,
  proxyOptions,
  type EgressPlan,
} from './egressContainers.ts';
import type { Engine, EngineFacts } from './engine.ts';
import { statusOf } from './engineFailure.ts';
import { removeContainer } from './removeContainer.ts';

export interface NetworkRequest {
  engine: Engine;
  access: NetworkAccess;
  runId: string;
  /** The images to run the proxy from, in this order: the first that has node. Asked for one after the other. */
  images: readonly (() => Promise<string | null>)[];
  user: ContainerUser;
  facts: Pick<EngineFacts, 'limits' | 'selinux'>;
  labels: Readonly<Record<string, string>>;
  /** The extension's `dist`, which holds the program. */
  distFolder: string;
  /** Told of each host that was refused: the entry that would let it through. */
  onBlocked: (entry: string) => void;
  signal: AbortSignal;
}

/** What connects one run to the network. */
export interface RunNetwork extends ContainerNetwork {
  /** Removes what was made for it; to be called when the agent's container is gone. Rejects as removeContainer does. */
  dispose(): Promise<void>;
}

const createLimitMs = 30_000;
const readyLimitMs = 20_000;
const removeLimitMs = 10_000;

/**
 * Has a network ready for a run. A list of hosts needs two containers beside the agent's, and neither a network of its
 * own nor any rule of a firewall: the agent shares a network that leads nowhere, not even to this machine, with a
 * forwarder; and the forwarder shares a socket, in a volume, with a proxy in the bridge network.
 *
 * @throws UserError `command-missing` when no image has node; what Engine.call throws; the signal's reason. Nothing is
 *   left then.
 */
export async function openRunNetwork(request: NetworkRequest): Promise<RunNetwork> {
  const { engine, access, runId } = request;
  if (access === 'bridge' || access === 'none') {
    return { mode: access, environment: {}, dispose: () => Promise.resolve() };
  }
  try {
    return await openEgress(request, access);
  } catch (error) {
    await removeEgress(engine, runId).catch(() => undefined);
    throw error;
  }
}

/**
 * Tells of what the proxy of a run refuses, after another process has begun the run. Nothing happens where it has none,
 * or the engine does not answer: that is no reason to leave the agent alone.
 *
 * @param since what was refused before has been told of, in milliseconds since the epoch
 */
export async function followProxyAgain(
  { engine, runId, onBlocked }: Pick<NetworkRequest, 'engine' | 'runId' | 'onBlocked'>,
  since: number,
  signal: AbortSignal,
): Promise<void> {
  const query = { since: String(Math.floor(since / 1000)) };
  await followLog({ engine, container: proxyName(runId), signal }, tellBlocked(onBlocked), query).catch(
    () => undefined,
  );
}

/** Lets a run reach these hosts from now on. @throws what Engine.call throws, also when the run has no such network */
export async function setHosts(
  engine: Engine,
  runId: string,
  user: ContainerUser,
  hosts: readonly string[],
): Promise<void> {
  const archive = await archiveOf(user, [{ name: hostsName, content: hostsFile(hosts) }]);
  await engine.call('changing what an agent may reach', async (docker, abortSignal) => {
    const container = docker.getContainer(proxyName(runId));
    await container.putArchive(archive, { path: egressVolume, abortSignal });
    await container.kill({ signal: 'SIGHUP', abortSignal });
  });
}

async function openEgress(request: NetworkRequest, hosts: readonly string[]): Promise<RunNetwork> {
  const { engine, runId, images, distFolder, signal } = request;
  const script = await readFile(path.join(distFolder, 'egress.js'));
  for (const imageOf of images) {
    const image = await imageOf();
    if (image === null) continue;
    const plan = { ...request, image, hosts };
    const forwarderId = await startEgress(request, plan, script);
    if (forwarderId === null) continue;
    return {
      mode: `container:${forwarderId}`,
      environment: proxyEnvironment,
      dispose: () => removeEgress(engine, runId),
    };
  }
  signal.throwIfAborted();
  throw new UserError({
    reason: 'command-missing',
    message:
      'To reach only some hosts, an agent needs a small proxy beside it, and that an image with node. Use an image for the agent that has node, or let it reach everything.',
    action: { kind: 'openSetting', setting: 'kandev.agents' },
  });
}

/** Starts both containers, and returns the forwarder's id when all is ready; null when the image has no node. */
async function startEgress(
  request: NetworkRequest,
  plan: EgressPlan,
  script: Buffer,
): Promise<string | null> {
  const { engine, runId, user, onBlocked, signal } = request;
  await removeEgress(engine, runId);
  const proxyId = await create(engine, proxyName(runId), proxyOptions(plan), signal);
  const archive = await archiveOf(user, egressFiles(script, plan.hosts));
  await engine.call('preparing the network', (docker, abortSignal) =>
    docker.getContainer(proxyId).putArchive(archive, { path: egressVolume, abortSignal }),
  );
  const forwarderId = await create(engine, forwarderName(runId), forwarderOptions(plan, proxyId), signal);
  const starts = await Promise.all([proxyId, forwarderId].map((id) => start(engine, id)));
  if (starts.includes(false)) return null;
  const isReady = await Promise.all([
    becomesReady({ engine, container: proxyId, signal }, tellBlocked(onBlocked)),
    becomesReady({ engine, container: forwarderId, signal }, () => undefined),
  ]);
  return isReady.includes(false) ? null : forwarderId;
}

type Reports = (report: EgressReport) => void;

function tellBlocked(onBlocked: (entry: string) => void): Reports {
  return (report) => {
    if (report.kind === 'blocked') onBlocked(report.entry);
  };
}

interface FollowedLog {
  engine: Engine;
  container: string;
  signal: AbortSignal;
}

/** Follows it until it ends. False when that is before it is ready. */
async function becomesReady(followed: FollowedLog, onReport: Reports): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const log = await followLog(followed, (report) => {
    if (report.kind === 'ready') resolve(true);
    onReport(report);
  });
  const end = (): void => {
    resolve(false);
  };
  log.once('end', end).once('error', end).once('close', end);
  return followed.engine.call('starting the network of a run', () => orAborted(promise, followed.signal), {
    limitMs: readyLimitMs,
  });
}

/** Tells of what a container of a run's network says, until it ends. */
async function followLog(
  { engine, container, signal }: FollowedLog,
  onReport: Reports,
  from: { since?: string } = {},
): Promise<IncomingMessage> {
  const log = (await engine.call(
    'looking at the network of a run',
    (docker, abortSignal) =>
      dial(docker, {
        method: 'GET',
        path: `/containers/${container}/logs`,
        query: { follow: true, stdout: true, stderr: true, ...from },
        abortSignal,
        stream: true,
      }),
    { limitMs: readyLimitMs, signal },
  )) as IncomingMessage;
  let rest = '';
  const parser = new FrameParser((_type, output) => {
    const lines = (rest + output.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const report = parseReport(line);
      if (report) onReport(report);
    }
  });
  log.on('data', (chunk: Buffer) => {
    parser.push(chunk);
  });
  log.on('error', () => undefined);
  // It follows the log as long as the container lives, and keeps nobody from ending.
  log.socket.unref();
  return log;
}

async function create(
  engine: Engine,
  name: string,
  options: Dockerode.ContainerCreateOptions,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  return engine.call(
    `creating container ${name}`,
    async (docker, abortSignal) => {
      // Without the split dockerode would put all of it into the URL as well.
      const request = { _query: { name }, _body: options, abortSignal };
      return (await docker.createContainer(request)).id;
    },
    { limitMs: createLimitMs },
  );
}

/** False when the image has no such program: engines that do without an init process tell it here. */
async function start(engine: Engine, id: string): Promise<boolean> {
  try {
    await engine.call(
      'starting the network of a run',
      (docker, abortSignal) => docker.getContainer(id).start({ abortSignal }),
      { limitMs: createLimitMs },
    );
    return true;
  } catch (error) {
    if (statusOf(error) === 400 || statusOf(error) === 500) return false;
    throw error;
  }
}

/** Removes both; the volume goes with the last of them. None there is fine. */
export async function removeEgress(engine: Engine, runId: string): Promise<void> {
  await removeContainer(engine, forwarderName(runId), removeLimitMs);
  await removeContainer(engine, proxyName(runId), removeLimitMs);
}

function archiveOf(
  user: ContainerUser,
  files: readonly { name: string; content: Buffer }[],
): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: `${egressFolder}/`, type: 'directory', mode: 0o700, ...user });
  for (const { name, content } of files) {
    archive.entry({ name: `${egressFolder}/${name}`, mode: 0o600, ...user }, content);
  }
  archive.finalize();
  return buffer(archive);
}
