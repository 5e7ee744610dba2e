import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Kandev } from '../../api/contract.ts';
import { failureOf } from '../../model/failure.ts';
import type { Frame, Source } from './source.ts';

/** As in RFC 6455, and our own from 4000. */
export const closeCodes = {
  goingAway: 1001,
  internal: 1011,
  notAuthenticated: 4401,
  gone: 4404,
  reset: 4410,
};

const pageSize = 100;
/** What happens within this time is read together. */
const gatherMs = 25;

/**
 * Sends a program all that came after a number, and then what comes, as fast as the program takes it: the next page is
 * read when the one before has left this process. So nothing is lost, and nothing piles up for a slow reader.
 */
export class Stream {
  readonly #socket: WebSocket;
  readonly #source: Source;
  #after: number;
  #wake = Promise.withResolvers<undefined>();

  constructor(socket: WebSocket, source: Source, after: number) {
    this.#socket = socket;
    this.#source = source;
    this.#after = after;
  }

  /** Resolves when the connection is closed, by whichever side. */
  async run(events: Pick<Kandev, 'subscribe'>): Promise<void> {
    const subscription = events.subscribe('>', (event) => {
      if (event.type === 'board.replaced') {
        this.#socket.close(closeCodes.reset, 'The board was replaced: begin anew.');
      } else if (this.#source.hears(event)) {
        this.#wake.resolve(undefined);
      }
    });
    this.#socket.on('close', () => {
      subscription.dispose();
      this.#wake.resolve(undefined);
    });
    try {
      await this.#rewind();
      await this.#send(await this.#source.statuses());
      await this.#catchUp();
      await this.#send([{ type: 'live', seq: this.#after }]);
      while (this.#isOpen) await this.#goOn();
    } catch (error) {
      // What goes wrong while the other side leaves is nobody's.
      if (!this.#isOpen) return;
      const { reason } = failureOf(error);
      if (reason === 'not-found') this.#socket.close(closeCodes.gone, 'This card no longer exists.');
      else this.#socket.close(closeCodes.internal, 'Something went wrong. Connect again.');
      if (reason === 'internal') throw error;
    }
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** A number that was never given, by a board that is another by now, leads to the beginning. */
  async #rewind(): Promise<void> {
    if (this.#after === 0 || (await this.#source.read(this.#after - 1, 1)).length > 0) return;
    this.#after = 0;
    await this.#send([{ type: 'reset' }]);
  }

  async #goOn(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers<undefined>();
    if (this.#isOpen) await delay(gatherMs);
    await this.#catchUp();
    if (this.#isOpen) await this.#send(await this.#source.statuses());
  }

  async #catchUp(): Promise<void> {
    let isFull = true;
    while (isFull && this.#isOpen) {
      const frames = await this.#source.read(this.#after, pageSize);
      await this.#send(frames);
      this.#after = frames.at(-1)?.seq ?? this.#after;
      isFull = frames.length === pageSize;
    }
  }

  /** Resolves when the last of them has left this process. */
  async #send(frames: readonly Frame[]): Promise<void> {
    let sent: Promise<void> = Promise.resolve();
    for (const frame of frames) {
      if (!this.#isOpen) return;
      sent = new Promise((resolve) => {
        this.#socket.send(JSON.stringify(frame), () => {
          resolve();
        });
      });
    }
    await sent;
  }
}
