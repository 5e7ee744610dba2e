import { homedir } from 'node:os';
import { join } from 'node:path';
import { AgentManager } from '../agents/agentManager.ts';
import { ConsentFile } from '../credentials/consent.ts';
import { DevcontainerAnswers } from '../credentials/devcontainerAnswers.ts';
import { GitCredentialChannel } from '../credentials/gitCredentialChannel.ts';
import type { Host } from '../credentials/host.ts';
import { secretsInFiles } from '../credentials/secretsInFiles.ts';
import { shareCredentials } from '../credentials/shareCredentials.ts';
import { surveyHost } from '../credentials/survey.ts';
import type { EventBus } from '../events/eventBus.ts';
import { CredentialDesk } from '../orchestrator/credentialDesk.ts';
import { DevcontainerDesk } from '../orchestrator/devcontainerDesk.ts';
import { variablesOf } from '../orchestrator/mcpServers.ts';
import type { SettingReaders } from '../orchestrator/settingReaders.ts';
import type { OpenKandevOptions } from './openKandev.ts';

export interface OpenedAgents {
  agents: AgentManager;
  credentials: CredentialDesk;
  devcontainers: DevcontainerDesk;
  channel: GitCredentialChannel;
}

/** This machine and its user. */
export function thisHost(environment: Host['environment']): Host {
  return {
    platform: process.platform,
    homeFolder: environment.HOME ?? homedir(),
    environment,
    uid: process.getuid?.() ?? null,
  };
}

/** The Agent Manager, and what its containers get of the user's: the desk keeps the word, the channel keeps to it. */
export function openAgents(
  options: OpenKandevOptions,
  host: Host,
  events: EventBus,
  readers: SettingReaders,
): OpenedAgents {
  const { settings, log, storageFolder } = options;
  const channel = new GitCredentialChannel({
    host,
    folder: join(options.agents.storageFolder, 'git-credentials'),
    allowed: () => credentials.gitHosts(),
    onGiven: (server, { password }) => {
      credentials.secrets.add([password]);
      log.info('', `An agent's git was given your password for ${server}.`);
    },
    onRefused: (server) => {
      log.info('', `An agent's git asked for your password for ${server}: you have not agreed to that.`);
    },
  });
  const folder = join(options.agents.storageFolder, 'shared');
  const agents = new AgentManager({
    ...options.agents,
    engineSetting: () => settings.dockerHost(),
    share: (request) => shareCredentials(request, { host, folder, channel }),
  });
  const credentials: CredentialDesk = new CredentialDesk({
    settings,
    consent: new ConsentFile(storageFolder),
    survey: (request) => surveyHost(host, request),
    secretsInFiles: (ids) => secretsInFiles(host, ids),
    agents,
    events,
    agentTypes: readers.agentTypes,
    serverVariables: () => variablesOf(readers.mcpServers()),
  });
  const answers = new DevcontainerAnswers(storageFolder);
  const devcontainers = new DevcontainerDesk({ settings, answers, events });
  return { agents, credentials, devcontainers, channel };
}
