import { once } from 'node:events';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TerminalExit } from '../acp/types.ts';
import { UserError } from '../model/failure.ts';
import type { Engine } from './engine.ts';
import { messageOf, statusOf } from './engineFailure.ts';

/** A command to run beside the agent, in its container. */
export interface ExecRequest {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Absolute, in the container. */
  cwd: string;
  /** With a terminal of its own it takes input, and its output is one stream; else it is in the engine's frames. */
  tty: boolean;
  /** Takes input without a terminal too. */
  stdin?: boolean;
}

export interface StartedExec {
  id: string;
  socket: Duplex;
}

const inspectTries = 20;
const inspectPauseMs = 50;

/** Where a container runs, and what a failure of a command in it is explained with. */
export interface ExecContainer {
  engine: Engine;
  containerId: string;
  /** The folder that the agent works in. */
  workingDirectory: string;
}

/**
 * Starts a command. Engines tell only in its output that they could not.
 *
 * @throws UserError `no-run` when the container does not run; what Engine.call throws
 */
export async function startExec(
  { engine, containerId }: ExecContainer,
  { argv, env, cwd, tty, stdin = tty }: ExecRequest,
): Promise<StartedExec> {
  const short = containerId.slice(0, 12);
  try {
    const { id } = await engine.call(`preparing a command in container ${short}`, (docker, abortSignal) =>
      docker.getContainer(containerId).exec({
        Cmd: [...argv],
        Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
        WorkingDir: cwd,
        AttachStdin: stdin,
        AttachStdout: true,
        AttachStderr: true,
        Tty: tty,
        // Engines swallow the keys by which their own client leaves a terminal: by default one that shells use.
        ...(tty ? { DetachKeys: 'ctrl-^,ctrl-^,ctrl-^' } : {}),
        abortSignal,
      }),
    );
    const socket = await engine.call(
      `starting a command in container ${short}`,
      async (docker, abortSignal) => {
        const started = await docker
          .getExec(id)
          .start({ hijack: true, stdin: true, Tty: tty, Detach: false, abortSignal });
        // A connection that breaks shows by its end; with nobody listening the error would be fatal.
        started.on('error', () => undefined);
        if (abortSignal.aborted) started.destroy();
        return started;
      },
    );
    return { id, socket };
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 409) throw notRunning(error);
    // Newer engines refuse at once what older ones tell in the output.
    if (status !== null) throw startFailure(messageOf(error), cwd);
    throw error;
  }
}

/** Why a command was not started, from what the engine said in the place of its output. */
export function startFailure(said: string, cwd: string): UserError {
  const detail = said.trim();
  if (/exec: "sh"|executable file .*sh.* not found/.test(detail)) {
    return new UserError({
      reason: 'command-missing',
      message:
        "The agent's image has no shell (sh), so no other command can be run in its container. Use an image that has one.",
      detail,
    });
  }
  if (/chdir to cwd|no such file or directory.*cwd|getcwd/i.test(detail)) {
    return new UserError({
      reason: 'invalid-input',
      message: `There is no folder ${cwd} in the agent's container.`,
      detail,
    });
  }
  return new UserError({
    reason: 'refused',
    message: `The command could not be started in the agent's container${detail === '' ? '.' : `: ${detail}`}`,
    detail,
  });
}

/**
 * Sends a signal to all processes of a command. Engines have no way to end one: the command's own process group is
 * told, from inside.
 *
 * @param leader the process of the container that leads the group
 * @throws as startExec; a group that is gone already is fine
 */
export async function signalGroup(container: ExecContainer, leader: number, signal: string): Promise<void> {
  // The group, and where an engine has not made it one the process alone.
  const script = `kill -s ${signal} -- -${leader} 2>/dev/null || kill -s ${signal} ${leader} 2>/dev/null; echo sent`;
  await runQuietly(container, script, 'ending a command');
}

/**
 * Runs a short script in a container, until it prints something or ends.
 *
 * @throws as startExec
 */
export async function runQuietly(container: ExecContainer, script: string, doing: string): Promise<void> {
  const argv = ['sh', '-c', script];
  const { socket } = await startExec(container, { argv, env: {}, cwd: '/', tty: false });
  try {
    // Its end may be told much later, when another command has left something behind that holds its output open.
    await container.engine.call(doing, () =>
      Promise.race([once(socket, 'data'), once(socket, 'end'), once(socket, 'close')]),
    );
  } finally {
    socket.destroy();
  }
}

/** The exit code that the engine has recorded for a command that has ended; null when it does not say. */
export async function recordedExit({ engine }: ExecContainer, execId: string): Promise<number | null> {
  try {
    // The end of the output may be here before the record of the end.
    for (let tries = 0; tries < inspectTries; tries++) {
      const { Running, ExitCode } = await engine.call('looking at a command', (docker, abortSignal) =>
        docker.getExec(execId).inspect({ abortSignal }),
      );
      if (!Running) return ExitCode;
      await sleep(inspectPauseMs);
    }
  } catch {
    // Gone with its container, or the engine with it.
  }
  return null;
}

/** The signals that end a program that does not expect them. Others are more likely a program's own exit code. */
const deadlySignals = [
  'SIGINT',
  'SIGILL',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGKILL',
  'SIGSEGV',
  'SIGPIPE',
  'SIGTERM',
];
const signalOfCode = new Map(
  Object.entries(constants.signals)
    .filter(([name]) => deadlySignals.includes(name))
    .map(([name, number]) => [128 + number, name]),
);

/** An exit code as shells and engines tell it: 128 and more stand for a signal. */
export function terminalExit(exitCode: number | null): TerminalExit {
  return { exitCode, signal: exitCode === null ? null : (signalOfCode.get(exitCode) ?? null) };
}

function notRunning(cause: unknown): UserError {
  return new UserError(
    {
      reason: 'no-run',
      message: "The agent's container does not run any more. Start the card again.",
      detail: messageOf(cause),
    },
    { cause },
  );
}
