import type { Duplex, Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentConnection, ExitInfo } from '../agentProcess.ts';
import { containerState, type AgentStdio, type ContainerState, type StdioOptions } from '../agentStdio.ts';
import { settledWithin } from '../deadline.ts';
import { statusOf } from '../engineFailure.ts';
import { startExec } from '../execTerminal.ts';
import { KeeperClient, type Parting, type TakeOver } from './keeperClient.ts';
import { keeperFile, type Hello } from './protocol.ts';

const helloLimitMs = 10_000;
const inspectLimitMs = 2_000;
/** How often an engine that has gone is looked for: soon at first, because most come back soon. */
const firstPauseMs = 100;
const longestPauseMs = 2_000;

const brokenText = 'What came from the container made no sense, so the connection to it was closed.';

/** The keeper is not there, or says nothing: the image has no Node that can run it. */
export class NoKeeper extends Error {}

/**
 * An agent under a keeper: its stdio lasts as long as its container, whatever becomes of the connections to the engine.
 * One that breaks is made again as soon as the engine answers.
 */
export class KeptStdio implements AgentStdio {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<ExitInfo>;
  readonly connection: AgentConnection;
  readonly #options: StdioOptions;
  readonly #client: KeeperClient;
  readonly #closing = new AbortController();
  readonly #settleExit: (exit: ExitInfo) => void;
  #onConnection: (isUp: boolean) => void = () => undefined;

  private constructor(options: StdioOptions, client: KeeperClient, hello: Hello, parted: Promise<Parting>) {
    this.#options = options;
    this.#client = client;
    this.stdin = client.stdin;
    this.stdout = client.stdout;
    const exited = Promise.withResolvers<ExitInfo>();
    this.exited = exited.promise;
    this.#settleExit = exited.resolve;
    this.connection = {
      ...hello,
      stored: (offset) => {
        client.stored(offset);
      },
      onChange: (listener) => {
        this.#onConnection = listener;
      },
      toolServer: { command: hello.node, args: [keeperFile, 'tools'] },
      answerTools: (handler) => {
        client.tools.handle(handler);
      },
    };
    void client.ended.then(({ exitCode, oomKilled }) => {
      exited.resolve({ exitCode, oomKilled });
    });
    void this.#keepUp(parted);
  }

  /**
   * Attaches over the stdio of a container that has just been started.
   * @throws NoKeeper
   */
  static async begin(options: StdioOptions, socket: Duplex): Promise<KeptStdio> {
    const client = new KeeperClient({ offset: 0, asked: [], answered: [] }, options.onStderr);
    const greeted = client.attach(socket);
    const attached = (await settledWithin(greeted, helloLimitMs)) ? await greeted : null;
    if (attached === null) throw new NoKeeper('The container has no keeper.');
    return new KeptStdio(options, client, attached.hello, attached.parted);
  }

  /**
   * Takes over from another process, as soon as the engine answers.
   * @returns how the container has ended where it does not run any more; null where it is gone
   * @throws the signal's reason
   */
  static async takeOver(
    options: StdioOptions,
    from: TakeOver,
    signal: AbortSignal,
  ): Promise<KeptStdio | ExitInfo | null> {
    const client = new KeeperClient(from, options.onStderr);
    const found = await reach(options, client, signal);
    if (found === null || 'exitCode' in found) return found;
    return new KeptStdio(options, client, found.hello, found.parted);
  }

  drain(): void {
    this.#client.drain();
  }

  close(): void {
    this.#closing.abort();
    this.#client.close();
  }

  async #keepUp(first: Promise<Parting>): Promise<void> {
    const { signal } = this.#closing;
    for (let parted = first; ;) {
      const how = await parted;
      if (how === 'broken' && !signal.aborted) {
        this.#options.onStderr(Buffer.from(`${brokenText}\n`));
        this.#endWithout({ exitCode: null, oomKilled: false });
      }
      // Who has displaced this process leads the run now.
      if (how !== 'lost' || signal.aborted) return;
      this.#onConnection(false);
      const found = await reach(this.#options, this.#client, signal).catch(() => undefined);
      if (found === undefined) return;
      if (found === null || 'exitCode' in found) {
        this.#endWithout(found ?? { exitCode: null, oomKilled: false });
        return;
      }
      this.#onConnection(true);
      parted = found.parted;
    }
  }

  /** Nothing more will come of the keeper. */
  #endWithout(exit: ExitInfo): void {
    this.#settleExit(exit);
    this.#client.finish();
  }
}

interface Reached {
  hello: Hello;
  parted: Promise<Parting>;
}

/** Attaches to the keeper as often as it takes. Returns and throws as `takeOver`. */
async function reach(
  options: StdioOptions,
  client: KeeperClient,
  signal: AbortSignal,
): Promise<Reached | ContainerState | null> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal.throwIfAborted();
    try {
      const state = await containerState(options.engine, options.containerId, inspectLimitMs);
      if (!state.running) return state;
      const attached = await attachByExec(options, client, signal);
      if (attached !== null) return attached;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      // The engine does not answer, or not yet, or the container is just coming to its end.
    }
    await sleep(pauseMs, undefined, { signal });
  }
}

async function attachByExec(
  { engine, containerId }: StdioOptions,
  client: KeeperClient,
  signal: AbortSignal,
): Promise<Reached | null> {
  const { socket } = await startExec(
    { engine, containerId, workingDirectory: '/' },
    { argv: ['node', keeperFile, 'attach'], env: {}, cwd: '/', tty: false, stdin: true },
  );
  const abort = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    const greeted = client.attach(socket);
    if (await settledWithin(greeted, helloLimitMs)) return await greeted;
    socket.destroy();
    return null;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
