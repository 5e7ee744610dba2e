import { createRedactor, maskValues, secretsOf } from '../acp/redact.ts';
import type { McpServer } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import type { HostSettings } from '../model/settings.ts';
import type { Task } from '../model/task.ts';
import { variablesOf, withVariables } from './mcpServers.ts';
import type { RunSettings } from './runInterfaces.ts';
import { placeOf } from './runPlace.ts';

export interface RunSettingsSources {
  settings: HostSettings;
  mcpServers: () => readonly McpServer[];
}

/** What a run is given, as the settings and its card now have it. */
export async function runSettingsOf(
  task: Task,
  agentType: AgentType,
  folder: string,
  { settings, mcpServers }: RunSettingsSources,
): Promise<RunSettings> {
  const servers = mcpServers();
  const environment = await settings.environment(agentType.environment);
  const forServers = await settings.environment(variablesOf(servers));
  const secrets = [...secretsOf(environment), ...secretsOf(forServers)];
  return {
    folder,
    place: placeOf(task, folder, settings.workspace()),
    startTimeoutSeconds: settings.startTimeoutSeconds(),
    environment,
    mcpServers: withVariables(servers, forServers),
    optionDefaults: settings.optionDefaults(agentType.id),
    maskValues: maskValues(secrets),
    redact: createRedactor(secrets),
  };
}
