import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { namesOf } from '../model/credential.ts';
import type { GitCredentialChannel } from './gitCredentialChannel.ts';
import { gitConfigText } from './gitConfig.ts';
import { gitIdentity } from './gitIdentity.ts';
import { writeGenerated } from './generatedFile.ts';
import type { Host } from './host.ts';
import { agentSocket } from './sshAgent.ts';

/** What a container gets of the user's. No secret is in it: those are in the files and behind the sockets. */
export interface SharedThings {
  mounts: readonly SharedMount[];
  environment: Readonly<Record<string, string>>;
}

/** Always read-only. A socket can be spoken to all the same. */
export interface SharedMount {
  source: string;
  target: string;
}

export interface ShareRequest {
  /** Ids of what was agreed to. What is not there (any more) is left out. */
  ids: readonly string[];
  /** The folder that the agent works in, on this machine and in the container. */
  folder: string;
  target: string;
  /** The agent's home in the container. */
  homeFolder: string;
  user: { uid: number; gid: number };
}

export interface ShareTools {
  host: Host;
  /** A folder of this extension's own, for what is made to be mounted. */
  folder: string;
  channel: GitCredentialChannel;
}

const places = {
  sshAgent: '/run/kandev/ssh-agent',
  channel: '/run/kandev/git-credentials',
  // The system's, so that what the agent configures in its home or in the repository wins.
  gitConfig: '/etc/gitconfig',
  // Every ssh reads it, whatever its home is.
  knownHosts: '/etc/ssh/ssh_known_hosts',
} as const;

/** Makes ready what a container gets of what was agreed to. */
export async function shareCredentials(request: ShareRequest, tools: ShareTools): Promise<SharedThings> {
  const parts = await Promise.all([
    sshAgentPart(request, tools),
    knownHostsPart(request, tools),
    gitPart(request, tools),
    rawPart(request, tools),
  ]);
  return {
    mounts: parts.flatMap(({ mounts }) => mounts),
    environment: Object.assign({}, ...parts.map(({ environment }) => environment)) as Record<string, string>,
  };
}

const nothing: SharedThings = { mounts: [], environment: {} };

/**
 * The folder of the socket, so that an agent that is started again at the same place is found; but where that folder
 * holds anything else (/run/user/1000 has the session bus), the socket alone.
 */
async function sshAgentPart({ ids }: ShareRequest, { host }: ShareTools): Promise<SharedThings> {
  const socket = ids.includes('ssh-agent') ? await agentSocket(host) : null;
  if (socket === null) return nothing;
  const folder = path.dirname(socket);
  const isAlone = (await readdir(folder).catch(() => [])).length === 1;
  const inside = path.posix.join(places.sshAgent, path.basename(socket));
  return {
    mounts: [isAlone ? { source: folder, target: places.sshAgent } : { source: socket, target: inside }],
    environment: { SSH_AUTH_SOCK: inside },
  };
}

/** A copy: the file itself goes stale in a container when ssh replaces it. */
async function knownHostsPart({ ids }: ShareRequest, { host, folder }: ShareTools): Promise<SharedThings> {
  if (!ids.includes('known-hosts')) return nothing;
  const text = await readFile(path.join(host.homeFolder, '.ssh', 'known_hosts'), 'utf8').catch(() => null);
  if (text === null) return nothing;
  const source = await writeGenerated(folder, 'known-hosts', text);
  return { mounts: [{ source, target: places.knownHosts }], environment: {} };
}

async function gitPart(request: ShareRequest, { host, folder, channel }: ShareTools): Promise<SharedThings> {
  const { ids, user, target } = request;
  const identity = ids.includes('git-identity') ? await gitIdentity(host, request.folder) : null;
  const hosts = namesOf('git-credentials', ids);
  const store = ids.includes('git-credentials-file');
  if (!identity && hosts.length === 0 && !store) return nothing;
  const mounts: SharedMount[] = [];
  if (hosts.length > 0) mounts.push({ source: await channel.open(user), target: places.channel });
  const command = `!sh ${places.channel}/helper`;
  const helper = hosts.length > 0 ? { hosts, command } : null;
  const text = gitConfigText({ identity, folder: target, helper, store });
  mounts.push({ source: await writeGenerated(folder, 'gitconfig', text), target: places.gitConfig });
  return { mounts, environment: { GIT_CONFIG_SYSTEM: places.gitConfig } };
}

/** What the user has in their home, as it is. By its real path, where it is a link. */
async function rawPart({ ids, homeFolder }: ShareRequest, { host }: ShareTools): Promise<SharedThings> {
  const raw: [id: string, name: string][] = [
    ['ssh-folder', '.ssh'],
    ['git-config-file', '.gitconfig'],
    ['git-credentials-file', '.git-credentials'],
  ];
  const mounts = await Promise.all(
    raw.map(async ([id, name]): Promise<SharedMount[]> => {
      if (!ids.includes(id)) return [];
      const source = await realpath(path.join(host.homeFolder, name)).catch(() => null);
      return source === null ? [] : [{ source, target: `${homeFolder}/${name}` }];
    }),
  );
  return { mounts: mounts.flat(), environment: {} };
}
