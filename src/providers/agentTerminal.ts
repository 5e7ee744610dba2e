import type { Duplex } from 'node:stream';
import { EventEmitter, l10n, ThemeIcon, window, type Pseudoterminal, type TerminalDimensions } from 'vscode';
import { failureOf } from '../model/failure.ts';

/** A command with a terminal of its own in an agent's container. */
export interface TerminalConnection {
  /** What is typed goes in, what is shown comes out, both as bytes of UTF-8. */
  readonly stream: Duplex;
  /** Settles when the command has ended and all that it showed was read; never rejects. */
  readonly exited: Promise<{ exitCode: number | null }>;
  resize(size: TerminalDimensions): Promise<void>;
  /** Ends the command, and removes what was started for it. */
  close(): Promise<void>;
}

/** Makes the connection; `say` shows a line in the terminal until then. */
export type ConnectTerminal = (
  size: TerminalDimensions,
  say: (line: string) => void,
  signal: AbortSignal,
) => Promise<TerminalConnection>;

/** As VS Code does it for a terminal that is not to be seen yet. */
const usualSize: TerminalDimensions = { columns: 80, rows: 30 };

/** A terminal of VS Code that shows a command in a container. It starts when it is shown. */
export class AgentTerminal implements Pseudoterminal {
  /** The command's exit code; null when it was closed before, and when it could not be started, which it shows. */
  readonly ended: Promise<number | null>;
  /** Settles when VS Code has drawn the terminal. */
  readonly drawn: Promise<unknown>;
  readonly #drawn = Promise.withResolvers<undefined>();
  readonly #connect: ConnectTerminal;
  readonly #write = new EventEmitter<string>();
  readonly #closed = new EventEmitter<void>();
  readonly #closing = new AbortController();
  readonly #end: (exitCode: number | null) => void;
  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#closed.event;
  #size: TerminalDimensions = usualSize;
  #connection: TerminalConnection | null = null;
  #over = false;

  constructor(connect: ConnectTerminal) {
    this.#connect = connect;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.ended = promise;
    this.drawn = this.#drawn.promise;
    this.#end = resolve;
  }

  open(size: TerminalDimensions | undefined): void {
    if (size) this.#size = size;
    this.#drawn.resolve(undefined);
    void this.#run();
  }

  /** The user closes the terminal, or VS Code does. */
  close(): void {
    this.#closing.abort();
    this.#end(null);
    void this.#connection?.close().catch(() => undefined);
  }

  handleInput(data: string): void {
    if (this.#over) this.#closed.fire();
    else this.#connection?.stream.write(data);
  }

  setDimensions(size: TerminalDimensions): void {
    this.#size = size;
    void this.#connection?.resize(size).catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    try {
      const size = this.#size;
      const connection = await this.#connect(size, this.#say, signal);
      if (signal.aborted) {
        await connection.close();
        return;
      }
      this.#connection = connection;
      if (this.#size !== size) void connection.resize(this.#size).catch(() => undefined);
      this.#show(connection.stream);
      const { exitCode } = await connection.exited;
      if (exitCode === 0) this.#closed.fire();
      else
        this.#stay(
          exitCode === null ? l10n.t('It was ended.') : l10n.t('It ended with exit code {0}.', exitCode),
        );
      this.#end(exitCode);
    } catch (error) {
      if (!signal.aborted) this.#stay(failureOf(error).message);
      this.#end(null);
    }
  }

  #show(stream: Duplex): void {
    const decoder = new TextDecoder();
    stream.on('data', (bytes: Buffer) => {
      this.#write.fire(decoder.decode(bytes, { stream: true }));
    });
    // How it ended is told by `exited`.
    stream.on('error', () => undefined);
  }

  /** Nobody could read why it ended if the terminal went with it. */
  #stay(reason: string): void {
    this.#over = true;
    this.#say('');
    this.#say(reason);
    this.#say(l10n.t('Press any key to close the terminal.'));
  }

  readonly #say = (line: string): void => {
    this.#write.fire(`${line.replaceAll('\n', '\r\n')}\r\n`);
  };
}

/** Opens it with the keyboard in it, for somebody who is to type there. */
export function openTerminal(pty: AgentTerminal, options: { name: string; icon: string }): void {
  const iconPath = new ThemeIcon(options.icon);
  const terminal = window.createTerminal({ name: options.name, pty, iconPath, isTransient: true });
  terminal.show();
  // A list in which something was picked gives the keyboard back to a webview only after the terminal has got it.
  void pty.drawn.then(() => {
    terminal.show();
  });
}
