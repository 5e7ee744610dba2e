import { randomUUID } from 'node:crypto';
import type { RunningCommand, TerminalHandlers } from './clientHandlers.ts';
import { RefusedError, errorCodes, toError } from './errors.ts';
import { OutputTail } from './outputTail.ts';
import type { TerminalExit, TerminalPatch } from './types.ts';

/** What an agent may have kept, whatever limit it names. */
const maxOutputBytes = 8 * 1024 * 1024;
/** What is kept where it names none. */
const defaultOutputBytes = 1024 * 1024;

export interface TerminalRequest {
  sessionId: string | null;
  command: string;
  args: readonly string[];
  env: readonly { name: string; value: string }[];
  cwd: string | null;
  /** Bytes, or null. */
  outputByteLimit: number | null;
}

interface Terminal {
  readonly sessionId: string | null;
  readonly output: OutputTail;
  readonly running: RunningCommand;
  readonly exited: Promise<TerminalExit>;
  exit: TerminalExit | null;
}

/** The terminals of one connection: the commands that its agent had the client start, by id, until it releases them. */
export class Terminals {
  readonly #handlers: TerminalHandlers;
  readonly #onChange: (sessionId: string | null, patch: TerminalPatch) => void;
  readonly #onError: (error: Error) => void;
  readonly #terminals = new Map<string, Terminal>();
  #disposed = false;

  /** `onChange` hears of every command that is started, of all it prints, and of its end. */
  constructor(
    handlers: TerminalHandlers,
    onChange: (sessionId: string | null, patch: TerminalPatch) => void,
    onError: (error: Error) => void,
  ) {
    this.#handlers = handlers;
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Starts a command and returns its terminal's id. @throws what the handler throws */
  async create(request: TerminalRequest): Promise<string> {
    const { outputByteLimit, ...command } = request;
    const { sessionId } = request;
    const id = randomUUID();
    const output = new OutputTail(Math.min(outputByteLimit ?? defaultOutputBytes, maxOutputBytes));
    this.#onChange(sessionId, {
      id,
      command: [request.command, ...request.args].map(quoted).join(' '),
      cwd: request.cwd ?? undefined,
    });
    let running: RunningCommand;
    try {
      running = await this.#handlers.start({ ...command, terminalId: id }, (bytes) => {
        this.#onChange(sessionId, { id, output: output.write(bytes) });
      });
    } catch (error) {
      this.#onChange(sessionId, { id, exit: { exitCode: null, signal: null } });
      throw error;
    }
    const exited = running.exited.catch((error: unknown) => {
      this.#report(error);
      return { exitCode: null, signal: null };
    });
    const terminal: Terminal = { sessionId, output, running, exited, exit: null };
    void exited.then((exit) => {
      terminal.exit = exit;
      this.#onChange(sessionId, { id, output: output.end(), exit });
    });
    this.#terminals.set(id, terminal);
    // The connection may have been closed while the command was being started.
    if (this.#disposed) await this.release(id);
    return id;
  }

  /** @throws RefusedError if there is no such terminal, or no longer */
  output(id: string): { output: string; truncated: boolean; exitStatus?: TerminalExit } {
    const { output, exit } = this.#find(id);
    return {
      output: output.text,
      truncated: output.truncated,
      ...(exit === null ? {} : { exitStatus: exit }),
    };
  }

  /** @throws RefusedError as {@link output} */
  waitForExit(id: string): Promise<TerminalExit> {
    return this.#find(id).exited;
  }

  /** Ends the command; the terminal can still be asked for its output and exit. @throws RefusedError */
  async kill(id: string): Promise<void> {
    const { running, exit } = this.#find(id);
    if (exit === null) await running.kill();
  }

  /** Ends the command and forgets the terminal. What it has printed stays with the session. @throws RefusedError */
  async release(id: string): Promise<void> {
    const { running, exit } = this.#find(id);
    this.#terminals.delete(id);
    if (exit === null) await running.kill();
  }

  /** Releases what a session, or everybody, has left behind. */
  releaseAll(sessionId?: string): void {
    for (const [id, terminal] of this.#terminals) {
      if (sessionId !== undefined && terminal.sessionId !== sessionId) continue;
      this.release(id).catch((error: unknown) => {
        this.#report(error);
      });
    }
  }

  /** Releases all, and what is started from now on at once. */
  dispose(): void {
    this.#disposed = true;
    this.releaseAll();
  }

  #find(id: string): Terminal {
    const terminal = this.#terminals.get(id);
    if (terminal === undefined) {
      throw new RefusedError(errorCodes.notFound, `There is no terminal ${id}, or it was released.`);
    }
    return terminal;
  }

  #report(error: unknown): void {
    this.#onError(toError(error));
  }
}

/** As one would type it in a shell; agents mostly say `sh -c "…"`. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
