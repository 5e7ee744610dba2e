import type { Duplex, Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { TerminalHandlers } from '../acp/clientHandlers.ts';
import type { AgentProcess, ExitInfo } from './agentProcess.ts';
import { openEnded } from './attach.ts';
import type { FileDelivery } from './containerFiles.ts';
import { settledWithin } from './deadline.ts';
import { demultiplex } from './demultiplex.ts';
import type { Engine } from './engine.ts';
import { ContainerCommands } from './execTerminalCommands.ts';
import { openTerminal, type ContainerTerminal, type TerminalRequest } from './execTerminalSession.ts';
import { OutputTail } from './outputTail.ts';
import { removeContainer, stopContainer } from './removeContainer.ts';
import type { RunNetwork } from './runNetwork.ts';

const stderrLimit = 8 * 1024;
/** Between the exit and the last output, or the other way round. */
const exitGraceMs = 1_000;
const inspectLimitMs = 2_000;
const disposeMs = 3_000;
const exitCodeMs = 200;
const leastRemoveMs = 800;

export interface AttachedContainer {
  engine: Engine;
  containerId: string;
  workingDirectory: string;
  files: Pick<FileDelivery, 'collect'>;
  network: Pick<RunNetwork, 'dispose'>;
  socket: Duplex;
  exitCode: Promise<number | null>;
  onStderr: (text: string) => void;
}

/** The agent in its container, from before its start until the container is removed. */
export class AgentContainer implements AgentProcess {
  readonly containerId: string;
  readonly workingDirectory: string;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<ExitInfo>;
  readonly commands: TerminalHandlers;
  readonly #engine: Engine;
  readonly #files: Pick<FileDelivery, 'collect'>;
  readonly #network: Pick<RunNetwork, 'dispose'>;
  readonly #socket: Duplex;
  readonly #drain: () => void;
  readonly #stderr = new OutputTail(stderrLimit);
  #disposed: Promise<void> | null = null;

  constructor(attached: AttachedContainer) {
    const { engine, containerId, workingDirectory, files, network, socket, exitCode, onStderr } = attached;
    this.containerId = containerId;
    this.workingDirectory = workingDirectory;
    this.#engine = engine;
    this.#files = files;
    this.#network = network;
    this.#socket = socket;
    this.commands = new ContainerCommands({ engine, containerId, workingDirectory });
    this.stdin = openEnded(socket);
    const decoder = new StringDecoder('utf8');
    const { stdout, ended, drain } = demultiplex(socket, (output) => {
      this.#stderr.append(output);
      onStderr(decoder.write(output));
    });
    this.stdout = stdout;
    this.#drain = drain;
    this.exited = this.#watchExit(exitCode, ended);
  }

  openTerminal(request: TerminalRequest): Promise<ContainerTerminal> {
    const { containerId, workingDirectory } = this;
    return openTerminal({ engine: this.#engine, containerId, workingDirectory }, request);
  }

  collectFiles(signal?: AbortSignal): Promise<void> {
    return this.#files.collect(this.containerId, signal);
  }

  stderrTail(): string {
    return this.#stderr.toString();
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  /** Neither the engine's word nor the stream's end alone will do: the one gets lost with the engine, the other is early. */
  async #watchExit(exitCode: Promise<number | null>, ended: Promise<void>): Promise<ExitInfo> {
    const told = exitCode.then(async (code) => {
      if (code === null) await ended;
    });
    await Promise.race([told, ended]);
    await settledWithin(Promise.all([told, ended]), exitGraceMs);
    const known = await Promise.race([exitCode, Promise.resolve(null)]);
    return this.#inspectExit(known);
  }

  /** @param exitCode what the engine has said already */
  async #inspectExit(exitCode: number | null): Promise<ExitInfo> {
    try {
      const { State } = await this.#engine.call(
        `looking at container ${this.containerId.slice(0, 12)}`,
        (docker, abortSignal) => docker.getContainer(this.containerId).inspect({ abortSignal }),
        { limitMs: inspectLimitMs },
      );
      return { exitCode: exitCode ?? (State.Running ? null : State.ExitCode), oomKilled: State.OOMKilled };
    } catch {
      // Gone with its container, or the engine with it.
      return { exitCode, oomKilled: false };
    }
  }

  /** Whatever does not answer is passed over, until the removal: that fails when the engine is stuck. */
  async #dispose(): Promise<void> {
    const begun = Date.now();
    // As long as the container runs its output is taken: an engine that cannot get rid of it hangs.
    this.#drain();
    // Its exit code goes with the container.
    if (await stopContainer(this.#engine, this.containerId)) await settledWithin(this.exited, exitCodeMs);
    this.#socket.destroy();
    const remaining = disposeMs - (Date.now() - begun);
    await removeContainer(this.#engine, this.containerId, Math.max(remaining, leastRemoveMs));
    await this.#network.dispose();
  }
}
