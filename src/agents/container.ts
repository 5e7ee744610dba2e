import type Dockerode from 'dockerode';
import type { AgentType } from '../model/agentType.ts';
import type { LaunchRequest } from './launchRequest.ts';
import type { FileDelivery } from './containerFiles.ts';
import { homeFolder, type ContainerUser } from './containerUser.ts';
import type { EngineFacts } from './engine.ts';
import { keeperFile, keeperFolder } from './keeper/protocol.ts';

/** Everything that the container of one run follows from. */
export interface ContainerPlan {
  request: LaunchRequest;
  facts: Pick<EngineFacts, 'cpus' | 'limits' | 'selinux'>;
  user: ContainerUser;
  /** The workspace, the identity files and whatever else of this machine it is given. */
  files: Pick<FileDelivery, 'mounts'>;
  /** The folder that the agent works in, by its path in the container. */
  workingDirectory: string;
  /** The volume with what the agent type keeps; null where it keeps nothing. */
  stateVolume: string | null;
  labels: Readonly<Record<string, string>>;
  network: ContainerNetwork;
  /** Its agent runs under a keeper. */
  isKept: boolean;
}

/** How the container is connected. */
export interface ContainerNetwork {
  /** As the engine takes it: `bridge`, `none`, or `container:` and the id of the one whose network it shares. */
  mode: string;
  /** What its programs need to know of it. */
  environment: Readonly<Record<string, string>>;
}

/** By its run, so that it can be found and removed also when its creation was cut off. */
export function containerName(runId: string): string {
  return `kandev-${runId}`;
}

/** What the engine is asked to create: an agent that may use its folder and the network, and nothing else. */
export function containerOptions(plan: ContainerPlan): Dockerode.ContainerCreateOptions {
  const { request, user, workingDirectory, labels, isKept } = plan;
  const { command } = request.agentType;
  const [program = '', ...args] = isKept ? ['node', keeperFile, 'run', ...command] : command;
  return {
    Image: request.agentType.image,
    // Both, so that nothing of the image's own entry point is left.
    Entrypoint: [program],
    Cmd: args,
    User: `${user.uid}:${user.gid}`,
    WorkingDir: workingDirectory,
    Env: environmentOf(plan),
    Labels: { ...labels },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // True would end the agent's stdin with the first client that leaves.
    StdinOnce: false,
    Tty: false,
    Healthcheck: { Test: ['NONE'] },
    StopTimeout: 1,
    HostConfig: hostConfigOf(plan),
  };
}

function environmentOf({ request, network }: ContainerPlan): string[] {
  const { variables = {} } = request.agentType;
  const own = { HOME: homeFolder, USER: 'agent', LOGNAME: 'agent' };
  // What the user has set wins over what the type says.
  return Object.entries({ ...variables, ...request.environment, ...network.environment, ...own }).map(
    ([name, value]) => `${name}=${value}`,
  );
}

function hostConfigOf(plan: ContainerPlan): Dockerode.HostConfig {
  const { request, facts, files } = plan;
  const { resources, stateFolder = '' } = request.agentType;
  const { cpus, memoryMb, pids } = resources;
  const memory = memoryMb * 1024 ** 2;
  // Room in memory, which counts towards the limit: half of it for each.
  const tmpfs = `rw,exec,nosuid,nodev,mode=1777,size=${Math.floor(memory / 2)}`;
  return {
    Mounts: mountsOf(plan),
    Tmpfs: {
      ...Object.fromEntries(
        ['/tmp', homeFolder, ...foldersAbove(stateFolder)]
          .filter((folder) => !files.mounts.some(({ Target }) => Target === folder))
          .map((folder) => [folder, tmpfs]),
      ),
      // For nothing but a socket.
      ...(plan.isKept ? { [keeperFolder]: 'rw,noexec,nosuid,nodev,mode=1777,size=65536' } : {}),
    },
    // node as process 1 takes 10 s to stop, and leaves zombies.
    Init: true,
    AutoRemove: false,
    CapDrop: ['ALL'],
    // An SELinux host would refuse the mounts, and `Mounts` knows no relabelling.
    SecurityOpt: ['no-new-privileges', ...(facts.selinux ? ['label=disable'] : [])],
    ReadonlyRootfs: true,
    NetworkMode: plan.network.mode,
    // What the agent says is the user's, and goes through our hands: the engine need not write it down too.
    LogConfig: { Type: 'none', Config: {} },
    // An engine that cannot enforce a limit refuses the container (rootless without delegated cgroups).
    ...(facts.limits.pids ? { PidsLimit: pids } : {}),
    ...(facts.limits.memory ? { Memory: memory, MemorySwap: memory } : {}),
    ...(facts.limits.cpu ? { NanoCpus: Math.round(Math.min(cpus, facts.cpus) * 1e9) } : {}),
  };
}

/** Those between the home and the state folder: the engine would make them as root's. */
function foldersAbove(stateFolder: string): string[] {
  const parts = stateFolder.split('/').slice(0, -1);
  return parts.map((_part, index) => [homeFolder, ...parts.slice(0, index + 1)].join('/'));
}

function mountsOf({ request, files, stateVolume }: ContainerPlan): Dockerode.MountSettings[] {
  return [
    ...files.mounts,
    ...(stateVolume === null ? [] : [volumeAt(stateVolume, stateTarget(request.agentType))]),
  ];
}

function stateTarget({ stateFolder = '' }: Pick<AgentType, 'stateFolder'>): string {
  return `${homeFolder}/${stateFolder}`;
}

/** A volume; where it is new, with or without what the image has at that place. */
export function volumeAt(
  volume: string,
  target: string,
  { copiesImage } = { copiesImage: false },
): Dockerode.MountSettings {
  return {
    Type: 'volume',
    Source: volume,
    Target: target,
    // dockerode's type demands all of it.
    VolumeOptions: { NoCopy: !copiesImage, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
  };
}
