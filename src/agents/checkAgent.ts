import { randomUUID } from 'node:crypto';
import { chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { openConnection, type AcpConnection } from '../acp/connection.ts';
import { AcpError } from '../acp/errors.ts';
import { withSignIn } from '../acp/signIn.ts';
import type { AgentCapabilities, AuthMethod, ConfigOption, Implementation } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import type { AgentManager } from './agentManager.ts';
import type { LaunchProgress } from './launchRequest.ts';
import type { AgentProcess, ExitInfo } from './agentProcess.ts';
import { checkTaskId } from './labels.ts';
import { automaticSignIn } from './registry.ts';

export interface AgentCheck {
  agents: Pick<AgentManager, 'launch'>;
  agentType: AgentType;
  /** As for a run: values for the agent type's environment names. */
  environment: Readonly<Record<string, string>>;
  /** The folder that runs work in: the check works for its owner, in an empty folder of its own. Null when none is open. */
  folder: string | null;
  /** A folder of this extension's own. */
  storageFolder: string;
  clientVersion: string;
  /** How long the agent may take for each answer. */
  timeoutMs: number;
  progress: LaunchProgress;
  signal: AbortSignal;
}

/** What an agent is and can do, as it said itself. */
export interface AgentReport {
  /** Its name and version; null where it does not say. */
  agent: Implementation | null;
  protocolVersion: number;
  capabilities: AgentCapabilities;
  authMethods: readonly AuthMethod[];
  signIn: SignInState;
  /** Modes, models and whatever else can be chosen; none where it wants a sign-in first. */
  options: readonly ConfigOption[];
  /** From the image being there until the container ran. */
  startMs: number;
  /** From then on until the agent had answered `initialize`. */
  initializeMs: number;
}

export type SignInState =
  /** It opens a session: the user is signed in, or need not be. */
  | { kind: 'ready' }
  /** `message` is the agent's own word for it. */
  | { kind: 'needed'; message: string }
  /** It opens a session in any case: only a prompt would tell. */
  | { kind: 'unknown' };

/** An agent that could be started, and then did not do. */
export class AgentCheckFailed extends Error {
  /** How its process ended; null when it was still there. */
  readonly exit: ExitInfo | null;
  readonly initialized: boolean;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;

  constructor(error: AcpError, details: Pick<AgentCheckFailed, 'exit' | 'initialized' | 'stderr'>) {
    super(error.message, { cause: error });
    this.name = 'AgentCheckFailed';
    this.exit = details.exit;
    this.initialized = details.initialized;
    this.stderr = details.stderr;
  }

  /** What went wrong in the conversation; `closed` when the agent's process has ended. */
  get error(): AcpError {
    return this.cause as AcpError;
  }
}

/**
 * Starts an agent as for a run, asks it what it can do, and stops it. Nothing is left but its image and the volume of
 * its type, and no prompt is sent: it costs nothing.
 *
 * @throws UserError as AgentManager.launch; AgentCheckFailed; the signal's reason
 */
export async function checkAgent(check: AgentCheck): Promise<AgentReport> {
  const { agents, agentType, environment, progress, signal } = check;
  const folder = await makeFolder(check);
  let startedAt = performance.now();
  const starting = (): void => {
    startedAt = performance.now();
    progress.starting();
  };
  try {
    const process = await agents.launch(
      {
        runId: `check-${randomUUID()}`,
        taskId: checkTaskId,
        agentType,
        folder,
        isOwnFolder: true,
        environment,
        outlives: false,
      },
      {
        activity: progress.activity.bind(progress),
        log: progress.log.bind(progress),
        stderr: progress.stderr.bind(progress),
        starting,
      },
      signal,
    );
    const startMs = performance.now() - startedAt;
    try {
      return { startMs, ...(await ask(process, check)) };
    } finally {
      await process.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeFolder({ folder, storageFolder }: AgentCheck): Promise<string> {
  await mkdir(storageFolder, { recursive: true });
  const made = await mkdtemp(path.join(storageFolder, 'check-'));
  if (folder !== null && process.getuid?.() === 0) {
    const { uid, gid } = await stat(folder);
    await chown(made, uid, gid);
  }
  return made;
}

async function ask(process: AgentProcess, check: AgentCheck): Promise<Omit<AgentReport, 'startMs'>> {
  const { agentType, clientVersion, signal } = check;
  const connection = openConnection({
    stdin: process.stdin,
    stdout: process.stdout,
    clientInfo: { name: 'kandev-vscode', title: 'Kandev for VS Code', version: clientVersion },
    dialect: agentType.dialect,
    terminalSignIn: process.openTerminal !== undefined,
    // Nobody has asked it to do anything.
    handlers: { requestPermission: () => Promise.resolve({ outcome: 'cancelled' }) },
  });
  let initialized = false;
  try {
    const limits = { timeoutMs: check.timeoutMs, signal };
    const begun = performance.now();
    const { agentInfo, authMethods, protocolVersion, capabilities } = await connection.initialize(limits);
    initialized = true;
    return {
      agent: agentInfo,
      protocolVersion,
      capabilities,
      authMethods,
      initializeMs: performance.now() - begun,
      ...(await openSession(connection, authMethods, process, check)),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AcpError)) throw error;
    const exit = error.reason === 'closed' ? await process.exited : null;
    throw new AgentCheckFailed(error, { exit, initialized, stderr: process.stderrTail() });
  } finally {
    connection.dispose();
  }
}

async function openSession(
  connection: AcpConnection,
  authMethods: readonly AuthMethod[],
  process: AgentProcess,
  { agentType, environment, timeoutMs, signal }: AgentCheck,
): Promise<Pick<AgentReport, 'signIn' | 'options'>> {
  const limits = { timeoutMs, signal };
  const options = { cwd: process.workingDirectory, mcpServers: [] };
  const method = authMethods.find(({ id }) => id === automaticSignIn(agentType, environment));
  try {
    const { state } = await withSignIn(
      () => connection.newSession(options, limits),
      async () => {
        if (method) await connection.authenticate(method.id, limits);
        return method !== undefined;
      },
    );
    const tellsLater = agentType.signIn?.missingUntil === 'prompt';
    return { signIn: { kind: tellsLater ? 'unknown' : 'ready' }, options: [...state.options] };
  } catch (error) {
    if (!(error instanceof AcpError) || error.reason !== 'auth-required') throw error;
    return { signIn: { kind: 'needed', message: error.message }, options: [] };
  }
}
