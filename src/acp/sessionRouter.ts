import { asObject, asString } from './json.ts';
import type { OpenSession } from './openSession.ts';

/** A message for a session that is not open yet. */
interface EarlyMessage {
  sessionId: string | null;
  deliver: Deliver;
}

/** Without a session: there is none of that id. */
type Deliver = (session: OpenSession | undefined) => void;

/** Which session a message is for. */
export class SessionRouter {
  readonly #sessions = new Map<string, OpenSession>();
  #opening = 0;
  #early: EarlyMessage[] = [];

  get(sessionId: string | null): OpenSession | undefined {
    return sessionId === null ? undefined : this.#sessions.get(sessionId);
  }

  all(): OpenSession[] {
    return [...this.#sessions.values()];
  }

  add(session: OpenSession): void {
    this.#sessions.set(session.id, session);
    this.#deliverEarly(session);
  }

  /** Only that very session: another may have been opened under the same id. */
  remove(session: OpenSession): void {
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  /** While a session is being opened, messages for one that is not known are kept: they may be for that one. */
  async whileOpening<T>(work: () => Promise<T>): Promise<T> {
    this.#opening += 1;
    try {
      return await work();
    } finally {
      this.#opening -= 1;
      if (this.#opening === 0) this.#deliverEarly();
    }
  }

  /** A message may overtake the answer that makes its session known; one without an id is for the only session. */
  route(params: unknown, deliver: Deliver): void {
    const sessionId = asString(asObject(params).sessionId);
    const session = sessionId === null ? this.#onlySession() : this.#sessions.get(sessionId);
    if (session === undefined && this.#opening > 0) this.#early.push({ sessionId, deliver });
    else deliver(session);
  }

  #onlySession(): OpenSession | undefined {
    const [session, another] = this.#sessions.values();
    return another === undefined ? session : undefined;
  }

  #deliverEarly(session?: OpenSession): void {
    const early = this.#early;
    this.#early = [];
    for (const message of early) {
      const isConcerned = session === undefined || (message.sessionId ?? session.id) === session.id;
      if (isConcerned) message.deliver(session);
      else this.#early.push(message);
    }
  }
}
