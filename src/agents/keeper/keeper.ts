import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import {
  encodeControl,
  encodeFrame,
  frameType,
  spoolLimit,
  WholeFrames,
  type AgentEnd,
  type AttachRequest,
  type ClientControl,
  type IdKey,
} from './protocol.ts';
import { RequestDesk } from './requestDesk.ts';
import { Spool } from './spool.ts';

/** What is kept of stderr until its listener has shown that it is still there. */
const stderrKept = 64 * 1024;
/** So many ids of requests and answers are remembered: only the last few, not yet stored, are ever asked for. */
const idsKept = 4096;
/** Between the agent's exit and the last of its output. */
const lastOutputMs = 300;
/** How long the last words may take when the container is being stopped. */
const lastWordsMs = 200;

/** Somebody who may attach: the container's own stdio, or a connection to the keeper's socket. */
interface Client {
  readonly output: Writable;
  readonly source: Readable;
  /** Which process it belongs to; null before it has attached. */
  id: string | null;
  /** Of the agent's output, the next byte to send. */
  offset: number;
  /** Its output takes no more for now. */
  isFull: boolean;
  wasToldTheEnd: boolean;
}

/**
 * Owns the stdio of the agent, which knows nothing of it, and outlives whoever listens: what the agent says is kept
 * until it is stored, and what it is told is told whole. Only one process is attached at a time, the last one.
 */
