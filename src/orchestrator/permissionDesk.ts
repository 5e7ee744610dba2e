import type { EventBus } from '../events/eventBus.ts';
import type { PermissionRequest, Ruling } from '../model/permission.ts';
import type { Store } from '../store/store.ts';
import type { RuleAnswer, RuleBook } from './ruleBook.ts';

export type NewPermissionRequest = Pick<
  PermissionRequest,
  'id' | 'runId' | 'taskId' | 'toolCallId' | 'title' | 'toolKind' | 'command' | 'paths' | 'diffs' | 'options'
> &
  Pick<PermissionRequest, 'places'>;

/** The option that was chosen, or null when the request was closed without an answer. */
export type PermissionAnswer = string | null;

/** How a request has ended. */
export interface Settled {
  answer: PermissionAnswer;
  /** What of the user's rules has answered it; null where it was a person, or nobody. */
  ruling: Ruling | null;
}

/**
 * Holds the requests that agents wait on. Each is answered or closed once, from wherever that comes first: by the user's
 * rules, before anybody is asked or when a new one is made, or by a person.
 */
export class PermissionDesk {
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #book: RuleBook;
  readonly #waiting = new Map<string, (settled: Settled) => void>();
  /** Rises with each change of the rules. */
  #rulesRevision = 0;
  #isSuspended = false;

  constructor(store: Store, events: EventBus, book: RuleBook) {
    this.#store = store;
    this.#events = events;
    this.#book = book;
  }

  /**
   * Has a request answered by the user's rules, or else by the user. `waits` is called when it comes to that.
   * `signal` closes it: the turn was cancelled, or the agent is gone.
   */
  async ask(
    input: NewPermissionRequest,
    signal: AbortSignal,
    waits: (answer: () => Promise<Settled>) => Promise<Settled>,
  ): Promise<Settled> {
    const revision = this.#rulesRevision;
    const { ruling, optionId } = await this.#book.lookUp(input);
    const at = Date.now();
    const answered =
      optionId === null
        ? { state: 'open' as const, answer: null, answeredBy: null, resolvedAt: null }
        : { state: 'answered' as const, answer: optionId, answeredBy: nameOf(ruling), resolvedAt: at };
    const request: PermissionRequest = { ...input, ...answered, ruling, requestedAt: at };
    // Nobody is told of it when it did not have to be asked.
    if (optionId !== null && !signal.aborted) {
      const stored = await this.#store.write('permission.insert', { request });
      if (stored.state !== 'open') return this.#answered(stored);
    }
    return waits(() => this.#askUser({ ...request, ...open }, signal, revision));
  }

  /**
   * Answers a request, or closes it where `optionId` is null.
   * @throws UserError `already-resolved` when somebody was faster, or the agent no longer waits
   */
  async answer(requestId: string, optionId: PermissionAnswer, actor: string): Promise<void> {
    const request = await this.#store.write('permission.resolve', {
      requestId,
      optionId,
      actor,
      at: Date.now(),
    });
    this.#settle(request, { answer: optionId, ruling: null });
  }

  /** Other rules are there: looks what they say about all that is open. Tells how many requests that has answered. */
  async reconsider(): Promise<number> {
    this.#rulesRevision++;
    const [now, open] = await Promise.all([
      this.#book.now(),
      this.#store.query('openPermissionRequests', {}),
    ]);
    let answered = 0;
    for (const request of open) {
      if (await this.#apply(request, await this.#book.lookUp(request, now))) answered++;
    }
    return answered;
  }

  /** Closes what the agent of a run has asked that is over, also what it asked while another process led the run. */
  async closeOf(runId: string): Promise<void> {
    const open = await this.#store.query('openPermissionRequests', {});
    await Promise.all(open.filter((request) => request.runId === runId).map(({ id }) => this.#close(id)));
    await this.#store.write('rule.deleteOfRun', { runId });
  }

  /** What is open stays open: another process goes on with the agents that have asked. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** Puts a question before the user, or again where another process has. */
  async #askUser(request: PermissionRequest, signal: AbortSignal, revision: number): Promise<Settled> {
    const stored = await this.#store.write('permission.insert', { request });
    // It was answered already, and the process that was to tell the agent did not get so far.
    if (stored.state !== 'open') return this.#answered(stored);
    const answer = new Promise<Settled>((resolve) => this.#waiting.set(request.id, resolve));
    this.#events.publish('permission.requested', { request: stored });
    const close = (): void => {
      if (!this.#isSuspended) void this.#close(request.id);
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
    // A rule that was made while this was being stored has not seen it.
    if (revision !== this.#rulesRevision) void this.reconsider().catch(() => undefined);
    try {
      return await answer;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  async #apply(request: PermissionRequest, { ruling, optionId }: RuleAnswer): Promise<boolean> {
    const at = Date.now();
    if (optionId === null) {
      const isNew = ruling.ruleId !== request.ruling?.ruleId || ruling.text !== request.ruling.text;
      if (isNew) await this.#store.write('permission.putRuling', { requestId: request.id, ruling, at });
      return false;
    }
    try {
      const answer = { requestId: request.id, optionId, actor: nameOf(ruling), ruling, at };
      this.#settle(await this.#store.write('permission.resolve', answer), { answer: optionId, ruling });
      return true;
    } catch {
      // Somebody has answered it in the same moment.
      return false;
    }
  }

  #answered(stored: PermissionRequest): Settled {
    const { ruling } = stored;
    const isRuled = ruling !== null && ruling.decision !== 'ask' && stored.answeredBy === nameOf(ruling);
    if (isRuled) this.#events.publish('permission.resolved', { request: stored });
    return { answer: stored.answer, ruling: isRuled ? ruling : null };
  }

  async #close(requestId: string): Promise<void> {
    try {
      await this.answer(requestId, null, 'agent');
    } catch {
      // Answered in the same moment: then the answer stands. Or not stored: the agent must go on all the same.
      this.#waiting.get(requestId)?.({ answer: null, ruling: null });
      this.#waiting.delete(requestId);
    }
  }

  #settle(request: PermissionRequest, settled: Settled): void {
    this.#events.publish('permission.resolved', { request });
    this.#waiting.get(request.id)?.(settled);
    this.#waiting.delete(request.id);
  }
}

const open = { state: 'open', answer: null, answeredBy: null, resolvedAt: null } as const;

/** Who has answered, where it was no person. */
function nameOf({ by, text }: Ruling): string {
  return by === 'preset' ? `the choice “${text}”` : `the rule “${text}”`;
}
