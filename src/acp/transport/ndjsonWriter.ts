import type { Writable } from 'node:stream';
import { AbstractMessageWriter } from 'vscode-jsonrpc/node';
import type { Message, MessageWriter } from 'vscode-jsonrpc/node';
import { toWire } from './rpcMessages.ts';

/**
 * Writes one JSON-RPC message a line: each only when the one before has left, so that order and the other side's
 * back-pressure are kept. The stream belongs to the caller and is never ended here.
 */
export class NdjsonWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #target: Writable;
  readonly #onLine: ((line: string) => void) | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(target: Writable, options: { onLine?: (line: string) => void } = {}) {
    super();
    this.#target = target;
    this.#onLine = options.onLine;
    // Every failed write is reported to whoever asked for it; the event itself would end the process.
    target.on('error', () => undefined);
  }

  /** Resolves when the message has left. Rejects if the stream is gone. */
  write(message: Message): Promise<void> {
    const written = this.#last.then(() => this.#writeLine(JSON.stringify(toWire(message))));
    this.#last = written.catch(() => undefined);
    return written;
  }

  end(): void {
    // The caller ends its own stream.
  }

  #writeLine(line: string): Promise<void> {
    this.#onLine?.(line);
    return new Promise((resolve, reject) => {
      this.#target.write(`${line}\n`, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
