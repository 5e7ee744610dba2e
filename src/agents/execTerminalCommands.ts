import { finished } from 'node:stream/promises';
import type { RunningCommand, TerminalCommand, TerminalHandlers } from '../acp/clientHandlers.ts';
import { errorCodes, RefusedError } from '../acp/errors.ts';
import type { TerminalExit } from '../acp/types.ts';
import { UserError } from '../model/failure.ts';
import { settledWithin } from './deadline.ts';
import { FrameParser } from './demultiplex.ts';
import {
  recordedExit,
  runQuietly,
  signalGroup,
  startExec,
  startFailure,
  terminalExit,
  type ExecContainer,
  type StartedExec,
} from './execTerminal.ts';

/**
 * Runs "$@" with its stdout and stderr as one stream, in the order in which they were written, and tells on the other
 * stream what the engine does not, or not in time: the process group's leader, and the exit code. The engine's own
 * word comes only when nothing holds the output open any more, and a command may leave a server behind that does.
 * The shell outlives a SIGTERM, so that it can tell how the command has ended. Whatever else it says, such as that the
 * command was killed, is not the command's.
 */
const wrapper = 'trap : TERM HUP INT; echo "leader $$" >&2; (exec "$@") 2>&1; echo "exit $?" >&2';

/** Tells the commands in a container, and all that they have started, from the agent itself. */
const commandMark = 'KANDEV_COMMAND';

/** Between the exit and the last of the output, which come on ways of their own. */
const lastOutputMs = 300;
/** How long a command may take to end when it is asked to, before it is made to. */
const termMs = 2_000;
const killMs = 1_000;

const stdoutType = 1;

/** Runs the commands of one agent in its container, as that agent's user. */
export class ContainerCommands implements TerminalHandlers {
  readonly #container: ExecContainer;

  constructor(container: ExecContainer) {
    this.#container = container;
  }

  /** @throws RefusedError with the reason in words: no such folder, no shell in the image, the container has ended */
  async start(command: TerminalCommand, onOutput: (bytes: Uint8Array) => void): Promise<RunningCommand> {
    const cwd = command.cwd ?? this.#container.workingDirectory;
    const env = {
      ...Object.fromEntries(command.env.map(({ name, value }) => [name, value])),
      [commandMark]: command.terminalId,
    };
    const argv = ['sh', '-c', wrapper, 'sh', ...argvOf(command)];
    try {
      const exec = await startExec(this.#container, { argv, env, cwd, tty: false });
      const running = new ContainerCommand(this.#container, exec, onOutput);
      const refusal = await this.#container.engine
        .call('starting a command', () => running.started)
        .finally(() => {
          if (!running.isStarted) exec.socket.destroy();
        });
      if (refusal !== null) throw startFailure(refusal, cwd);
      return running;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const code =
        error.failure.reason === 'invalid-input' ? errorCodes.invalidParams : errorCodes.internalError;
      throw new RefusedError(code, error.message, { cause: error });
    }
  }
}

/**
 * Ends the commands that another process has started in a container: what they print reaches nobody any more.
 *
 * @throws as startExec
 */
export async function endCommands(container: ExecContainer): Promise<void> {
  const script = `for p in /proc/[0-9]*; do tr '\\0' '\\n' <"$p/environ" 2>/dev/null | grep -q '^${commandMark}=' && kill -s KILL "\${p#/proc/}"; done; echo done`;
  await runQuietly(container, script, 'ending commands');
}

/** Some agents put a whole line of shell where the program belongs. */
function argvOf({ command, args }: Pick<TerminalCommand, 'command' | 'args'>): readonly string[] {
  return args.length === 0 && /\s/.test(command.trim()) ? ['sh', '-c', command] : [command, ...args];
}

class ContainerCommand implements RunningCommand {
  readonly exited: Promise<TerminalExit>;
  /** Null once the command runs, or what the engine said in the place of its output. */
  readonly started: Promise<string | null>;
  readonly #container: ExecContainer;
  readonly #settle: (exit: TerminalExit) => void;
  #leader: number | null = null;
  /** What came before it was known to run: of the command, or of the engine. */
  #early: Buffer[] | null = [];
  #told = '';

  constructor(container: ExecContainer, exec: StartedExec, onOutput: (bytes: Uint8Array) => void) {
    this.#container = container;
    const exited = Promise.withResolvers<TerminalExit>();
    const started = Promise.withResolvers<string | null>();
    const ended = finished(exec.socket, { writable: false }).catch(() => undefined);
    this.exited = exited.promise;
    this.started = started.promise;
    this.#settle = exited.resolve;

    const onTold = (line: string): void => {
      const [, what, number] = /^(leader|exit) (\d+)$/.exec(line) ?? [];
      if (what === 'leader') {
        this.#leader = Number(number);
        for (const output of this.#early ?? []) onOutput(output);
        this.#early = null;
        started.resolve(null);
      } else if (what === 'exit') {
        void this.#endWith(terminalExit(Number(number)), ended);
      }
    };
    const parser = new FrameParser((type, output) => {
      if (type !== stdoutType) this.#readTold(output, onTold);
      else if (this.#early) this.#early.push(Buffer.from(output));
      else onOutput(output);
    });
    exec.socket.on('data', (chunk: Buffer) => {
      parser.push(chunk);
    });
    void ended.then(async () => {
      started.resolve(`${Buffer.concat(this.#early ?? []).toString()}${this.#told}`);
      // Without a word of the shell it was killed with the command, or the connection broke.
      this.#settle(terminalExit(await recordedExit(container, exec.id)));
    });
    void this.exited.then(() => exec.socket.destroy());
  }

  get isStarted(): boolean {
    return this.#leader !== null;
  }

  async kill(): Promise<void> {
    await this.#signal('TERM');
    await settledWithin(this.exited, termMs);
    // Also when it has ended: something that it has started may not have listened.
    await this.#signal('KILL');
    // The shell is gone too, and what has left its process group may hold the output open.
    if (!(await settledWithin(this.exited, killMs))) this.#settle(terminalExit(137));
  }

  async #signal(signal: string): Promise<void> {
    if (this.#leader === null) return;
    try {
      await signalGroup(this.#container, this.#leader, signal);
    } catch (error) {
      // With its container the command has ended too.
      if (!(error instanceof UserError) || error.failure.reason !== 'no-run') throw error;
    }
  }

  #readTold(output: Buffer, onLine: (line: string) => void): void {
    const lines = (this.#told + output.toString()).split('\n');
    this.#told = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  }

  async #endWith(exit: TerminalExit, ended: Promise<void>): Promise<void> {
    await settledWithin(ended, lastOutputMs);
    this.#settle(exit);
  }
}
