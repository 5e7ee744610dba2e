import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import type { PermissionRequest } from '../model/permission.ts';
import type { Store } from '../store/store.ts';

export type NewPermissionRequest = Pick<
  PermissionRequest,
  'runId' | 'taskId' | 'toolCallId' | 'title' | 'toolKind' | 'command' | 'paths' | 'diffs' | 'options'
>;

/** The option that was chosen, or null when the request was closed without an answer. */
export type PermissionAnswer = string | null;

/** Holds the requests that agents wait on. Each is answered or closed once, from wherever that comes first. */
export class PermissionDesk {
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #waiting = new Map<string, (answer: PermissionAnswer) => void>();

  constructor(store: Store, events: EventBus) {
    this.#store = store;
    this.#events = events;
  }

  /** Puts a question before the user. `signal` closes it: the turn was cancelled, or the agent is gone. */
  async ask(input: NewPermissionRequest, signal: AbortSignal): Promise<PermissionAnswer> {
    const request: PermissionRequest = {
      ...input,
      id: randomUUID(),
      state: 'open',
      answer: null,
      answeredBy: null,
      requestedAt: Date.now(),
      resolvedAt: null,
    };
    await this.#store.write('permission.insert', { request });
    const answer = new Promise<PermissionAnswer>((resolve) => this.#waiting.set(request.id, resolve));
    this.#events.publish('permission.requested', { request });
    const close = (): void => void this.#close(request.id);
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

  /** Closes what an earlier session of the editor left open: the agents that asked are gone. */
  async closeAll(actor: string): Promise<void> {
    for (const { id } of await this.#store.query('openPermissionRequests', {})) {
      await this.answer(id, null, actor);
    }
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
