import type { McpServer } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import type { HostSettings } from '../model/settings.ts';
import type { Task } from '../model/task.ts';
import type { CredentialDesk } from './credentialDesk.ts';
import type { DevcontainerDesk } from './devcontainerDesk.ts';
import { withVariables } from './mcpServers.ts';
import type { RunSettings } from './runInterfaces.ts';
import { placeOf } from './runPlace.ts';

export interface RunSettingsSources {
  settings: HostSettings;
  mcpServers: () => readonly McpServer[];
  credentials: CredentialDesk;
  devcontainers: DevcontainerDesk;
}

/** What a run is given, as the settings and its card now have it. */
export async function runSettingsOf(
  task: Task,
  agentType: AgentType,
  folder: string,
  { settings, mcpServers, credentials, devcontainers }: RunSettingsSources,
): Promise<RunSettings> {
  const { shared, environment, serverEnvironment } = await credentials.grant(agentType);
  return {
    folder,
    place: placeOf(task, folder, settings.workspace()),
    startTimeoutSeconds: settings.startTimeoutSeconds(),
    environment,
    mcpServers: withVariables(mcpServers(), serverEnvironment),
    optionDefaults: settings.optionDefaults(agentType.id),
    base: await devcontainers.grant(agentType, task),
    secrets: credentials.secrets,
    shared,
  };
}
