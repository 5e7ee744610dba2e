import type { McpServer } from '../acp/types.ts';
import { resolveAgentTypes } from '../agents/registry.ts';
import type { AgentType } from '../model/agentType.ts';
import type { HostSettings } from '../model/settings.ts';
import { resolveMcpServers } from './mcpServers.ts';

export interface SettingReaders {
  agentTypes: () => readonly AgentType[];
  mcpServers: () => readonly McpServer[];
}

/** What agents there are and what they are given, as the settings now have it. Each mistake in them is told of once. */
export function settingReaders(settings: HostSettings, onProblem: (text: string) => void): SettingReaders {
  const told = new Set<string>();
  const tell = (problems: readonly string[]): void => {
    for (const problem of problems.filter((text) => !told.has(text))) {
      told.add(problem);
      onProblem(problem);
    }
  };
  return {
    agentTypes: () => {
      const { types, problems } = resolveAgentTypes(settings.userAgents());
      tell(problems);
      return types;
    },
    mcpServers: () => {
      const { servers, problems } = resolveMcpServers(settings.mcpServers());
      tell(problems);
      return servers;
    },
  };
}
