/** What the user can do about a failure or a refusal; each face turns it into its own button. */
export type UserAction =
  | { kind: 'retry'; taskId: string }
  | { kind: 'stopAndMove'; taskId: string; to: string }
  | { kind: 'stop'; taskId: string }
  | { kind: 'editTask'; taskId: string }
  /** Has the card work in a clone or copy of the folder, and starts it again. */
  | { kind: 'workInCopy'; taskId: string }
  | { kind: 'chooseDependencies'; taskId: string }
  | { kind: 'openFolder' }
  | { kind: 'showLog' }
  | { kind: 'openSetting'; setting: string }
  | { kind: 'openUrl'; url: string }
  | { kind: 'checkEngine' }
  | { kind: 'signIn'; agentTypeId: string }
  /** `registry` as in the name of an image; null for Docker Hub. */
  | { kind: 'registrySignIn'; registry: string | null }
  | { kind: 'credentials' }
  /** Whether agents' images are built on the workspace's devcontainer.json. */
  | { kind: 'devcontainer' }
  /** Lets the agent of a card reach a host; `entry` is the one for the list of hosts. */
  | { kind: 'allowHost'; taskId: string; entry: string }
  /** What the runs of a card may use: processors, memory, processes, network. */
  | { kind: 'editResources'; taskId: string }
  | { kind: 'exportDatabase' }
  | { kind: 'undoLast' }
  /** Containers that belong to nobody. */
  | { kind: 'cleanUp' }
  | { kind: 'reloadWindow' };

export type FailureReason =
  | 'invalid-input'
  | 'not-found'
  | 'refused'
  | 'run-active'
  | 'no-run'
  | 'already-resolved'
  | 'port-in-use'
  /** It is not any more what the caller has seen. */
  | 'changed'
  | 'cancelled'
  | 'agent-type-unknown'
  | 'no-folder'
  | 'untrusted'
  | 'engine-not-running'
  | 'engine-not-answering'
  | 'engine-permission'
  | 'engine-stuck'
  | 'image-missing'
  | 'image-build-failed'
  | 'registry-unreachable'
  | 'registry-denied'
  | 'engine-disk-full'
  | 'folder-not-visible'
  | 'command-missing'
  | 'setup-failed'
  | 'out-of-memory'
  | 'too-little-memory'
  | 'process-limit'
  | 'disk-full'
  | 'time-limit'
  | 'exited-before-initialize'
  | 'crashed'
  | 'no-answer'
  | 'protocol-version'
  | 'sign-in-needed'
  /** Whoever serves the model gives no more for now, by its limits or for want of credit. */
  | 'quota'
  /** Whoever serves the model has had too many requests in a short time. */
  | 'rate-limited'
  /** Whoever serves the model cannot be reached or cannot serve it. */
  | 'provider-unavailable'
  | 'agent-error'
  | 'window-closed'
  | 'storage'
  | 'internal';

/** What went wrong, in plain words, with the one thing to do about it. It is stored and sent between processes. */
export interface Failure {
  reason: FailureReason;
  /** One or two sentences: what happened, and to what. */
  message: string;
  /** More for those who look: the end of stderr, an exit code. */
  detail?: string;
  action?: UserAction;
}

/** Something that the user should know although nobody asked for it. */
export interface Notice {
  severity: 'info' | 'warning' | 'error';
  message: string;
  action?: UserAction;
}

/** An error that a user reads. Everything that is thrown on purpose is one of these. */
export class UserError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = 'UserError';
    this.failure = failure;
  }
}

/** Tells the user of an error that nobody waits for. */
export function errorNotice({ failure: { message, action } }: UserError): Notice {
  return { severity: 'error', message, ...(action ? { action } : {}) };
}

/** The failure behind any thrown value; what nobody foresaw becomes `internal` and is worth a bug report. */
export function failureOf(error: unknown): Failure {
  if (error instanceof UserError) return error.failure;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    reason: 'internal',
    message: 'Something in Kandev went wrong that should not have. The log has the details.',
    detail,
    action: { kind: 'showLog' },
  };
}
