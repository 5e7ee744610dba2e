import type { Writable } from 'node:stream';
import { AbstractMessageWriter } from 'vscode-jsonrpc/node';
import type { Message, MessageWriter } from 'vscode-jsonrpc/node';
import type { JsonObject } from '../json.ts';
import type { ConnectionJournal } from '../takeOver.ts';
import { toWire } from './rpcMessages.ts';

export interface NdjsonWriterOptions {
  onLine?: (line: string) => void;
  /** The id of the first request. */
  firstId?: number;
  journal?: ConnectionJournal;
}

/**
 * Writes one JSON-RPC message a line: each only when the one before has left, so that order and the other side's
 * back-pressure are kept. The stream belongs to the caller and is never ended here.
 */
export class NdjsonWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #target: Writable;
  readonly #options: NdjsonWriterOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(target: Writable, options: NdjsonWriterOptions = {}) {
    super();
    this.#target = target;
    this.#options = options;
    // Every failed write is reported to whoever asked for it; the event itself would end the process.
    target.on('error', () => undefined);
  }

  /** Resolves when the message has left. Rejects if the stream is gone. */
  write(message: Message): Promise<void> {
    const written = this.#last.then(() => this.#send(toWire(message, this.#options.firstId)));
    this.#last = written.catch(() => undefined);
    return written;
  }

  end(): void {
    // The caller ends its own stream.
  }

  async #send(message: JsonObject): Promise<void> {
    const { journal } = this.#options;
    const { id, method } = message;
    if (journal && typeof id === 'number' && typeof method === 'string') await journal.asking(id, method);
    await this.#writeLine(JSON.stringify(message));
    if (id !== undefined && method === undefined) journal?.answered(JSON.stringify(id));
  }

  #writeLine(line: string): Promise<void> {
    this.#options.onLine?.(line);
    return new Promise((resolve, reject) => {
      this.#target.write(`${line}\n`, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
