import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A command that ended with another code than 0, with everything it printed. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly output: string;

  constructor(command: string, code: number | null, output: string) {
    super(`${command} ended with code ${code ?? 'none (killed)'}\n${output}`);
    this.output = output;
  }
}

interface RunOptions {
  cwd?: string;
  /** Added to this process's environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Ends the command and everything that it has started: asked first, killed after 5 s. */
  abort?: AbortSignal;
}

/**
 * Runs a command without a terminal and returns what it printed on both streams.
 * Throws CommandFailed when it ends with another code than 0, and ENOENT when there is no such command.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // With a group of its own it can be ended as a whole, and Ctrl+C in the terminal is left to us.
    detached: options.abort !== undefined,
  });
  const end = (): void => void endGroup(child);
  options.abort?.addEventListener('abort', end, { once: true });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  options.abort?.removeEventListener('abort', end);
  const output = Buffer.concat(chunks).toString();
  if (code !== 0) throw new CommandFailed([command, ...args].join(' '), code, output);
  return output;
}

/** Ends a child that leads a process group, and the group with it: asked first, killed after 5 s. */
export async function endGroup(leader: ChildProcess): Promise<void> {
  const { pid } = leader;
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  if (leader.exitCode === null && leader.signalCode === null) {
    const timer = setTimeout(signalGroup, 5000, pid, 'SIGKILL');
    await once(leader, 'exit');
    clearTimeout(timer);
  }
  signalGroup(pid, 'SIGKILL');
}

/** Sends a signal to all processes of a group, if there are any. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nothing is left of the group.
  }
}

/** Whether a process with this id lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
