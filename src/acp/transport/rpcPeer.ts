import type { Readable, Writable } from 'node:stream';
import {
  CancellationTokenSource,
  ErrorCodes,
  Message,
  NullLogger,
  ResponseError,
  createMessageConnection,
} from 'vscode-jsonrpc/node';
import type {
  CancellationToken,
  MessageConnection,
  RequestMessage,
  ResponseMessage,
} from 'vscode-jsonrpc/node';
import { AcpError, RefusedError, agentError, toError } from '../errors.ts';
import { asNumber, asObject, asString } from '../json.ts';
import { NdjsonReader } from './ndjsonReader.ts';
import { NdjsonWriter } from './ndjsonWriter.ts';
import { isCancellation, isUnattributed } from './rpcMessages.ts';
import type { ConnectionJournal, ConnectionState, Hold, RequestOrigin } from '../takeOver.ts';
import type { Dialect } from '../types.ts';

/**
 * Gives the result of a request, or a promise of it; a RefusedError that it throws is the answer. The signal aborts
 * when the other side gives the request up, and when the connection closes.
 */
export type RequestHandler = (params: unknown, signal: AbortSignal, origin: RequestOrigin) => unknown;

export interface RpcPeerOptions {
  stdin: Writable;
  stdout: Readable;
  /** What the other side may ask, by method. */
  requests: ReadonlyMap<string, RequestHandler>;
  /** Called synchronously in the order of arrival, also relative to the responses. */
  notifications: ReadonlyMap<string, (params: unknown) => void>;
  /** What went wrong without a request that could be rejected. */
  onError: (error: Error) => void;
  onTrace?: (direction: 'in' | 'out', line: string) => void;
  onNoise?: (line: string) => void;
  onDialect?: (dialect: Dialect) => void;
  maxLineBytes?: number;
  journal?: ConnectionJournal;
  /** It goes on where an earlier process has left off. */
  state?: ConnectionState;
}

export interface RequestLimits {
  timeoutMs?: number;
  signal?: AbortSignal;
}

export type CloseReason =
  /** The other side ended its output. */
  | { kind: 'ended' }
  /** We closed it. */
  | { kind: 'disposed' }
  /** The stream broke, or can no longer be trusted. */
  | { kind: 'failed'; error: AcpError };

/** JSON-RPC over a pair of streams, one message a line: vscode-jsonrpc with its traps dealt with. */
export class RpcPeer {
  /** Resolves when nothing more will come, and all that came has been handled. Never rejects. */
  readonly closed: Promise<CloseReason>;
  readonly #options: RpcPeerOptions;
  readonly #reader: NdjsonReader;
  readonly #rpc: MessageConnection;
  readonly #inbound = new Set<AbortController>();
  readonly #resolveClosed: (reason: CloseReason) => void;
  /** Answers that are awaited to requests of an earlier process. */
  readonly #inherited = new Map<number, PromiseWithResolvers<unknown>>();
  #origin: RequestOrigin = { start: 0, isRepeated: false };
  #holds = 0;
  #isHandled = false;
  #failure: AcpError | null = null;
  #closeReason: CloseReason | null = null;

