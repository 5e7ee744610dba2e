import type { Readable } from 'node:stream';
import { AbstractMessageReader } from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, Message } from 'vscode-jsonrpc/node';
import { normalize } from './dialects.ts';
import { AcpError } from '../errors.ts';
import { LineSplitter, defaultMaxLineBytes } from './lineSplitter.ts';
import { fromWire, isCancellation } from './rpcMessages.ts';
import type { ConnectionState } from '../takeOver.ts';
import type { Dialect } from '../types.ts';

export interface NdjsonReaderOptions {
  /** Every line that is not blank, before anything is made of it. */
  onLine?: (line: string) => void;
  /** A line that is not a message. It is never answered. */
  onNoise?: (line: string) => void;
  onDialect?: (dialect: Dialect) => void;
  maxLineBytes?: number;
  /** The source goes on where an earlier process has left off. */
  state?: Pick<ConnectionState, 'offset' | 'position' | 'openRequests'>;
}

/** The source is paused at this many messages waiting, and resumed at a quarter of it. */
export const pauseDepth = 1024;
/** A few huge messages weigh as much as many small ones: bytes of waiting messages at which the source is paused. */
const pauseBytes = 32 * 1024 * 1024;

interface Waiting {
  /** Null for a line that has brought nothing. */
  message: Message | null;
  bytes: number;
  line: Line;
  /** The last of what its line has brought. */
  isLast: boolean;
}

/** A line's first byte, and the one behind its last, counted from the agent's first. */
export interface Line {
  start: number;
  end: number;
}

/**
 * Reads one JSON-RPC message a line.
 *
 * It hands over a message, and the next one only after {@link handled} was called: vscode-jsonrpc's own queue would
 * mix up the request ids 1 and "1", grow without bound, and be lost when the connection is disposed at the end of
 * the stream. So the end, too, is reported only when all that was read has been handled.
 */
export class NdjsonReader extends AbstractMessageReader {
  readonly #source: Readable;
  readonly #options: NdjsonReaderOptions;
  readonly #splitter: LineSplitter;
  #callback: DataCallback | null = null;
  #queue: Waiting[] = [];
  #next = 0;
  #queuedBytes = 0;
  #handling: Waiting | null = null;
  #position: number;
  #isBetweenLines = true;
  #ended = false;
  #closed = false;
  #lineEnd: number | null = null;

  constructor(source: Readable, options: NdjsonReaderOptions = {}) {
    super();
    this.#source = source;
    this.#options = options;
    this.#splitter = new LineSplitter(options.maxLineBytes ?? defaultMaxLineBytes);
    this.#position = options.state?.position ?? 0;
  }

  override listen(callback: DataCallback): Disposable {
    this.#callback = callback;
    this.#source.on('data', this.#onData);
    this.#source.on('end', this.#onEnd);
    this.#source.on('close', this.#onEnd);
    this.#source.on('error', this.#onError);
    // An agent may be gone before anyone listens, and its stream's events with it.
    if (this.#source.readableEnded || this.#source.destroyed) setImmediate(this.#onEnd);
    return {
      dispose: () => {
        this.#detach();
      },
    };
  }

  /** What came before this byte has been dispatched. */
  get position(): number {
    return this.#position;
  }

  /** False while some of a line has been dispatched, and some not. */
  get isBetweenLines(): boolean {
    return this.#isBetweenLines;
  }

  /** That of the message last handed over, until it is handled. */
  get line(): Line | null {
    return this.#handling?.line ?? null;
  }

  /** The message last handed over has been dispatched; cancellations, which may bypass the dispatch, do not count. */
  handled(): void {
    if (this.#handling !== null) this.#pass(this.#handling);
    this.#handling = null;
    this.#pump();
  }

  override dispose(): void {
    this.#ended = true;
    this.#closed = true;
    this.#queue = [];
    this.#detach();
    super.dispose();
  }

  readonly #onData = (chunk: Buffer | string): void => {
    try {
      for (const line of this.#splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) {
        this.#acceptNext(line);
      }
    } catch (error) {
      if (!(error instanceof AcpError)) throw error;
      this.#fail(error);
      return;
    }
    this.#pump();
    if (this.#depth >= pauseDepth || this.#queuedBytes >= pauseBytes) this.#source.pause();
  };

  readonly #onEnd = (): void => {
    if (this.#ended) return;
    const tail = this.#splitter.flush();
    if (tail !== null) this.#acceptNext(tail);
    this.#end();
  };

  readonly #onError = (error: Error): void => {
    this.#fail(new AcpError('closed', `Reading from the agent failed: ${error.message}`, { cause: error }));
  };

  get #depth(): number {
    return this.#queue.length - this.#next;
  }

  #acceptNext(line: string): void {
    const { offset = 0, position = 0, openRequests } = this.#options.state ?? {};
    const start = this.#lineEnd ?? offset;
    const end = offset + this.#splitter.consumed;
    this.#lineEnd = end;
    // An earlier process has dealt with it.
    if (end <= position && openRequests?.has(start) !== true) return;
    const messages = this.#messagesIn(line);
    const place = { start, end };
    // The position passes also what is no message.
    if (messages.length === 0) this.#queue.push({ message: null, bytes: 0, line: place, isLast: true });
    for (const [index, message] of messages.entries()) {
      const isLast = index === messages.length - 1;
      this.#queue.push({ message, bytes: line.length, line: place, isLast });
      this.#queuedBytes += line.length;
    }
  }

  #messagesIn(line: string): Message[] {
    const text = line.trim();
    if (text === '') return [];
    this.#options.onLine?.(line);
    const { dialect, messages } = normalize(parse(text));
    if (dialect === null) {
      this.#options.onNoise?.(line);
      return [];
    }
    this.#options.onDialect?.(dialect);
    return messages.map(fromWire).filter((message) => {
      if (message === null) this.#options.onNoise?.(line);
      return message !== null;
    });
  }

  #pump(): void {
    while (this.#handling === null && this.#callback !== null) {
      const waiting = this.#take();
      if (waiting === undefined) break;
      const { message } = waiting;
      if (message === null || isCancellation(message)) this.#pass(waiting);
      else this.#handling = waiting;
      if (message !== null) this.#callback(message);
    }
    if (this.#ended) this.#closeWhenIdle();
    else if (this.#source.isPaused() && this.#depth <= pauseDepth / 4 && this.#queuedBytes < pauseBytes) {
      this.#source.resume();
    }
  }

  #pass({ line, isLast }: Waiting): void {
    this.#isBetweenLines = isLast;
    if (isLast) this.#position = Math.max(this.#position, line.end);
  }

  /** Like `shift`, but without moving the rest of a long queue each time. */
  #take(): Waiting | undefined {
    const waiting = this.#queue[this.#next];
    if (waiting === undefined) return undefined;
    this.#next += 1;
    this.#queuedBytes -= waiting.bytes;
    if (this.#next * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return waiting;
  }

  #fail(error: AcpError): void {
    if (this.#ended) return;
    this.fireError(error);
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#detach();
    this.#pump();
  }

  #closeWhenIdle(): void {
    if (this.#handling !== null || this.#depth > 0 || this.#closed) return;
    this.#closed = true;
    this.fireClose();
  }

  /** Goes on draining: an agent whose output nobody reads cannot even be stopped in some container engines. */
  #detach(): void {
    this.#source.off('data', this.#onData);
    this.#source.off('end', this.#onEnd);
    this.#source.off('close', this.#onEnd);
    if (!this.#source.destroyed) this.#source.resume();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
