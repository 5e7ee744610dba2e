import type { CommandResults } from '../api/contract.ts';

export type AgentReport = CommandResults['agent.check'];

/** What an agent is and can do, as lines for the log. */
export function reportLines(agentName: string, report: AgentReport): string[] {
  const { agent, protocolVersion, capabilities, options, authMethods, startMs, initializeMs } = report;
  return [
    `${agentName}: ${agent ? namedVersion(agent) : 'does not say its name and version'}`,
    `  protocol version: ${protocolVersion}`,
    `  sign-in: ${signInText(report.signIn)}`,
    `  ways to sign in that it names: ${listed(authMethods.map(({ name, type }) => `${name} (${type})`))}`,
    `  can: ${listed(capabilityNames(capabilities))}`,
    ...options.map((option) => `  ${option.name}: ${optionText(option)}`),
    `  time to start: ${seconds(startMs)}, to initialize: ${seconds(initializeMs)}`,
  ];
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function namedVersion({ name, title, version }: NonNullable<AgentReport['agent']>): string {
  const shown = title !== null && title !== '' && title !== name ? `${title} (${name})` : name;
  return version === '' ? shown : `${shown} ${version}`;
}

function signInText(signIn: AgentReport['signIn']): string {
  switch (signIn.kind) {
    case 'ready':
      return 'it opens a session, so nothing is missing';
    case 'needed':
      return `needed: ${signIn.message}`;
    case 'unknown':
      return 'it says so only when it is given work';
  }
}

/** The names of what is true in it, at whatever depth: `prompt.image`, `session.list`. */
function capabilityNames(capabilities: object, prefix = ''): string[] {
  return Object.entries(capabilities).flatMap(([name, value]: [string, unknown]) => {
    if (value === true) return [`${prefix}${name}`];
    return typeof value === 'object' && value !== null ? capabilityNames(value, `${prefix}${name}.`) : [];
  });
}

function optionText({ type, currentValue, choices }: AgentReport['options'][number]): string {
  if (type === 'boolean') return currentValue === true ? 'on' : 'off';
  return listed(choices.map(({ id, name }) => (id === currentValue ? `${name} (chosen)` : name)));
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
