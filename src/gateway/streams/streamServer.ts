import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Kandev } from '../../api/contract.ts';
import { cardOf } from '../cards.ts';
import { requireScope, type Guard } from '../guard.ts';
import { problemFrom, Refusal } from '../problem.ts';
import { apiRoot } from '../serveRoute.ts';
import type { Caller } from '../tokenDesk.ts';
import { BoardSource, TaskSource, type Source } from './source.ts';
import { closeCodes, Stream } from './stream.ts';

export interface StreamServerOptions {
  guard: Guard;
  events: Pick<Kandev, 'subscribe'>;
  kandevFor: (caller: Caller) => Kandev;
  onProblem: (text: string) => void;
  /** Shorter in tests. */
  pingMs?: number;
}

interface Wanted {
  source: Source;
  after: number;
  authorization: string;
}

/** What a program sends is not listened to. */
const mostHeard = 1024;
const mostStreams = 512;
const usualPingMs = 30_000;
const goodbyeMs = 500;
const bearerProtocol = 'bearer.';
const ownProtocol = 'kandev.v1';

/** WebSockets beside the HTTP server: one for each card, and one for the board. */
export class StreamServer {
  readonly #options: StreamServerOptions;
  readonly #sockets: WebSocketServer;
  readonly #alive = new WeakSet<WebSocket>();
  readonly #tokens = new WeakMap<WebSocket, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(server: Server, options: StreamServerOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: mostHeard,
      perMessageDeflate: false,
      // Never the one that holds the token.
      handleProtocols: (protocols) => (protocols.has(ownProtocol) ? ownProtocol : false),
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => undefined);
      this.#accept(request).then(
        (wanted) => {
          this.#sockets.handleUpgrade(request, socket, head, (opened) => {
            this.#begin(opened, wanted);
          });
        },
        (error: unknown) => {
          refuse(socket, error);
        },
      );
    });
    this.#timer = setInterval(() => void this.#look(), options.pingMs ?? usualPingMs);
    this.#timer.unref();
  }

  /** Says goodbye to all. */
  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.clients) socket.close(closeCodes.goingAway, 'The gateway is off.');
    this.#sockets.close();
    // Who does not say goodbye in turn is not waited for.
    setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
    }, goodbyeMs).unref();
  }

  /** @throws Refusal; UserError `not-found` */
  async #accept(request: IncomingMessage): Promise<Wanted> {
    const { guard, kandevFor } = this.#options;
    guard.checkPlace(request.headers);
    const authorization = request.headers.authorization ?? bearerOf(request);
    const caller = await guard.caller(authorization);
    requireScope(caller, 'read');
    if (this.#sockets.clients.size >= mostStreams) {
      throw new Refusal(429, 'too-many-requests', `There are ${mostStreams} streams already.`, {
        headers: { 'retry-after': '60' },
      });
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://kandev');
    const source = await sourceOf(pathname, kandevFor(caller));
    return { source, after: afterOf(searchParams.get('after')), authorization: authorization ?? '' };
  }

  #begin(socket: WebSocket, { source, after, authorization }: Wanted): void {
    this.#alive.add(socket);
    this.#tokens.set(socket, authorization);
    socket.on('pong', () => this.#alive.add(socket));
    // Closed by the library, with a code that says why.
    socket.on('error', () => undefined);
    new Stream(socket, source, after).run(this.#options.events).catch((error: unknown) => {
      this.#options.onProblem(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
  }

  /** Those who do not answer are gone, and those whose token is no longer good have to go. */
  async #look(): Promise<void> {
    for (const socket of this.#sockets.clients) {
      if (!this.#alive.delete(socket)) {
        socket.terminate();
      } else if (!(await this.#options.guard.isGood(this.#tokens.get(socket)))) {
        socket.close(closeCodes.notAuthenticated, 'The token is no longer good.');
      } else {
        socket.ping();
      }
    }
  }
}

async function sourceOf(pathname: string, kandev: Kandev): Promise<Source> {
  const [, kind, id] = /^\/(boards|orchestrator\/tasks)\/([^/]+)\/stream$/.exec(
    pathname.startsWith(apiRoot) ? pathname.slice(apiRoot.length) : '',
  ) ?? [null, '', ''];
  const name = decoded(id);
  if (kind === 'orchestrator/tasks' && name !== null) {
    await cardOf(kandev, name);
    return new TaskSource(kandev, name);
  }
  const { boards } = await kandev.query('boards', {});
  const board = kind === 'boards' && boards.find(({ id: boardId }) => boardId === name);
  if (board) return new BoardSource(kandev, board.id);
  throw new Refusal(404, 'no-such-address', 'There is no such stream.');
}

function decoded(text: string | undefined): string | null {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return null;
  }
}

function afterOf(text: string | null): number {
  if (text === null) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Refusal(400, 'invalid-input', 'query.after: It is the number of what was last received.', {
    errors: [{ field: 'query.after', message: 'A number' }],
  });
}

/** A web page cannot set headers of a WebSocket: it names the token as a protocol, beside `kandev.v1`. */
function bearerOf({ headers }: IncomingMessage): string | undefined {
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  const bearer = protocols.find((each) => each.startsWith(bearerProtocol));
  return bearer === undefined ? undefined : `Bearer ${bearer.slice(bearerProtocol.length)}`;
}

function refuse(socket: Duplex, error: unknown): void {
  const { problem, headers } = problemFrom(error);
  const body = JSON.stringify(problem);
  const all = {
    ...headers,
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`;
  socket.end([status, ...lines, '', body].join('\r\n'));
}
