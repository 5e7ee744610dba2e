import { randomUUID } from 'node:crypto';
import { openConnection } from '../acp/connection.ts';
import { AcpError } from '../acp/errors.ts';
import { signInCommand } from '../acp/signIn.ts';
import type { AuthMethod } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import type { SignInWay } from '../model/signIn.ts';
import type { AgentManager } from './agentManager.ts';
import type { LaunchProgress } from './launchRequest.ts';
import type { ContainerTerminal, TerminalRequest } from './execTerminalSession.ts';
import { signInTaskId } from './labels.ts';

export interface SignIn {
  agents: Pick<AgentManager, 'launch'>;
  agentType: AgentType;
  /** As for a run: values for the agent type's environment names. */
  environment: Readonly<Record<string, string>>;
  /** A folder of Kandev's own: what is kept of the sign-in belongs to its owner. */
  folder: string;
  progress: LaunchProgress;
  signal: AbortSignal;
}

/** Waits for its container to be removed; a shell is there wherever terminals are. */
const idle = ['sh', '-c', 'while read -r line; do :; done'];

/**
 * The ways to sign in: a type's own command goes before the methods that the agent names. Only variables of the type
 * are given to it, so that an agent cannot have others by naming them.
 */
export function signInWays(agentType: AgentType, methods: readonly AuthMethod[]): SignInWay[] {
  const variables = agentType.environment.map((name) => ({ kind: 'variable', name }) as const);
  const command = agentType.signIn?.command;
  if (command) return [...variables, { kind: 'terminal', name: null, command, env: {} }];
  return [
    ...variables,
    ...methods.flatMap((method): SignInWay[] => {
      const { id, name, type } = method;
      if (type === 'terminal')
        return [{ kind: 'terminal', name, ...signInCommand(method, agentType.command) }];
      if (type === 'env_var') {
        const given = method.variables.every((variable) => agentType.environment.includes(variable.name));
        return given && method.variables.length > 1
          ? [{ kind: 'variables', name, variables: method.variables }]
          : [];
      }
      return type === 'agent' ? [{ kind: 'agent', name, methodId: id }] : [];
    }),
  ];
}

/**
 * Opens a terminal with what signs in, in a container like that of a run, so that the sign-in is kept where runs find
 * it. The container is gone when `exited` has settled, or `close`.
 *
 * @throws UserError as AgentManager.launch and openTerminal; the signal's reason
 */
export async function openSignInTerminal(
  signIn: SignIn,
  request: TerminalRequest,
): Promise<ContainerTerminal> {
  // The agent itself may end at once because nobody is signed in, and would take the container along.
  const process = await launch({ ...signIn, agentType: { ...signIn.agentType, command: idle } });
  try {
    if (!process.openTerminal) throw noTerminal(signIn.agentType);
    const terminal = await process.openTerminal(request);
    signIn.signal.throwIfAborted();
    const exited = terminal.exited.then(async (exit) => {
      // A stuck engine is no reason to deny that the sign-in has worked; what it keeps is removed later.
      await process.dispose().catch(() => undefined);
      return exit;
    });
    return {
      stream: terminal.stream,
      exited,
      resize: (size) => terminal.resize(size),
      close: async () => {
        await terminal.close();
        await process.dispose();
      },
    };
  } catch (error) {
    await process.dispose();
    throw error;
  }
}

/**
 * Has an agent sign its user in by a method of its own.
 *
 * @throws UserError as AgentManager.launch, and `sign-in-needed` when it did not work; the signal's reason
 */
export async function signInByAgent(signIn: SignIn, methodId: string, clientVersion: string): Promise<void> {
  const { agentType, signal } = signIn;
  const process = await launch(signIn);
  const connection = openConnection({
    stdin: process.stdin,
    stdout: process.stdout,
    clientInfo: { name: 'kandev-vscode', title: 'Kandev for VS Code', version: clientVersion },
    dialect: agentType.dialect,
    handlers: { requestPermission: () => Promise.resolve({ outcome: 'cancelled' }) },
  });
  try {
    await connection.initialize({ signal });
    await connection.authenticate(methodId, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AcpError)) throw error;
    throw new UserError(
      {
        reason: 'sign-in-needed',
        message: `${agentType.name} could not sign you in: ${error.message}`,
        action: { kind: 'signIn', agentTypeId: agentType.id },
      },
      { cause: error },
    );
  } finally {
    connection.dispose();
    await process.dispose();
  }
}

function launch({ agents, agentType, environment, folder, progress, signal }: SignIn) {
  const runId = `sign-in-${randomUUID()}`;
  return agents.launch(
    { runId, taskId: signInTaskId, agentType, folder, isOwnFolder: true, environment, outlives: false },
    progress,
    signal,
  );
}

function noTerminal({ name }: AgentType): UserError {
  return new UserError({
    reason: 'refused',
    message: `No terminal can be opened beside ${name}. Sign in by an environment variable instead.`,
  });
}
