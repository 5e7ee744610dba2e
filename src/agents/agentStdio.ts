import type { Duplex, Readable, Writable } from 'node:stream';
import type { AgentConnection, ExitInfo } from './agentProcess.ts';
import { openEnded } from './attach.ts';
import { settledWithin } from './deadline.ts';
import { demultiplex } from './demultiplex.ts';
import type { Engine } from './engine.ts';

/** Between the exit and the last output, or the other way round. */
const exitGraceMs = 1_000;
const inspectLimitMs = 2_000;

/** The standard input and output of a container's agent, and how its process ends. */
export interface AgentStdio {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** As AgentProcess.exited. */
  readonly exited: Promise<ExitInfo>;
  /** As AgentProcess.connection. */
  readonly connection: AgentConnection | null;
  /** From now on what comes is thrown away: a stream that nobody reads would hang the engine. */
  drain(): void;
  /** Leaves the agent to itself. */
  close(): void;
}

export interface StdioOptions {
  engine: Engine;
  containerId: string;
  onStderr: (output: Buffer) => void;
}

/** The container's main process is the agent itself: what it says while nobody listens is lost. */
export class PlainStdio implements AgentStdio {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<ExitInfo>;
  readonly connection = null;
  readonly drain: () => void;
  readonly #options: StdioOptions;
  readonly #socket: Duplex;

  /** @param exitCode of the container; null when the engine left without telling it */
  constructor(options: StdioOptions, socket: Duplex, exitCode: Promise<number | null>) {
    this.#options = options;
    this.#socket = socket;
    this.stdin = openEnded(socket);
    const { stdout, ended, drain } = demultiplex(socket, options.onStderr);
    this.stdout = stdout;
    this.drain = drain;
    this.exited = this.#watchExit(exitCode, ended);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Neither the engine's word nor the stream's end alone will do: the one gets lost with the engine, the other is early. */
  async #watchExit(exitCode: Promise<number | null>, ended: Promise<void>): Promise<ExitInfo> {
    const told = exitCode.then(async (code) => {
      if (code === null) await ended;
    });
    await Promise.race([told, ended]);
    await settledWithin(Promise.all([told, ended]), exitGraceMs);
    const known = await Promise.race([exitCode, Promise.resolve(null)]);
    try {
      const state = await containerState(this.#options.engine, this.#options.containerId, inspectLimitMs);
      return { exitCode: known ?? (state.running ? null : state.exitCode), oomKilled: state.oomKilled };
    } catch {
      // Gone with its container, or the engine with it.
      return { exitCode: known, oomKilled: false };
    }
  }
}

export interface ContainerState {
  running: boolean;
  exitCode: number;
  oomKilled: boolean;
}

/** @throws what Engine.call throws; of status 404 when there is no such container */
export async function containerState(
  engine: Engine,
  container: string,
  limitMs: number,
): Promise<ContainerState> {
  const { State } = await engine.call(
    `looking at container ${container.slice(0, 12)}`,
    (docker, abortSignal) => docker.getContainer(container).inspect({ abortSignal }),
    { limitMs },
  );
  return { running: State.Running, exitCode: State.ExitCode, oomKilled: State.OOMKilled };
}
