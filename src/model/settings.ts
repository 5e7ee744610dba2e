/** What becomes of workspaces. A workspace cannot set it: it says what runs and what is copied to where agents read it. */
export interface WorkspaceSettings {
  /** For `sh`, run in the container before an agent first begins in a clone or copy; empty when there is none. */
  setupScript: string;
  setupLimitSeconds: number;
  /** Patterns of files that git ignores and that are copied into a clone or copy. */
  copyFiles: readonly string[];
  /** Patterns, as in `.gitignore`, of what neither checkpoints nor copies hold. */
  exclude: readonly string[];
}

/** What the user has set, as far as the services need it. Read each time, so that a change counts at once. */
export interface HostSettings {
  /** The open folder that agents work in; null when there is none. */
  folder(): string | null;
  /** The engine's endpoint; null when it is to be found. */
  dockerHost(): string | null;
  /** The git program that VS Code is set to use; null when it is to be found. */
  gitPath(): string | null;
  workspace(): WorkspaceSettings;
  maxConcurrentRuns(): number;
  /** How long an agent may take from its start to its first answer. */
  startTimeoutSeconds(): number;
  /** How long a container whose work is done is kept for a follow-up. */
  keepContainerMinutes(): number;
  runRules(): RunRules;
  agentCards(): AgentCardRules;
  /** What becomes of agents that are at work when VS Code is closed. */
  whenClosed(): 'keepRunning' | 'stop';
  /** How long the exact record of what went over the wire in a run is kept. */
  wireRecordDays(): number;
  /** How large all those records may be together. */
  wireRecordMegabytes(): number;
  /** The user's own agent types as they were typed: not checked yet. */
  userAgents(): unknown;
  /** The MCP servers that agents are given, as they were typed: not checked yet. */
  mcpServers(): unknown;
  /**
   * The values of these environment variables, as far as the user has them: those that were entered, and of the ones in
   * `fromHost` those of the process that VS Code was started in. They are secrets.
   */
  environment(
    names: readonly string[],
    fromHost: ReadonlySet<string>,
  ): Promise<Readonly<Record<string, string>>>;
  /** Which of these were not entered, and are set where VS Code was started. */
  hostVariables(names: readonly string[]): Promise<readonly string[]>;
  /** What is chosen before the first prompt to an agent of this type, by the ids of its options. */
  optionDefaults(agentTypeId: string): OptionDefaults;
}

/** What agents may do with cards of their own. A workspace cannot set it. */
export interface AgentCardRules {
  /** How many cards the agents of one card may create altogether; 0: none. */
  perCard: number;
  /** How many steps such cards may be away from one that a person has created. */
  depth: number;
  /** Whether they may have an agent begin with a card that they have created. */
  mayStart: boolean;
}

/** What becomes of runs that fail, stand still or go on for too long. */
export interface RunRules {
  /** How often a card is tried again by itself. */
  retries: number;
  /** How long after its first failure; after each further one, twice as long. */
  retryPauseSeconds: number;
  /** How long an agent may be silent in the middle of a turn before that is told of. */
  stallMinutes: number;
  /** How long it may work on one prompt; 0: without a limit. */
  turnLimitMinutes: number;
  /** How long it may work on all prompts of a run; 0: without a limit. */
  runLimitMinutes: number;
}

export type OptionDefaults = Readonly<Record<string, string | boolean>>;

/** What the setting `kandev.agentDefaults` says of an agent type. What makes no sense in it is passed over. */
export function optionDefaultsOf(setting: unknown, agentTypeId: string): OptionDefaults {
  const entries = fieldsOf(fieldsOf(setting).find(([id]) => id === agentTypeId)?.[1]);
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string | boolean] =>
        typeof entry[1] === 'string' || typeof entry[1] === 'boolean',
    ),
  );
}

function fieldsOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
