import type { Writable } from 'node:stream';
import {
  encodeTools,
  frameType,
  encodeFrame,
  openRequestLimit,
  requestLimit,
  type AnswerMessage,
  type RequestMessage,
  type ToolAnswer,
} from './protocol.ts';

interface OpenRequest {
  from: Writable;
  frame: Buffer;
}

/**
 * The requests of programs in the container for whoever leads the run. Each is put to every process that attaches, until
 * one has answered it: those that are asked know by its id whether they have done already what it wants.
 */
export class RequestDesk {
  readonly #open = new Map<string, OpenRequest>();
  readonly #ask: (frame: Buffer) => void;

  /** @param ask hands a frame to whoever is attached, if anybody is */
  constructor(ask: (frame: Buffer) => void) {
    this.#ask = ask;
  }

  take(from: Writable, payload: Buffer): void {
    const message = JSON.parse(payload.toString()) as RequestMessage;
    if (message.type === 'cancel') {
      if (this.#open.get(message.id)?.from === from) this.#close(message.id);
      return;
    }
    const { id } = message.request;
    const refusal = this.#refuse(id, payload);
    if (refusal !== null) {
      from.write(encodeTools({ id, answer: refusal }));
      return;
    }
    const frame = encodeFrame(frameType.tools, payload);
    this.#open.set(id, { from, frame });
    this.#ask(frame);
  }

  answer(payload: Buffer): void {
    const { id } = JSON.parse(payload.toString()) as AnswerMessage;
    this.#open.get(id)?.from.write(encodeFrame(frameType.tools, payload));
    this.#open.delete(id);
  }

  /** To be called when another process has attached. */
  askAgain(): void {
    for (const { frame } of this.#open.values()) this.#ask(frame);
  }

  /** A program has gone, and waits for nothing any more. */
  leave(from: Writable): void {
    for (const [id, request] of [...this.#open]) if (request.from === from) this.#close(id);
  }

  #close(id: string): void {
    this.#open.delete(id);
    this.#ask(encodeTools({ type: 'cancel', id }));
  }

  #refuse(id: string, payload: Buffer): ToolAnswer | null {
    const refused = (message: string): ToolAnswer => ({ error: { code: -32000, message } });
    if (payload.length > requestLimit) return refused('This is too long. Say it in fewer words.');
    if (this.#open.has(id)) return refused('There is such a request already.');
    return this.#open.size < openRequestLimit
      ? null
      : refused('Too much is asked at once. Wait for the answers.');
  }
}