  constructor(options: RpcPeerOptions) {
    this.#options = options;
    const { onTrace } = options;
    let resolveClosed: (reason: CloseReason) => void = () => undefined;
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolveClosed = resolveClosed;
    this.#reader = new NdjsonReader(options.stdout, { ...options, onLine: (line) => onTrace?.('in', line) });
    const writer = new NdjsonWriter(options.stdin, {
      onLine: (line) => onTrace?.('out', line),
      firstId: this.#firstId,
      ...(options.journal ? { journal: options.journal } : {}),
    });
    const error = (message: string): void => {
      // Answers to what was open at the close cannot be written any more, and nobody waits for them.
      if (this.#closeReason === null) options.onError(new Error(message));
    };
    this.#rpc = createMessageConnection(
      this.#reader,
      writer,
      { ...NullLogger, error },
      { messageStrategy: { handleMessage: (message, next) => this.#dispatch(message, next) } },
    );
    this.#rpc.onRequest((method, params, token) => this.#answer(method, params, token));
    this.#rpc.onNotification((method, params) => options.notifications.get(method)?.(params));
    this.#reader.onError((failure) => {
      if (failure instanceof AcpError) this.#failure = failure;
    });
    this.#rpc.onClose(() => {
      this.#close(this.#failure === null ? { kind: 'ended' } : { kind: 'failed', error: this.#failure });
    });
    this.#rpc.listen();
  }

  /**
   * @throws AcpError: the other side's error, `timeout`, `cancelled` by the signal, or why the connection is closed.
   * Giving up also tells the other side.
   */
  async request(method: string, params: object, limits: RequestLimits = {}): Promise<unknown> {
    if (this.#closeReason !== null) throw this.#closedError();
    if (limits.signal?.aborted) throw cancelledError(method);
    const source = new CancellationTokenSource();
    const answer = this.#rpc.sendRequest<unknown>(method, params, source.token).catch((error: unknown) => {
      throw this.#toAcpError(error);
    });
    return withinLimits(method, answer, limits, () => {
      source.cancel();
    });
  }

  /** The answer to a request that an earlier process has sent. Throws as `request`. */
  async answerTo(id: number): Promise<unknown> {
    if (this.#closeReason !== null) throw this.#closedError();
    const answer = Promise.withResolvers<unknown>();
    this.#inherited.set(id, answer);
    return answer.promise;
  }

  /** All that came before this byte of the other side's output has been handed on. */
  get position(): number {
    return this.#reader.position;
  }

  /** False while part of a line has been handed on, and part of it not. */
  get isBetweenLines(): boolean {
    return this.#reader.isBetweenLines;
  }

  /** To be called while an answer is dealt with: nothing that came after it is handed on before the release. */
  hold(): Hold {
    this.#holds++;
    let held = true;
    return {
      position: Math.max(this.#reader.line?.end ?? 0, this.#reader.position),
      release: () => {
        if (held) this.#holds--;
        held = false;
        this.#goOn();
      },
    };
  }

  /** Whether it arrives cannot be known; after the close it is dropped. */
  notify(method: string, params: object): void {
    if (this.#closeReason !== null) return;
    this.#rpc.sendNotification(method, params).catch(() => undefined);
  }

  /** Rejects what is pending at once. The streams are the caller's: they are left open, and stdout is drained. */
  dispose(): void {
    this.#close({ kind: 'disposed' });
  }

  #dispatch(message: Message, next: (message: Message) => void | Promise<void>): void | Promise<void> {
    try {
      if (isUnattributed(message)) {
        const { code, message: text, data } = asObject(message.error);
        this.#options.onError(agentError(asNumber(code) ?? 0, asString(text) ?? '', data));
        return undefined;
      }
      if (Message.isResponse(message)) return this.#respond(message, next);
      if (Message.isRequest(message)) this.#note(message);
      return next(message);
    } finally {
      if (!isCancellation(message)) {
        this.#isHandled = true;
        // What follows from an answer follows at once, or holds.
        if (Message.isResponse(message)) setImmediate(this.#goOn);
        else this.#goOn();
      }
    }
  }

  readonly #goOn = (): void => {
    if (!this.#isHandled || this.#holds > 0) return;
    this.#isHandled = false;
    this.#reader.handled();
  };

  #note({ id }: RequestMessage): void {
    const { state, journal } = this.#options;
    const { start = 0, end = 0 } = this.#reader.line ?? {};
    this.#origin = { start, isRepeated: end <= (state?.position ?? 0) };
    if (id !== null) journal?.asked(JSON.stringify(id), start);
  }

  #respond(message: ResponseMessage, next: (message: Message) => void | Promise<void>): void | Promise<void> {
    const { id } = message;
    if (typeof id !== 'number' || this.#firstId === 0) return next(message);
    if (id >= this.#firstId) return next({ ...message, id: id - this.#firstId } as Message);
    const answer = this.#inherited.get(id);
    this.#inherited.delete(id);
    const { error } = message;
    if (error) answer?.reject(agentError(error.code, error.message, error.data));
    else answer?.resolve(message.result);
    return undefined;
  }

  get #firstId(): number {
    return this.#options.state?.firstRequestId ?? 0;
  }

  async #answer(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    const handler = this.#options.requests.get(method);
    if (handler === undefined) {
      throw new ResponseError(ErrorCodes.MethodNotFound, `Method not found: ${method}`);
    }
    const origin = this.#origin;
    const controller = new AbortController();
    const listening = token.onCancellationRequested(() => {
      controller.abort();
    });
    if (token.isCancellationRequested) controller.abort();
    this.#inbound.add(controller);
    try {
      return await handler(params, controller.signal, origin);
    } catch (error) {
      throw this.#refusal(error);
    } finally {
      this.#inbound.delete(controller);
      listening.dispose();
    }
  }

  #refusal(error: unknown): ResponseError<undefined> {
    if (error instanceof RefusedError) return new ResponseError(error.code, error.message);
    const { message } = toError(error);
    this.#options.onError(
      new Error(`A request of the agent could not be answered: ${message}`, { cause: error }),
    );
    return new ResponseError(ErrorCodes.InternalError, message);
  }

  #close(reason: CloseReason): void {
    if (this.#closeReason !== null) return;
    this.#closeReason = reason;
    for (const controller of this.#inbound) controller.abort();
    this.#rpc.dispose();
    for (const answer of this.#inherited.values()) answer.reject(this.#closedError());
    this.#inherited.clear();
    this.#resolveClosed(reason);
  }

  #toAcpError(error: unknown): AcpError {
    if (!(error instanceof ResponseError)) return new AcpError('closed', String(error), { cause: error });
    const { code, message, data } = error as ResponseError<unknown>;
    const isLost = code === ErrorCodes.PendingResponseRejected || code === ErrorCodes.MessageWriteError;
    return isLost ? this.#closedError() : agentError(code, message, data);
  }

  #closedError(): AcpError {
    if (this.#closeReason?.kind === 'failed') {
      const { reason, message } = this.#closeReason.error;
      return new AcpError(reason, message, { cause: this.#closeReason.error });
    }
    const what = this.#closeReason?.kind === 'disposed' ? 'was closed' : 'is gone';
    return new AcpError('closed', `The connection to the agent ${what}.`);
  }
}

function withinLimits<T>(
  method: string,
  answer: Promise<T>,
  { timeoutMs, signal }: RequestLimits,
  cancel: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (error: AcpError): void => {
      settle();
      reject(error);
      cancel();
    };
    const onAbort = (): void => {
      giveUp(cancelledError(method));
    };
    const onTimeout = (): void => {
      giveUp(
        new AcpError('timeout', `The agent did not answer ${method} within ${(timeoutMs ?? 0) / 1000} s.`),
      );
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    answer.finally(settle).then(resolve, reject);
  });
}

function cancelledError(method: string): AcpError {
  return new AcpError('cancelled', `${method} was cancelled.`);
}
