import { connect, type Socket } from 'node:net';
import {
  createMessageConnection,
  SocketMessageReader,
  SocketMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import type {
  CommandInput,
  CommandName,
  CommandResults,
  Kandev,
  QueryInput,
  QueryName,
  QueryResults,
} from '../api/contract.ts';
import type { Disposable, KandevEvent } from '../model/events.ts';
import { UserError } from '../model/failure.ts';
import type { Holder } from './election.ts';
import {
  eventNotification,
  executeRequest,
  helloRequest,
  queryRequest,
  type Answer,
} from './windowProtocol.ts';

/** The leader went away before it answered; whether it did what was asked is not known. */
export class LeaderLost extends Error {
  constructor() {
    super('The window that led the board is gone.');
    this.name = 'LeaderLost';
  }
}

/** The board of the window that leads, used from this one. */
export class WindowClient implements Pick<Kandev, 'execute' | 'query'>, Disposable {
  readonly #socket: Socket;
  readonly #connection: MessageConnection;
  /** Settles when the leader is gone. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket, onEvent: (event: KandevEvent) => void) {
    this.#socket = socket;
    this.#connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    );
    this.#connection.onNotification(eventNotification, onEvent);
    this.closed = new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#connection.dispose();
        resolve();
      });
    });
    this.#connection.listen();
  }

  /** @throws LeaderLost when it is gone, or does not let us in */
  static async connect(holder: Holder, onEvent: (event: KandevEvent) => void): Promise<WindowClient> {
    const client = new WindowClient(connect(holder.socket), onEvent);
    const hello = client.#connection.sendRequest(helloRequest, { secret: holder.secret });
    if (await client.#orLost(hello)) return client;
    client.dispose();
    throw new LeaderLost();
  }

  async execute<C extends CommandName>(name: C, input: CommandInput<C>): Promise<CommandResults[C]> {
    const answer = await this.#orLost(this.#connection.sendRequest(executeRequest, { name, input }));
    return resultOf(answer) as CommandResults[C];
  }

  async query<Q extends QueryName>(name: Q, input: QueryInput<Q>): Promise<QueryResults[Q]> {
    const answer = await this.#orLost(this.#connection.sendRequest(queryRequest, { name, input }));
    return resultOf(answer) as QueryResults[Q];
  }

  dispose(): void {
    this.#socket.destroy();
  }

  async #orLost<T>(work: Promise<T>): Promise<T> {
    const lost = this.closed.then(() => {
      throw new LeaderLost();
    });
    try {
      return await Promise.race([work, lost]);
    } catch (error) {
      if (this.#socket.destroyed) throw new LeaderLost();
      throw error;
    } finally {
      lost.catch(() => undefined);
    }
  }
}

function resultOf(answer: Answer): unknown {
  if ('failure' in answer) throw new UserError(answer.failure);
  return answer.result;
}
