import type { Socket } from 'node:net';
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import { commandSchemas, querySchemas, type Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';
import { failureOf, UserError } from '../model/failure.ts';
import {
  eventNotification,
  executeRequest,
  helloRequest,
  queryRequest,
  type Answer,
} from './windowProtocol.ts';

/** Lets the other windows of the folder use the board that this one has open. */
export class WindowServer implements Disposable {
  readonly #kandev: Kandev;
  readonly #secret: string;
  readonly #sockets = new Set<Socket>();
  #isDisposed = false;

  constructor(secret: string, kandev: Kandev) {
    this.#secret = secret;
    this.#kandev = kandev;
  }

  /** Ends all connections: the clients look for another leader. */
  dispose(): void {
    this.#isDisposed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Somebody has connected; nothing is answered before the secret was right. */
  accept(socket: Socket): void {
    if (this.#isDisposed) {
      // Who finds the door still open while the board is being closed would wait in it, and keep it from closing.
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    );
    let events: Disposable | null = null;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      events?.dispose();
      connection.dispose();
    });
    const known = (): void => {
      if (!events) throw new Error('hello comes first');
    };
    connection.onRequest(helloRequest, ({ secret }) => {
      if (secret !== this.#secret) {
        socket.destroy();
        return false;
      }
      events ??= this.#kandev.subscribe('>', (event) => {
        void connection.sendNotification(eventNotification, event).catch(() => undefined);
      });
      return true;
    });
    connection.onRequest(executeRequest, ({ name, input }) => {
      known();
      return answer(name in commandSchemas, () => this.#kandev.execute(name as never, input as never));
    });
    connection.onRequest(queryRequest, ({ name, input }) => {
      known();
      return answer(name in querySchemas, () => this.#kandev.query(name as never, input as never));
    });
    connection.listen();
  }
}

async function answer(exists: boolean, work: () => Promise<unknown>): Promise<Answer> {
  try {
    if (!exists) {
      throw new UserError({
        reason: 'invalid-input',
        message: 'The window that leads the board runs another version of Kandev. Reload both windows.',
      });
    }
    return { result: await work() };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}
