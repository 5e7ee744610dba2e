import {
  encodeTools,
  openRequestLimit,
  requestLimit,
  type RequestMessage,
  type ToolAnswer,
  type ToolRequest,
} from './protocol.ts';

/** Answers what a program in the container wants. `signal` tells that nobody waits for it any more. */
export type ToolHandler = (request: ToolRequest, signal: AbortSignal) => Promise<ToolAnswer>;

/** So many answers are known again, where the connection broke under one. */
const answersKept = openRequestLimit;

/** This process's side of the requests of programs in the container: each is dealt with once, however often it is asked. */
export class ToolDesk {
  readonly #send: (frame: Buffer) => void;
  #handler: ToolHandler | null = null;
  readonly #waiting = new Map<string, ToolRequest>();
  readonly #running = new Map<string, AbortController>();
  readonly #answers = new Map<string, ToolAnswer>();
  #isClosed = false;

  /** @param send writes a frame where there is a connection; what is lost is asked for again */
  constructor(send: (frame: Buffer) => void) {
    this.#send = send;
  }

  /** From now on they are answered so, those that have come before included. */
  handle(handler: ToolHandler): void {
    this.#handler = handler;
    for (const request of this.#waiting.values()) void this.#answer(request, handler);
    this.#waiting.clear();
  }

  /** Takes the payload of a frame of the keeper. What makes no sense is the agent's own doing, and is passed over. */
  receive(payload: Buffer): void {
    if (this.#isClosed || payload.length > requestLimit) return;
    const message = parse(payload);
    if (message === null) return;
    if (message.type === 'cancel') {
      this.#waiting.delete(message.id);
      this.#running.get(message.id)?.abort();
      return;
    }
    const { request } = message;
    const known = this.#answers.get(request.id);
    if (known) this.#send(encodeTools({ id: request.id, answer: known }));
    else if (this.#running.has(request.id)) return;
    else if (this.#handler) void this.#answer(request, this.#handler);
    else if (this.#waiting.size < openRequestLimit) this.#waiting.set(request.id, request);
  }

  /** Another process answers from now on: what is open is left to it. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    for (const controller of this.#running.values()) controller.abort();
  }

  async #answer(request: ToolRequest, handler: ToolHandler): Promise<void> {
    if (this.#running.size >= openRequestLimit) return;
    const controller = new AbortController();
    this.#running.set(request.id, controller);
    const answer = await handler(request, controller.signal);
    this.#running.delete(request.id);
    if (this.#isClosed || controller.signal.aborted) return;
    this.#answers.set(request.id, answer);
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size > answersKept) this.#answers.delete(oldest);
    this.#send(encodeTools({ id: request.id, answer }));
  }
}

function parse(payload: Buffer): RequestMessage | null {
  try {
    const message = JSON.parse(payload.toString()) as Partial<{
      type: unknown;
      id: unknown;
      request: unknown;
    }>;
    if (message.type === 'cancel' && typeof message.id === 'string')
      return { type: 'cancel', id: message.id };
    const { id, method, params } = message.request as Partial<Record<keyof ToolRequest, unknown>>;
    if (typeof id !== 'string' || id.length > 100 || typeof method !== 'string') return null;
    return { type: 'request', request: { id, method, params } };
  } catch {
    return null;
  }
}
