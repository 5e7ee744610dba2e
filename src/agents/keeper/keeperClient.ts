import { randomUUID } from 'node:crypto';
import { Readable, Writable, type Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as v from 'valibot';
import { FrameParser } from '../demultiplex.ts';
import {
  encodeControl,
  encodeFrame,
  frameType,
  WholeFrames,
  type AgentEnd,
  type Hello,
  type IdKey,
  type KeeperControl,
} from './protocol.ts';
import { ToolDesk } from './toolDesk.ts';

const engineStdout = 1;

/** Where another process has left off with an agent. */
export interface TakeOver {
  /** The first byte of the agent's output that is still wanted. */
  offset: number;
  /** Requests to the agent, and requests of it: were they handed over, were they answered? */
  asked: readonly IdKey[];
  answered: readonly IdKey[];
}

/** How a connection to the keeper came to its end; `broken` is one on which came what no keeper says. */
export type Parting = 'ended' | 'displaced' | 'lost' | 'broken';

/**
 * What the keeper says is looked at like any other word of the agent: both are one user in one container, so that an
 * agent can write to the keeper's stdout, or into its memory.
 */
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const keys = v.array(v.string());
const controlSchema = v.variant('type', [
  v.object({
    type: v.literal('hello'),
    hello: v.object({
      node: v.string(),
      attachment: count,
      offset: count,
      accepted: count,
      asked: keys,
      answered: keys,
    }),
  }),
  v.object({ type: v.literal('accepted'), accepted: count }),
  v.object({
    type: v.literal('ended'),
    end: v.object({
      exitCode: v.pipe(v.number(), v.safeInteger()),
      oomKilled: v.boolean(),
      notStarted: v.nullable(v.string()),
    }),
  }),
  v.object({ type: v.literal('displaced') }),
]);

/**
 * This process's side of a keeper: the agent's stdin and stdout as streams that last over any number of connections.
 * What was not handed over when one broke is handed over by the next, once.
 */
export class KeeperClient {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles when the agent has ended and all it said is in `stdout`. */
  readonly ended: Promise<AgentEnd>;
  /** What programs in the container want. */
  readonly tools = new ToolDesk((frame) => {
    if (this.#isOpen) this.#socket?.write(frame);
  });
  readonly #id = randomUUID();
  readonly #from: TakeOver;
  readonly #onStderr: (output: Buffer) => void;
  readonly #settleEnd: (end: AgentEnd) => void;
  /** Lines that the keeper has not confirmed; the first one is number `#accepted` + 1. */
  readonly #lines: { line: Buffer; done: (error?: Error) => void }[] = [];
  #accepted = 0;
  /** The next byte of the agent's output to come. */
  #offset: number;
  #socket: Duplex | null = null;
  #greeted: ((hello: Hello) => void) | null = null;
  #isOpen = false;
  #draining = false;
  #hasEnded = false;
  #parting: Parting = 'lost';

  constructor(from: TakeOver, onStderr: (output: Buffer) => void) {
    this.#from = from;
    this.#offset = from.offset;
    this.#onStderr = onStderr;
    const ended = Promise.withResolvers<AgentEnd>();
    this.ended = ended.promise;
    this.#settleEnd = ended.resolve;
    this.stdin = new Writable({
      write: (line: Buffer, _encoding, done) => {
        this.#lines.push({ line, done });
        // Lines on the way are few: the next one is taken when the keeper has this one.
        if (this.#isOpen) this.#socket?.write(encodeFrame(frameType.data, line));
      },
    });
    this.stdin.on('error', () => undefined);
    this.stdout = new Readable({ read: () => this.#socket?.resume() });
  }

  /**
   * Attaches over a connection to the keeper in the engine's frames, and uses it until it ends.
   * @returns what the keeper says, and how the connection ends; null when it ended before the keeper said anything
   */
  async attach(socket: Duplex): Promise<{ hello: Hello; parted: Promise<Parting> } | null> {
    this.#socket = socket;
    this.#parting = 'lost';
    const greeting = new Promise<Hello>((resolve) => (this.#greeted = resolve));
    const frames = new WholeFrames((type, payload) => {
      this.#receive(type, payload);
    });
    const engineFrames = new FrameParser((type, output) => {
      if (type === engineStdout) frames.push(output);
      else this.#onStderr(output);
    });
    socket.on('data', (chunk: Buffer) => {
      // What came behind it on its way makes no sense either.
      if (this.#parting === 'broken') return;
      try {
        engineFrames.push(chunk);
      } catch {
        this.#parting = 'broken';
        socket.destroy();
      }
    });
    const over = finished(socket, { writable: false }).catch(() => undefined);
    const parted = over.then(() => {
      this.#isOpen = false;
      return this.#parting;
    });
    const { asked, answered } = this.#from;
    socket.write(
      encodeControl({ type: 'attach', attach: { client: this.#id, offset: this.#offset, asked, answered } }),
    );
    const hello = await Promise.race([greeting, parted.then(() => null)]);
    return hello && { hello, parted };
  }

  /** The agent's output before this byte is not needed any more. */
  stored(offset: number): void {
    if (this.#isOpen) this.#socket?.write(encodeControl({ type: 'stored', offset }));
  }

  /** From now on what comes is thrown away: a stream that nobody reads would hang the engine. */
  drain(): void {
    this.#draining = true;
    this.#socket?.resume();
  }

  /** Leaves the agent to itself. */
  close(): void {
    this.tools.close();
    this.#socket?.destroy();
  }

  /** Nothing more will come, over no connection. */
  finish(): void {
    this.tools.close();
    this.#endOutput();
    for (const { done } of this.#lines.splice(0)) done(new Error('The agent is gone.'));
  }

  #receive(type: number, payload: Buffer): void {
    if (type === frameType.stderr) this.#onStderr(payload);
    else if (type === frameType.tools) this.tools.receive(payload);
    else if (type === frameType.control) this.#obey(v.parse(controlSchema, JSON.parse(payload.toString())));
    else {
      this.#offset += payload.length;
      if (!this.#draining && !this.#hasEnded && !this.stdout.push(payload)) this.#socket?.pause();
    }
  }

  #obey(message: KeeperControl): void {
    switch (message.type) {
      case 'hello':
        this.#offset = message.hello.offset;
        this.#confirm(message.hello.accepted);
        this.#isOpen = true;
        for (const { line } of this.#lines) this.#socket?.write(encodeFrame(frameType.data, line));
        this.#greeted?.(message.hello);
        return;
      case 'accepted':
        this.#confirm(message.accepted);
        return;
      case 'displaced':
        this.#parting = 'displaced';
        this.tools.close();
        this.#socket?.destroy();
        return;
      case 'ended':
        this.#parting = 'ended';
        this.#endOutput();
        this.#settleEnd(message.end);
    }
  }

  #endOutput(): void {
    if (!this.#hasEnded) this.stdout.push(null);
    this.#hasEnded = true;
  }

  #confirm(accepted: number): void {
    for (const { done } of this.#lines.splice(0, accepted - this.#accepted)) done();
    this.#accepted = Math.max(this.#accepted, accepted);
  }
}
