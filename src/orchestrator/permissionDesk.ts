import type { EventBus } from '../events/eventBus.ts';
import type { PermissionRequest } from '../model/permission.ts';
import type { Store } from '../store/store.ts';

export type NewPermissionRequest = Pick<
  PermissionRequest,
  'id' | 'runId' | 'taskId' | 'toolCallId' | 'title' | 'toolKind' | 'command' | 'paths' | 'diffs' | 'options'
>;

/** The option that was chosen, or null when the request was closed without an answer. */
export type PermissionAnswer = string | null;

/** Holds the requests that agents wait on. Each is answered or closed once, from wherever that comes first. */
export class PermissionDesk {
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #waiting = new Map<string, (answer: PermissionAnswer) => void>();
  #isSuspended = false;

  constructor(store: Store, events: EventBus) {
    this.#store = store;
    this.#events = events;
  }

  /** Puts a question before the user, or again where another process has. `signal` closes it: the turn was cancelled, or the agent is gone. */
  async ask(input: NewPermissionRequest, signal: AbortSignal): Promise<PermissionAnswer> {
    const request: PermissionRequest = {
      ...input,
      state: 'open',
      answer: null,
      answeredBy: null,
      requestedAt: Date.now(),
      resolvedAt: null,
    };
    const stored = await this.#store.write('permission.insert', { request });
    // The user has answered it already, and the process that was to tell the agent did not get so far.
    if (stored.state !== 'open') return stored.answer;
    const answer = new Promise<PermissionAnswer>((resolve) => this.#waiting.set(request.id, resolve));
    this.#events.publish('permission.requested', { request: stored });
    const close = (): void => {
      if (!this.#isSuspended) void this.#close(request.id);
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
    try {
      return await answer;
    } finally {
      signal.removeEventListener('abort', close);
    }
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
    this.#settle(request, optionId);
  }

  /** Closes what the agent of a run has asked that is over, also what it asked while another process led the run. */
  async closeOf(runId: string): Promise<void> {
    const open = await this.#store.query('openPermissionRequests', {});
    await Promise.all(open.filter((request) => request.runId === runId).map(({ id }) => this.#close(id)));
  }

  /** What is open stays open: another process goes on with the agents that have asked. */
  suspend(): void {
    this.#isSuspended = true;
  }

  async #close(requestId: string): Promise<void> {
    try {
      await this.answer(requestId, null, 'agent');
    } catch {
      // Answered in the same moment: then the answer stands. Or not stored: the agent must go on all the same.
      this.#waiting.get(requestId)?.(null);
      this.#waiting.delete(requestId);
    }
  }

  #settle(request: PermissionRequest, answer: PermissionAnswer): void {
    this.#events.publish('permission.resolved', { request });
    this.#waiting.get(request.id)?.(answer);
    this.#waiting.delete(request.id);
  }
}
