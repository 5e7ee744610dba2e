export interface SignInVariable {
  name: string;
  /** What the agent calls it. */
  label: string;
  secret: boolean;
  optional: boolean;
}

/** A way to sign in to an agent, as the user is offered it. */
export type SignInWay =
  /** By the value of an environment variable. */
  | { kind: 'variable'; name: string }
  /** By the values of several that belong together. */
  | { kind: 'variables'; name: string; variables: readonly SignInVariable[] }
  /** By a command in a terminal in the agent's container; exit code 0 means that it has worked. */
  | {
      kind: 'terminal';
      /** The agent's own name for it; null where it has none. */
      name: string | null;
      command: readonly string[];
      env: Readonly<Record<string, string>>;
    }
  /** By the agent itself, when it is asked to. */
  | { kind: 'agent'; name: string; methodId: string };
