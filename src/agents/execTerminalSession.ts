import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { TerminalExit } from '../acp/types.ts';
import { settledWithin } from './deadline.ts';
import type { Engine } from './engine.ts';
import {
  recordedExit,
  signalGroup,
  startExec,
  startFailure,
  terminalExit,
  type ExecContainer,
} from './execTerminal.ts';

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface TerminalRequest {
  /** Left out: a shell. */
  command?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** In the container; left out: the folder that the agent works in. */
  cwd?: string;
  size: TerminalSize;
}

/** A command in a container with a terminal of its own, for somebody to type into. */
export interface ContainerTerminal {
  /** What is typed goes in, what is shown comes out, both as bytes of UTF-8. It ends with the command. */
  readonly stream: Duplex;
  /** Settles when the command has ended and all that it showed was read; never rejects. 0 after a sign-in: it worked. */
  readonly exited: Promise<TerminalExit>;
  /** Never rejects: a command that has ended has no size. */
  resize(size: TerminalSize): Promise<void>;
  /** Hangs up, as closing a terminal's window does, and makes an end of what does not listen to that. */
  close(): Promise<void>;
}

/**
 * Names the process group, and waits for the word to go on: only a terminal that is open can be given its size, and
 * programs look at it first of all.
 */
const wrapper =
  'echo "leader $$"; read -r go; [ $# -gt 0 ] && exec "$@"; command -v bash >/dev/null && exec bash; exec sh';

const hangUpMs = 1_000;
const killMs = 1_000;
const headerLimit = 8 * 1024;

/**
 * Opens a terminal in an agent's container: for the user to look around, or for an agent's own way to sign in.
 *
 * @throws UserError `no-run` when the container does not run, `command-missing` when it has no shell, `invalid-input`
 *   when it has no such folder, and what Engine.call throws
 */
export async function openTerminal(
  container: ExecContainer,
  { command = [], env = {}, cwd = container.workingDirectory, size }: TerminalRequest,
): Promise<ContainerTerminal> {
  const argv = ['sh', '-c', wrapper, 'sh', ...command];
  const terminalEnv = { TERM: 'xterm-256color', ...env };
  const { id, socket } = await startExec(container, { argv, env: terminalEnv, cwd, tty: true });
  const resize = (to: TerminalSize): Promise<void> => setSize(container.engine, id, to);
  const leader = await container.engine
    .call('opening a terminal', async () => {
      const header = await readTo(socket, /leader (\d+)\r?\n/);
      if (header.match === null) throw startFailure(header.text, cwd);
      await resize(size);
      socket.write('\n');
      // The terminal shows what it is told.
      await readTo(socket, /\r?\n/);
      return Number(header.match[1]);
    })
    .catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
  const exited = finished(socket, { writable: false })
    .catch(() => undefined)
    .then(async () => terminalExit(await recordedExit(container, id)));
  let closed = false;
  return {
    stream: socket,
    exited,
    resize,
    close: async () => {
      if (closed) return;
      closed = true;
      // Nobody reads any more, and an unread stream would keep the end from being told.
      socket.resume();
      await signalGroup(container, leader, 'HUP').catch(() => undefined);
      await settledWithin(exited, hangUpMs);
      // Also when it has ended: something that it has started may not have listened.
      await signalGroup(container, leader, 'KILL').catch(() => undefined);
      await settledWithin(exited, killMs);
      socket.destroy();
    },
  };
}

async function setSize(engine: Engine, execId: string, { columns, rows }: TerminalSize): Promise<void> {
  try {
    await engine.call('resizing a terminal', (docker, abortSignal) =>
      docker.getExec(execId).resize({ h: rows, w: columns, abortSignal }),
    );
  } catch {
    // It has ended, or it stays as it is.
  }
}

/** Takes a stream's bytes up to the end of the first match; null when it ends before. The rest stays in the stream. */
async function readTo(
  stream: Duplex,
  pattern: RegExp,
): Promise<{ text: string; match: RegExpExecArray | null }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) {
      if (stream.readableEnded || stream.destroyed || bytes.length > headerLimit) break;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stream.off('readable', done).off('end', done).off('close', done);
          resolve();
        };
        stream.on('readable', done).on('end', done).on('close', done);
      });
      continue;
    }
    bytes = Buffer.concat([bytes, chunk]);
    // One byte a character, so that a place in the text is one in the bytes.
    const match = pattern.exec(bytes.toString('latin1'));
    if (match === null) continue;
    const rest = bytes.subarray(match.index + match[0].length);
    if (rest.length > 0) stream.unshift(rest);
    return { text: bytes.toString(), match };
  }
  return { text: bytes.toString(), match: null };
}
