import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  commonVariables,
  credentialId,
  type CredentialKind,
  type CredentialOffer,
} from '../model/credential.ts';
import { gitIdentity } from './gitIdentity.ts';
import { hasHelper, remoteHosts } from './gitHosts.ts';
import type { Host } from './host.ts';
import { agentSocket, countKeys } from './sshAgent.ts';

export interface SurveyRequest {
  /** The folder that agents work in. */
  folder: string | null;
  /** Variables that are set where VS Code was started, and that some agent would be given. */
  variables: readonly string[];
  /** Whether the engine is on this machine, so that it can mount what is here. */
  engineIsHere: boolean;
  /** Hosts that were agreed to, whether a remote is there or not. */
  hosts: readonly string[];
}

/** What there is on this machine that agents could be given. Nothing of it is opened that is a secret. */
export async function surveyHost(host: Host, request: SurveyRequest): Promise<CredentialOffer[]> {
  const owner = request.folder === null ? null : await ownerOf(request.folder);
  // Without capabilities root is nobody in particular in a container: agents are the owner of the folder then.
  const sameUser = host.uid !== 0 || owner === null || owner === 0;
  const place = { host, request, sameUser };
  const found = await Promise.all([
    identityOffer(place),
    agentOffer(place),
    knownHostsOffer(place),
    gitCredentialOffers(place),
    Promise.resolve(variableOffers(place)),
    sshFolderOffer(place),
    fileOffer(place, 'git-config-file', '.gitconfig'),
    fileOffer(place, 'git-credentials-file', '.git-credentials'),
  ]);
  return found.flat();
}

interface Place {
  host: Host;
  request: SurveyRequest;
  /** Whether agents run as the user of this process. */
  sameUser: boolean;
}

const elsewhere = 'the Docker engine is on another machine, which has no access to this one';
const otherUser = 'agents run as the owner of the folder, who is another user than you';

function offer(
  kind: CredentialKind,
  found: string,
  missing: string | null,
  name: string | null = null,
): CredentialOffer {
  return { id: credentialId(kind, name), kind, name, found: missing === null ? found : '', missing };
}

async function identityOffer({ host, request }: Place): Promise<CredentialOffer> {
  const { name, email } = await gitIdentity(host, request.folder);
  if (!request.engineIsHere) return offer('git-identity', '', elsewhere);
  if (name === null && email === null)
    return offer('git-identity', '', 'git has neither user.name nor user.email');
  return offer('git-identity', [name, email === null ? null : `<${email}>`].filter(Boolean).join(' '), null);
}

async function agentOffer({ host, request, sameUser }: Place): Promise<CredentialOffer> {
  const missing = (why: string): CredentialOffer => offer('ssh-agent', '', why);
  if (host.platform !== 'linux') {
    return missing(
      'Docker Desktop passes an ssh-agent on to root alone (/run/host-services/ssh-auth.sock), and agents do not run as root',
    );
  }
  if (!request.engineIsHere) return missing(elsewhere);
  if (!host.environment.SSH_AUTH_SOCK) return missing('no ssh-agent runs where VS Code was started');
  const socket = await agentSocket(host);
  if (socket === null) return missing('the socket that SSH_AUTH_SOCK names is gone');
  if (!sameUser) return missing(otherUser);
  const keys = await countKeys(socket);
  if (keys === null) return missing('the ssh-agent does not answer');
  return offer('ssh-agent', keys === 1 ? '1 key' : `${keys} keys`, null);
}

async function knownHostsOffer({ host, request }: Place): Promise<CredentialOffer> {
  const file = path.join(host.homeFolder, '.ssh', 'known_hosts');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (!request.engineIsHere) return offer('known-hosts', '', elsewhere);
  if (text === null) return offer('known-hosts', '', 'there is no ~/.ssh/known_hosts that can be read');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')).length;
  return offer('known-hosts', lines === 1 ? '1 host key' : `${lines} host keys`, null);
}

async function gitCredentialOffers({ host, request }: Place): Promise<CredentialOffer[]> {
  const hosts = [...new Set([...(await remoteHosts(host, request.folder)), ...request.hosts])];
  if (hosts.length === 0)
    return [offer('git-credentials', '', 'the folder has no remote that git reaches by https')];
  return Promise.all(
    hosts.map(async (server) => {
      const why = await whyNoHelper(host, request, server);
      return offer('git-credentials', '', why, server);
    }),
  );
}

async function whyNoHelper(host: Host, request: SurveyRequest, server: string): Promise<string | null> {
  if (host.platform !== 'linux') {
    return 'Docker Desktop cannot mount the socket that the container would ask through; share GITHUB_TOKEN or GITLAB_TOKEN instead';
  }
  if (!request.engineIsHere) return elsewhere;
  return (await hasHelper(host, server)) ? null : 'your git has no credential.helper for it';
}

function variableOffers({ request }: Place): CredentialOffer[] {
  const set = new Set(request.variables);
  const unset = commonVariables.filter((name) => !set.has(name));
  return [
    ...[...set].sort().map((name) => offer('environment', '', null, name)),
    ...unset.map((name) => offer('environment', '', 'it is not set where VS Code was started', name)),
  ];
}

async function sshFolderOffer({ host, request, sameUser }: Place): Promise<CredentialOffer> {
  const folder = path.join(host.homeFolder, '.ssh');
  const names = await readdir(folder).catch(() => null);
  if (!request.engineIsHere) return offer('ssh-folder', '', elsewhere);
  if (names === null) return offer('ssh-folder', '', 'there is no ~/.ssh');
  if (!sameUser) return offer('ssh-folder', '', otherUser);
  const keys = names.filter((name) => /^id_[\w-]+$/.test(name));
  const unreadable = await countUnreadable(keys.map((name) => path.join(folder, name)));
  const count = keys.length === 1 ? '1 private key' : `${keys.length} private keys`;
  return offer(
    'ssh-folder',
    unreadable === 0 ? count : `${count}, ${unreadable} of which cannot be read: use the ssh-agent for these`,
    null,
  );
}

async function countUnreadable(files: readonly string[]): Promise<number> {
  const readable = await Promise.all(
    files.map((file) =>
      access(file, constants.R_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return readable.filter((one) => !one).length;
}

async function fileOffer(
  { host, request, sameUser }: Place,
  kind: CredentialKind,
  name: string,
): Promise<CredentialOffer> {
  const isFile = await stat(path.join(host.homeFolder, name)).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!request.engineIsHere) return offer(kind, '', elsewhere);
  if (!isFile) return offer(kind, '', `there is no ~/${name}`);
  return offer(kind, '', sameUser ? null : otherUser);
}

async function ownerOf(folder: string): Promise<number | null> {
  return stat(folder).then(
    ({ uid }) => uid,
    () => null,
  );
}
