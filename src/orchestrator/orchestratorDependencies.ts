import type { McpServer } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import type { HostSettings } from '../model/settings.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { RunDependencies } from './runInterfaces.ts';

export interface OrchestratorDependencies extends RunDependencies {
  tasks: TaskService;
  settings: HostSettings;
  agentTypes: () => readonly AgentType[];
  /** Those of the settings, with the names of variables in them. */
  mcpServers: () => readonly McpServer[];
}
