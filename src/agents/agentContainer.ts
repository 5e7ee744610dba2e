import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { TerminalHandlers } from '../acp/clientHandlers.ts';
import type { AgentConnection, AgentProcess, ExitInfo } from './agentProcess.ts';
import { containerState, type AgentStdio } from './agentStdio.ts';
import type { FileDelivery } from './containerFiles.ts';
import { settledWithin } from './deadline.ts';
import type { Engine } from './engine.ts';
import { ContainerCommands } from './execTerminalCommands.ts';
import { openTerminal, type ContainerTerminal, type TerminalRequest } from './execTerminalSession.ts';
import { OutputTail } from './outputTail.ts';
import { removeContainer, stopContainer } from './removeContainer.ts';
import type { RunNetwork } from './runNetwork.ts';
import { StandStill } from './standStill.ts';

const stderrLimit = 8 * 1024;
const disposeMs = 3_000;
const exitCodeMs = 200;
const stateLimitMs = 2_000;
const leastRemoveMs = 800;

/** What a container's agent wrote to stderr: the end of it is kept, all of it told. */
export class AgentStderr {
  readonly #tail = new OutputTail(stderrLimit);
  readonly #decoder = new StringDecoder('utf8');
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  readonly write = (output: Buffer): void => {
    this.#tail.append(output);
    this.#onText(this.#decoder.write(output));
  };

  tail(): string {
    return this.#tail.toString();
  }
}

export interface AttachedContainer {
  engine: Engine;
  containerId: string;
  workingDirectory: string;
  files: FileDelivery;
  network: Pick<RunNetwork, 'dispose'>;
  stdio: AgentStdio;
  stderr: AgentStderr;
}

/** The agent in its container, until the container is removed. */
export class AgentContainer implements AgentProcess {
  readonly containerId: string;
  readonly workingDirectory: string;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<ExitInfo>;
  readonly connection: AgentConnection | null;
  readonly commands: TerminalHandlers;
  readonly #engine: Engine;
  readonly #files: FileDelivery;
  readonly #network: Pick<RunNetwork, 'dispose'>;
  readonly #stdio: AgentStdio;
  readonly #stderr: AgentStderr;
  readonly #standStill: StandStill;
  #disposed: Promise<void> | null = null;

  constructor(attached: AttachedContainer) {
    const { engine, containerId, workingDirectory, files, network, stdio, stderr } = attached;
    this.containerId = containerId;
    this.workingDirectory = workingDirectory;
    this.stdin = stdio.stdin;
    this.stdout = stdio.stdout;
    this.exited = stdio.exited;
    this.connection = stdio.connection;
    this.commands = new ContainerCommands({ engine, containerId, workingDirectory });
    this.#engine = engine;
    this.#files = files;
    this.#network = network;
    this.#stdio = stdio;
    this.#stderr = stderr;
    this.#standStill = new StandStill(engine, containerId);
  }

  openTerminal(request: TerminalRequest): Promise<ContainerTerminal> {
    const { containerId, workingDirectory } = this;
    return openTerminal({ engine: this.#engine, containerId, workingDirectory }, request);
  }

  get sharesFiles(): boolean {
    return this.#files.kind === 'bind';
  }

  collectFiles(signal?: AbortSignal): Promise<readonly string[]> {
    return this.#files.collect(this.containerId, signal);
  }

  whileStill<T>(work: () => Promise<T>): Promise<T> {
    // Of copies nothing is read while it works on them.
    return this.sharesFiles ? this.#standStill.during(work) : work();
  }

  async ranOutOfMemory(): Promise<boolean> {
    try {
      return (await containerState(this.#engine, this.containerId, stateLimitMs)).oomKilled;
    } catch {
      return false;
    }
  }

  stderrTail(): string {
    return this.#stderr.tail();
  }

  detach(): void {
    this.#stdio.close();
  }

  dispose(leave?: AbortSignal): Promise<void> {
    this.#disposed ??= this.#dispose(leave);
    return this.#disposed;
  }

  /** Whatever does not answer is passed over, until the removal: that fails when the engine is stuck. */
  async #dispose(leave: AbortSignal | undefined): Promise<void> {
    let begun = Date.now();
    // As long as the container runs its output is taken: an engine that cannot get rid of it hangs.
    this.#stdio.drain();
    await this.#standStill.end();
    // Its exit code goes with the container.
    if (await stopContainer(this.#engine, this.containerId)) await settledWithin(this.exited, exitCodeMs);
    this.#stdio.close();
    // Where this fails the container stays, with the work that is in it.
    const collecting = Date.now();
    await this.#files.collect(this.containerId, leave);
    begun += Date.now() - collecting;
    const remaining = disposeMs - (Date.now() - begun);
    await removeContainer(this.#engine, this.containerId, Math.max(remaining, leastRemoveMs));
    await this.#network.dispose();
    await this.#files.remove();
  }
}
