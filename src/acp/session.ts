import { randomUUID } from 'node:crypto';
import { decodePermission, decodeStopReason, decodeUpdate } from './decodeUpdate.ts';
import { AcpError } from './errors.ts';
import { ToolCalls } from './toolCalls.ts';
import { Turn } from './turn.ts';
import type {
  PermissionOutcome,
  PermissionRequest,
  PromptBlock,
  SessionEvent,
  SessionSetup,
  ToolCall,
  ToolCallPatch,
  TurnResult,
  TurnState,
  Update,
} from './types.ts';

/** What a session needs of its connection. */
export interface SessionLink {
  request(method: string, params: object): Promise<unknown>;
  notify(method: string, params: object): void;
  requestPermission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionOutcome>;
  onError(error: Error): void;
  /** The name of the prompt's blocks among its parameters: the oldest agents know them as `content`. */
  readonly promptField: 'prompt' | 'content';
}

/** Called synchronously, in the order in which the agent spoke. What it throws is reported and disturbs nobody. */
export type SessionListener = (event: SessionEvent, turn: TurnState) => void;

interface OpenPermission {
  turn: number;
  controller: AbortController;
}

export const cancelled: PermissionOutcome = { outcome: 'cancelled' };

/**
 * One conversation with an agent, a turn at a time.
 *
 * Nothing is delivered, and no permission asked for, before the first listener is there (or, without one, the first
 * prompt): some agents speak before their session's creator has had a chance to listen.
 */
export class Session {
  readonly id: string;
  readonly setup: SessionSetup;
  readonly #link: SessionLink;
  readonly #listeners = new Set<SessionListener>();
  readonly #toolCalls = new ToolCalls();
  readonly #permissions = new Set<OpenPermission>();
  #undelivered: (() => void)[] | null = [];
  #turns = 0;
  #turn: Turn | null = null;

  constructor(id: string, setup: SessionSetup, link: SessionLink) {
    this.id = id;
    this.setup = setup;
    this.#link = link;
  }

  /** Returns what removes the listener. */
  onEvent(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    this.#startDelivery();
    return () => this.#listeners.delete(listener);
  }

  /** Chooses one of the modes that the session was set up with. @throws AcpError */
  async setMode(modeId: string): Promise<void> {
    await this.#link.request('session/set_mode', { sessionId: this.id, modeId });
  }

