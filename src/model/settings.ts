/** What the user has set, as far as the services need it. Read each time, so that a change counts at once. */
export interface HostSettings {
  /** The open folder that agents work in; null when there is none. */
  folder(): string | null;
  /** The engine's endpoint; null when it is to be found. */
  dockerHost(): string | null;
  maxConcurrentRuns(): number;
  /** How long an agent may take from its start to its first answer. */
  startTimeoutSeconds(): number;
  /** How long a container whose work is done is kept for a follow-up. */
  keepContainerMinutes(): number;
  /** How long the exact record of what went over the wire in a run is kept. */
  wireRecordDays(): number;
  /** How large all those records may be together. */
  wireRecordMegabytes(): number;
  /** The user's own agent types as they were typed: not checked yet. */
  userAgents(): unknown;
  /** The values of these environment variables, as far as the user has them. */
  environment(names: readonly string[]): Readonly<Record<string, string>>;
}