class Keeper {
  readonly #spool = new Spool();
  readonly #agent: ChildProcess;
  readonly #asked = new Set<IdKey>();
  readonly #answered = new Set<IdKey>();
  readonly #requests = new RequestDesk((frame) => {
    if (this.#attached) send(this.#attached, frame);
  });
  #attached: Client | null = null;
  #attachments = 0;
  /** Lines of the process `#lastClient` that the agent was given. */
  #accepted = 0;
  #lastClient: string | null = null;
  readonly #stderr: Buffer[] = [];
  /** How many of these the process that is attached was sent. */
  #stderrSent = 0;
  #end: AgentEnd | null = null;
  #stopping = false;

  constructor(command: readonly string[]) {
    const [program = '', ...args] = command;
    this.#agent = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr, pid } = this.#agent;
    if (pid !== undefined) sacrificeFirst(pid);
    stdin?.on('error', () => undefined);
    stdin?.on('drain', () => this.#attached?.source.resume());
    stdout?.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    stderr?.on('data', (bytes: Buffer) => {
      this.#takeStderr(bytes);
    });
    this.#agent.on('error', (error: NodeJS.ErrnoException) => {
      // As a shell tells it: a command that is not there, or cannot be run.
      const exitCode = error.code === 'ENOENT' ? 127 : 126;
      this.#endWith({ exitCode, oomKilled: false, notStarted: error.code ?? error.message });
    });
    this.#agent.on('exit', (code, signal) => {
      const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      const end = { exitCode, oomKilled: wasOutOfMemory(), notStarted: null };
      this.#agent.once('close', () => {
        this.#endWith(end);
      });
      this.#endUnlessRead(end);
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        this.#stop(signal);
      });
    }
  }

  /** Lets somebody attach, as soon as they say so. */
  accept(source: Readable, output: Writable): void {
    const client: Client = { source, output, id: null, offset: 0, isFull: false, wasToldTheEnd: false };
    const frames = new WholeFrames((type, payload) => {
      if (type === frameType.control) this.#obey(client, JSON.parse(payload.toString()) as ClientControl);
      else if (type === frameType.tools) this.#passOn(client, payload);
      // A line of a process that another one has taken over from is late.
      else if (client === this.#attached) this.#tell(client, payload);
    });
    const leave = (): void => {
      this.#requests.leave(output);
      if (this.#attached === client) this.#attached = null;
    };
    source.on('data', (chunk: Buffer) => {
      frames.push(chunk);
    });
    output.on('drain', () => {
      client.isFull = false;
      this.#pump();
    });
    for (const stream of [source, output]) stream.on('error', leave).on('close', leave);
  }

  #passOn(client: Client, payload: Buffer): void {
    if (client === this.#attached) this.#requests.answer(payload);
    // A process that another one has taken over from has no requests: what it says is late.
    else if (client.id === null) this.#requests.take(client.output, payload);
  }

  #obey(client: Client, message: ClientControl): void {
    if (message.type === 'attach') this.#attach(client, message.attach);
    else if (client === this.#attached) {
      this.#spool.drop(message.offset);
      this.#stderr.splice(0, this.#stderrSent);
      this.#stderrSent = 0;
      if (this.#spool.size < spoolLimit) this.#agent.stdout?.resume();
    }
  }

  #attach(client: Client, { client: id, offset, asked, answered }: AttachRequest): void {
    const before = this.#attached;
    if (before !== null && before !== client) {
      send(before, encodeControl({ type: 'displaced' }));
      if (before.output !== process.stdout) before.output.end();
    }
    if (this.#lastClient !== id) {
      this.#attachments++;
      this.#accepted = 0;
      this.#lastClient = id;
    }
    client.id = id;
    client.offset = Math.min(Math.max(offset, this.#spool.start), this.#spool.end);
    client.wasToldTheEnd = false;
    this.#attached = client;
    const hello = {
      node: process.execPath,
      attachment: this.#attachments,
      offset: client.offset,
      accepted: this.#accepted,
      asked: asked.filter((key) => this.#asked.has(key)),
      answered: answered.filter((key) => this.#answered.has(key)),
    };
    send(client, encodeControl({ type: 'hello', hello }));
    this.#stderrSent = 0;
    this.#requests.askAgain();
    this.#pump();
  }

  /** Gives the agent a line. */
  #tell(client: Client, line: Buffer): void {
    this.#remember(line);
    this.#accepted++;
    if (this.#agent.stdin?.writable && !this.#agent.stdin.write(line)) client.source.pause();
    send(client, encodeControl({ type: 'accepted', accepted: this.#accepted }));
  }

  #remember(line: Buffer): void {
    let message: { id?: unknown; method?: unknown };
    try {
      message = JSON.parse(line.toString()) as typeof message;
    } catch {
      return;
    }
    if (message.id === undefined || message.id === null) return;
    const ids = message.method === undefined ? this.#answered : this.#asked;
    ids.add(JSON.stringify(message.id));
    const [oldest] = ids;
    if (ids.size > idsKept && oldest !== undefined) ids.delete(oldest);
  }

  #take(bytes: Buffer): void {
    this.#spool.append(bytes);
    // The agent waits until somebody has stored some of it: nothing is ever lost.
    if (this.#spool.size >= spoolLimit) this.#agent.stdout?.pause();
    this.#pump();
  }

  #takeStderr(bytes: Buffer): void {
    this.#stderr.push(bytes);
    let size = this.#stderr.reduce((sum, { length }) => sum + length, 0);
    while (size > stderrKept && this.#stderr.length > 1) {
      size -= this.#stderr.shift()?.length ?? 0;
      this.#stderrSent = Math.max(0, this.#stderrSent - 1);
    }
    this.#pump();
  }

  #pump(): void {
    const client = this.#attached;
    if (client === null) return;
    this.#sendStderr(client);
    while (!client.isFull) {
      const bytes = this.#spool.read(client.offset);
      if (bytes.length === 0) break;
      client.offset += bytes.length;
      send(client, encodeFrame(frameType.data, bytes));
    }
    if (this.#end === null || client.isFull || client.wasToldTheEnd) return;
    client.wasToldTheEnd = true;
    send(client, encodeControl({ type: 'ended', end: this.#end }));
  }

  #sendStderr(client: Client): void {
    for (const bytes of this.#stderr.slice(this.#stderrSent)) {
      if (client.isFull) return;
      send(client, encodeFrame(frameType.stderr, bytes));
      this.#stderrSent++;
    }
  }

  /** Something that the agent has left behind may hold its output open for ever. */
  #endUnlessRead(end: AgentEnd): void {
    setTimeout(() => {
      if (this.#agent.stdout?.isPaused()) this.#endUnlessRead(end);
      else this.#endWith(end);
    }, lastOutputMs);
  }

  /** The keeper stays, so that nothing of what was said last is lost: whoever ends the run ends it. */
  #endWith(end: AgentEnd): void {
    this.#end ??= end;
    this.#pump();
    if (this.#stopping) this.#leave();
  }

  #stop(signal: NodeJS.Signals): void {
    this.#stopping = true;
    if (this.#end !== null) this.#leave();
    else this.#agent.kill(signal);
  }

  #leave(): void {
    setTimeout(() => process.exit(this.#end?.exitCode), this.#attached === null ? 0 : lastWordsMs);
  }
}

function send(client: Client, frame: Buffer): void {
  if (!client.output.write(frame)) client.isFull = true;
}

/** Where memory runs out, the agent and what it has started go, and not the keeper that tells of it. */
function sacrificeFirst(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '500');
  } catch {
    // Then the kernel decides by size alone.
  }
}

/** Whether the kernel has ended anything of this container for want of memory, by cgroup v2 or v1. */
function wasOutOfMemory(): boolean {
  for (const file of ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control']) {
    try {
      if (/^oom_kill [1-9]/m.test(readFileSync(file, 'utf8'))) return true;
    } catch {
      // Not this version of cgroups.
    }
  }
  return false;
}

/** Runs a command under a keeper that is attached to over this process's stdio, and over a socket. */
export function keep(command: readonly string[], socket: string): void {
  rmSync(socket, { force: true });
  const keeper = new Keeper(command);
  createServer((connection) => {
    keeper.accept(connection, connection);
  }).listen(socket);
  process.stdout.on('error', () => undefined);
  keeper.accept(process.stdin, process.stdout);
}