  /**
   * Gives the agent its next task and resolves when it has ended its turn. Every update that the agent sent before
   * its answer has been delivered by then.
   * @throws AcpError the agent's error, or the loss of the connection. Error if a turn is still open.
   */
  prompt(blocks: readonly PromptBlock[]): Promise<TurnResult> {
    if (this.#turn !== null) {
      return Promise.reject(new Error('The agent is still at work on the last prompt.'));
    }
    this.#startDelivery();
    this.#turns += 1;
    const turn = new Turn(this.#turns);
    this.#turn = turn;
    this.#link.request('session/prompt', { sessionId: this.id, [this.#link.promptField]: blocks }).then(
      (result) => {
        this.#endTurn(turn, () => {
          turn.end(decodeStopReason(result));
        });
      },
      (error: unknown) => {
        this.#endTurn(turn, () => {
          turn.fail(toAcpError(error));
        });
      },
    );
    return turn.result;
  }

  /**
   * Asks the agent to stop, closes its open permission requests and marks its open tool calls as cancelled.
   * Resolves when the turn has ended, which only the agent or the end of the connection brings about: race it with
   * a grace time. The turn's prompt then resolves with `cancelled`, whatever the agent said.
   */
  async cancel(): Promise<void> {
    const turn = this.#turn;
    if (turn !== null) turn.cancelled = true;
    this.#link.notify('session/cancel', { sessionId: this.id });
    this.#settlePermissions(() => true);
    this.#cancelToolCalls();
    await turn?.result.catch(() => undefined);
  }

  /** For the connection: the params of a `session/update`. */
  acceptUpdate(params: unknown): void {
    this.#deliver(() => {
      this.#apply(decodeUpdate(params));
    });
  }

  /** For the connection: the params of a `session/request_permission`, and what aborts when it is given up. */
  acceptPermission(params: unknown, signal: AbortSignal): Promise<PermissionOutcome> {
    return new Promise((resolve) => {
      this.#deliver(() => {
        resolve(this.#askPermission(params, signal));
      });
    });
  }

  #deliver(task: () => void): void {
    if (this.#undelivered === null) task();
    else this.#undelivered.push(task);
  }

  #startDelivery(): void {
    const tasks = this.#undelivered ?? [];
    this.#undelivered = null;
    for (const task of tasks) task();
  }

  #apply(update: Update): void {
    switch (update.type) {
      case 'tool_call_patch':
        this.#upsertToolCall(update.patch);
        break;
      case 'turn_end': {
        const turn = this.#turn;
        if (turn === null) break;
        this.#endTurn(turn, () => {
          turn.end(update.stopReason);
        });
        break;
      }
      default:
        this.#emit(update);
    }
  }

  #upsertToolCall(patch: ToolCallPatch): ToolCall {
    const { toolCall, created } = this.#toolCalls.apply(patch);
    this.#emit({ type: 'tool_call', toolCall, created });
    return toolCall;
  }

  #emit(event: SessionEvent): void {
    const turn: TurnState = { number: this.#turns, open: this.#turn !== null };
    if (this.#turn !== null && isOutput(event)) this.#turn.hadOutput = true;
    for (const listener of [...this.#listeners]) {
      try {
        listener(event, turn);
      } catch (error) {
        this.#link.onError(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  async #askPermission(params: unknown, requestSignal: AbortSignal): Promise<PermissionOutcome> {
    const id = randomUUID();
    const { toolCall: patch, options } = decodePermission(params);
    const toolCall = this.#upsertToolCall(patch ?? { id });
    if (requestSignal.aborted || this.#turn?.cancelled) return cancelled;

    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, requestSignal]);
    const open: OpenPermission = { turn: this.#turns, controller };
    this.#permissions.add(open);
    const aborted = new Promise<PermissionOutcome>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(cancelled);
      });
    });
    try {
      const request: PermissionRequest = { id, sessionId: this.id, toolCall, options, raw: params };
      return await Promise.race([this.#link.requestPermission(request, signal), aborted]);
    } catch (error) {
      this.#link.onError(error instanceof Error ? error : new Error(String(error)));
      return cancelled;
    } finally {
      this.#permissions.delete(open);
    }
  }

  /** `settle` decides how the turn ends; it is not called for a turn that has ended before. */
  #endTurn(turn: Turn, settle: () => void): void {
    if (!turn.open) return;
    if (turn.cancelled) this.#cancelToolCalls();
    settle();
    if (this.#turn === turn) this.#turn = null;
    this.#settlePermissions((permission) => permission.turn === turn.number);
  }

  #settlePermissions(concerned: (permission: OpenPermission) => boolean): void {
    for (const permission of [...this.#permissions].filter(concerned)) permission.controller.abort();
  }

  #cancelToolCalls(): void {
    for (const toolCall of this.#toolCalls.cancelOpen()) {
      this.#emit({ type: 'tool_call', toolCall, created: false });
    }
  }
}

/** What the user sees of a turn. Thoughts, usage and the like do not count: with them alone a turn is empty. */
function isOutput(event: SessionEvent): boolean {
  switch (event.type) {
    case 'message':
      return event.role === 'agent' && (event.text !== '' || event.content.type !== 'text');
    case 'tool_call':
      return true;
    case 'plan':
      return event.entries.length > 0;
    default:
      return false;
  }
}

function toAcpError(error: unknown): AcpError {
  return error instanceof AcpError ? error : new AcpError('agent-error', String(error), { cause: error });
}
