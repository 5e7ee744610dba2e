import type Dockerode from 'dockerode';
import type { ContainerUser } from './containerUser.ts';
import type { EngineFacts } from './engine.ts';

/** What the two containers follow from through which an agent reaches the hosts of a list. */
export interface EgressPlan {
  /** One with node. */
  image: string;
  user: ContainerUser;
  facts: Pick<EngineFacts, 'limits' | 'selinux'>;
  labels: Readonly<Record<string, string>>;
  hosts: readonly string[];
}

/** A volume that the two share, without a name: it goes with them. */
const volume = '/kandev-egress';
/** A folder in it: the volume's own belongs to root. */
const folderName = 'run';
const folder = `${volume}/${folderName}`;
const scriptName = 'egress.js';
export const hostsName = 'hosts.json';
export const egressVolume = volume;
export const egressFolder = folderName;

/** Where the agent finds the way out, in the network that it shares with the forwarder. */
const port = 3128;
const proxyUrl = `http://127.0.0.1:${port}`;
const noProxy = 'localhost,127.0.0.1,::1';

/** Programs look for one or the other spelling; node looks only when told to. */
export const proxyEnvironment: Readonly<Record<string, string>> = {
  HTTP_PROXY: proxyUrl,
  HTTPS_PROXY: proxyUrl,
  NO_PROXY: noProxy,
  http_proxy: proxyUrl,
  https_proxy: proxyUrl,
  no_proxy: noProxy,
  NODE_USE_ENV_PROXY: '1',
};

const memory = 128 * 1024 ** 2;
const pids = 64;
/** Names that lead to the machine itself only when the engine is asked for it. */
const machineNames = ['host.docker.internal', 'host.containers.internal'];

export function proxyName(runId: string): string {
  return `kandev-${runId}-proxy`;
}

export function forwarderName(runId: string): string {
  return `kandev-${runId}-network`;
}

/** In the engine's bridge network: lets through what the list allows. */
export function proxyOptions(plan: EgressPlan): Dockerode.ContainerCreateOptions {
  const listed = machineNames.filter((name) => plan.hosts.some((host) => host.split(':')[0] === name));
  return {
    ...commonOptions(plan, ['proxy', folder]),
    Volumes: { [volume]: {} },
    HostConfig: {
      ...commonHostConfig(plan),
      NetworkMode: 'bridge',
      ExtraHosts: listed.map((name) => `${name}:host-gateway`),
    },
  };
}

/** In a network of its own that leads nowhere, which the agent shares: carries what it is given to the proxy's socket. */
export function forwarderOptions(plan: EgressPlan, proxyId: string): Dockerode.ContainerCreateOptions {
  return {
    ...commonOptions(plan, ['forward', folder, String(port)]),
    HostConfig: { ...commonHostConfig(plan), NetworkMode: 'none', VolumesFrom: [proxyId] },
  };
}

function commonOptions({ image, user, labels }: EgressPlan, args: readonly string[]) {
  return {
    Image: image,
    Entrypoint: ['node'],
    Cmd: [`${folder}/${scriptName}`, ...args],
    User: `${user.uid}:${user.gid}`,
    WorkingDir: '/',
    Labels: { ...labels },
    Healthcheck: { Test: ['NONE'] },
    StopTimeout: 1,
  };
}

function commonHostConfig({ facts }: EgressPlan): Dockerode.HostConfig {
  return {
    Init: true,
    AutoRemove: false,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', ...(facts.selinux ? ['label=disable'] : [])],
    ReadonlyRootfs: true,
    // They say a line for each host that they refuse, and whoever comes back later wants to read it.
    LogConfig: { Type: 'json-file', Config: { 'max-size': '256k', 'max-file': '1' } },
    ...(facts.limits.pids ? { PidsLimit: pids } : {}),
    ...(facts.limits.memory ? { Memory: memory, MemorySwap: memory } : {}),
  };
}

/** What goes into the shared volume: the program and the list. */
export function egressFiles(script: Buffer, hosts: readonly string[]): { name: string; content: Buffer }[] {
  return [
    { name: scriptName, content: script },
    { name: hostsName, content: hostsFile(hosts) },
  ];
}

export function hostsFile(hosts: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(hosts));
}
