import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  CommandInput,
  CommandName,
  CommandResults,
  Kandev,
  QueryInput,
  QueryName,
  QueryResults,
} from '../api/contract.ts';
import { DeferredKandev } from '../api/deferredKandev.ts';
import { subjectMatches } from '../events/subjects.ts';
import type { Disposable, KandevEvent } from '../model/events.ts';
import { failureOf, UserError } from '../model/failure.ts';
import { elect, type Holder, type Lead } from './election.ts';
import { LeaderLost, WindowClient } from './windowClient.ts';
import { WindowServer } from './windowServer.ts';

/** A board that this process has open itself. */
export interface OpenBoard {
  kandev: Kandev;
  close(): Promise<void>;
}

export interface SharedKandevOptions {
  /** Where the windows of one folder find each other. */
  folder: string;
  /** Opens the board in this process; `holds` tells whether this process still leads, and must be asked before each write. */
  open(holds: () => boolean): Promise<OpenBoard>;
  /** The lead has changed hands: whatever was shown may be out of date. */
  onChange(role: 'leader' | 'follower'): void;
  onProblem(text: string): void;
}

/** One side of the board at a time: opened here, or reached through the window that leads. */
type Side =
  | { role: 'leader'; kandev: Kandev; lead: Lead; server: WindowServer; board: OpenBoard }
  | { role: 'follower'; kandev: Pick<Kandev, 'execute' | 'query'>; client: WindowClient };

/** How long to wait before a leader that was lost in the same moment is looked for again. */
const retryMs = 100;

/**
 * One board for all windows of a folder. The first one opens it and leads: it alone has the database and the queue.
 * The others speak to it, and when it goes one of them takes over.
 */
export class SharedKandev implements Kandev {
  readonly #options: SharedKandevOptions;
  readonly #listeners = new Set<{ pattern: string; listener: (event: KandevEvent) => void }>();
  #side: Promise<Side>;
  #closed = false;

  constructor(options: SharedKandevOptions) {
    this.#options = options;
    this.#side = this.#take();
    this.#side.catch(() => undefined);
  }

  /** Resolves when the board can be used. @throws UserError when it cannot be opened */
  async ready(): Promise<void> {
    await this.#side;
  }

  async execute<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandResults[C]> {
    // A card or board that is created twice has the same id, and the second time is harmless. A message may be sent twice.
    const isNew = command === 'task.create' || command === 'board.create';
    const stable = isNew ? { id: randomUUID(), ...input } : input;
    return this.#withSide((side) => side.kandev.execute(command, stable), !isDoneOnce(command));
  }

  query<Q extends QueryName>(query: Q, input: QueryInput<Q>): Promise<QueryResults[Q]> {
    return this.#withSide((side) => side.kandev.query(query, input), true);
  }

  subscribe(pattern: string, listener: (event: KandevEvent) => void): Disposable {
    const subscription = { pattern, listener };
    this.#listeners.add(subscription);
    return { dispose: () => this.#listeners.delete(subscription) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const side = await this.#side.catch(() => null);
    if (side?.role === 'follower') side.client.dispose();
    if (side?.role !== 'leader') return;
    side.server.dispose();
    await side.board.close();
    await side.lead.release();
  }

  async #withSide<T>(work: (side: Side) => Promise<T>, again: boolean): Promise<T> {
    for (;;) {
      const side = await this.#side;
      try {
        return await work(side);
      } catch (error) {
        if (!(error instanceof LeaderLost)) throw error;
        if (!again || this.#closed) throw unknownOutcome();
      }
    }
  }

  async #take(): Promise<Side> {
    while (!this.#closed) {
      const door = new Door();
      const election = await elect(this.#options.folder, door.knock);
      if (election.kind === 'foreign') throw heldElsewhere(election.holder);
      const side =
        election.kind === 'leader'
          ? await this.#lead(election.lead, door)
          : await this.#follow(election.holder);
      if (side) {
        this.#options.onChange(side.role);
        return side;
      }
      await delay(retryMs);
    }
    throw new UserError({ reason: 'storage', message: 'The board is closed.' });
  }

  async #lead(lead: Lead, door: Door): Promise<Side> {
    const opening = this.#options.open(() => lead.holds());
    // Who comes while the board is being opened waits for it instead of being turned away.
    const server = new WindowServer(lead.secret, new DeferredKandev(opening.then(({ kandev }) => kandev)));
    door.open((socket) => {
      server.accept(socket);
    });
    try {
      const board = await opening;
      board.kandev.subscribe('>', (event) => {
        this.#emit(event);
      });
      return { role: 'leader', kandev: board.kandev, lead, server, board };
    } catch (error) {
      server.dispose();
      await lead.release();
      throw error;
    }
  }

  /** Null when the leader went in the same moment. */
  async #follow(holder: Holder): Promise<Side | null> {
    try {
      const client = await WindowClient.connect(holder, (event) => {
        this.#emit(event);
      });
      void client.closed.then(() => {
        this.#lost();
      });
      return { role: 'follower', kandev: client, client };
    } catch (error) {
      if (error instanceof LeaderLost) return null;
      throw error;
    }
  }

  #lost(): void {
    if (this.#closed) return;
    this.#side = this.#take();
    this.#side.catch((error: unknown) => {
      // Who closes the window meanwhile needs no board any more.
      if (!this.#closed) this.#options.onProblem(failureOf(error).message);
    });
  }

  #emit(event: KandevEvent): void {
    for (const { pattern, listener } of [...this.#listeners]) {
      if (!subjectMatches(pattern, event.type)) continue;
      try {
        listener(event);
      } catch (error) {
        this.#options.onProblem(failureOf(error).detail ?? String(error));
      }
    }
  }
}

/** Keeps those who connect before there is somebody to receive them. */
class Door {
  readonly #early: Socket[] = [];
  #receive: ((socket: Socket) => void) | null = null;

  readonly knock = (socket: Socket): void => {
    // One that only asks whether we live goes away again; its error is nobody's.
    socket.on('error', () => undefined);
    if (this.#receive) this.#receive(socket);
    else this.#early.push(socket);
  };

  open(receive: (socket: Socket) => void): void {
    this.#receive = receive;
    for (const socket of this.#early.splice(0)) receive(socket);
  }
}

function heldElsewhere({ host }: Holder): UserError {
  return new UserError({
    reason: 'storage',
    message: `This board is open on another machine (${host}). Close it there, then reload this window.`,
    action: { kind: 'reloadWindow' },
  });
}

/** Asked for a second time, these would do something again, or refuse what they have just done. */
function isDoneOnce(command: CommandName): boolean {
  return command === 'task.prompt' || command === 'prompt.send' || command.startsWith('result.');
}

function unknownOutcome(): UserError {
  return new UserError({
    reason: 'storage',
    message:
      'The window that led the board was closed while it did what you asked for. See on the card whether it was done, and ask again if not.',
  });
}
