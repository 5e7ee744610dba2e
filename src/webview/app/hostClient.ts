import type { Failure, UserAction } from '../../model/failure.ts';
import type { CardMove } from '../../model/task.ts';
import type { AppMessage, BoardCommand, BoardCommandInput, ExecuteMessage } from '../protocol.ts';

/** What VS Code gives a webview page, once. */
export interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** How a command ended. `taskId` is the card that it made or changed. */
export type Outcome = { ok: true; taskId: string | null } | { ok: false; failure: Failure };

/** The page's end of the wire: sends messages, and matches answers to the commands that wait for them. */
export class HostClient {
  readonly #api: VsCodeApi;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #lastRequestId = 0;

  constructor(api: VsCodeApi) {
    this.#api = api;
  }

  post(message: AppMessage): void {
    this.#api.postMessage(message);
  }

  execute<C extends BoardCommand>(command: C, input: BoardCommandInput<C>): Promise<Outcome> {
    return this.#request((requestId) => {
      const message: ExecuteMessage<C> = { type: 'execute', requestId, command, input };
      return message as ExecuteMessage;
    });
  }

  /** Moves cards; those that are refused stay where they are, and the outcome says so. */
  moveCards(moves: readonly CardMove[], stopRuns: boolean): Promise<Outcome> {
    return this.#request((requestId) => ({ type: 'moveCards', requestId, moves, stopRuns }));
  }

  createCards(cards: readonly BoardCommandInput<'task.create'>[]): Promise<Outcome> {
    return this.#request((requestId) => ({ type: 'createCards', requestId, cards }));
  }

  /** Takes back what was done last with cards. */
  undo(): Promise<Outcome> {
    return this.#request((requestId) => ({ type: 'undo', requestId }));
  }

  /** Deletes cards if the user confirms it; `taskId` of the outcome is null when they did not. */
  deleteCards(taskIds: readonly string[]): Promise<Outcome> {
    return this.#request((requestId) => ({ type: 'deleteCards', requestId, taskIds }));
  }

  /** Has the extension do what the button of a failure stands for. */
  runAction(action: UserAction): Promise<Outcome> {
    return this.#request((requestId) => ({ type: 'runAction', requestId, action }));
  }

  settle(requestId: number, outcome: Outcome): void {
    const resolve = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    resolve?.(outcome);
  }

  #request(toMessage: (requestId: number) => AppMessage): Promise<Outcome> {
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    return new Promise((resolve) => {
      this.#waiting.set(requestId, resolve);
      this.#api.postMessage(toMessage(requestId));
    });
  }
}
