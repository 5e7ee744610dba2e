import type { Readable } from 'node:stream';
import { AbstractMessageReader } from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, Message } from 'vscode-jsonrpc/node';
import { normalize } from './dialects.ts';
import { AcpError } from '../errors.ts';
import { LineSplitter, defaultMaxLineBytes } from './lineSplitter.ts';
import { fromWire, isCancellation } from './rpcMessages.ts';
import type { Dialect } from '../types.ts';

export interface NdjsonReaderOptions {
  /** Every line that is not blank, before anything is made of it. */
  onLine?: (line: string) => void;
  /** A line that is not a message. It is never answered. */
  onNoise?: (line: string) => void;
  onDialect?: (dialect: Dialect) => void;
  maxLineBytes?: number;
}

/** The source is paused at this many messages waiting, and resumed at a quarter of it. */
export const pauseDepth = 1024;
/** A few huge messages weigh as much as many small ones: bytes of waiting messages at which the source is paused. */
const pauseBytes = 32 * 1024 * 1024;

interface Waiting {
  message: Message;
  bytes: number;
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
  #handling = false;
  #ended = false;
  #closed = false;

  constructor(source: Readable, options: NdjsonReaderOptions = {}) {
    super();
    this.#source = source;
    this.#options = options;
    this.#splitter = new LineSplitter(options.maxLineBytes ?? defaultMaxLineBytes);
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

  /** The message last handed over has been dispatched; cancellations, which may bypass the dispatch, do not count. */
  handled(): void {
    this.#handling = false;
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
        this.#accept(line);
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
    if (tail !== null) this.#accept(tail);
    this.#end();
  };

  readonly #onError = (error: Error): void => {
    this.#fail(new AcpError('closed', `Reading from the agent failed: ${error.message}`, { cause: error }));
  };

  get #depth(): number {
    return this.#queue.length - this.#next;
  }

  #accept(line: string): void {
    const text = line.trim();
    if (text === '') return;
    this.#options.onLine?.(line);
    const { dialect, messages } = normalize(parse(text));
    if (dialect === null) {
      this.#options.onNoise?.(line);
      return;
    }
    this.#options.onDialect?.(dialect);
    for (const rpcMessage of messages.map(fromWire)) {
      if (rpcMessage === null) {
        this.#options.onNoise?.(line);
        continue;
      }
      this.#queue.push({ message: rpcMessage, bytes: line.length });
      this.#queuedBytes += line.length;
    }
  }

  #pump(): void {
    while (!this.#handling && this.#callback !== null) {
      const waiting = this.#take();
      if (waiting === undefined) break;
      this.#handling = !isCancellation(waiting.message);
      this.#callback(waiting.message);
    }
    if (this.#ended) this.#closeWhenIdle();
    else if (this.#source.isPaused() && this.#depth <= pauseDepth / 4 && this.#queuedBytes < pauseBytes) {
      this.#source.resume();
    }
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
    if (this.#handling || this.#depth > 0 || this.#closed) return;
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
