import type { TurnResult } from '../acp/types.ts';
import type { EventBus } from '../events/eventBus.ts';
import { failureOf } from '../model/failure.ts';
import type { Message, QueuedPrompt } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { RunLog } from '../model/runLog.ts';
import type { LiveRuns } from './liveRuns.ts';
import type { NewMessage, Outbox } from './outbox.ts';

export interface MessagesDependencies {
  outbox: Outbox;
  live: LiveRuns;
  /** Gives a card's agent a prompt; throws when it cannot take one. */
  prompt: (taskId: string, message: Message, actor: string) => Promise<Run>;
  /** @throws UserError for what its agent cannot be told of */
  check: (taskId: string, message: Message) => Promise<void>;
  events: EventBus;
  log: Pick<RunLog, 'error'>;
}

/** What people tell agents: at once where the agent is free, else when its turn is over, in the order they want. */
export class Messages {
  readonly #deps: MessagesDependencies;
  /** Cards whose turn was cut short so that a message is sent. */
  readonly #interrupted = new Set<string>();

  constructor(deps: MessagesDependencies) {
    this.#deps = deps;
  }

  /**
   * Sends a message, or lets it wait while the agent is at work.
   * @returns the message that waits; null when it was sent
   * @throws UserError when the agent cannot be sent one
   */
  async send(message: NewMessage, actor: string): Promise<QueuedPrompt | null> {
    const { outbox, live } = this.#deps;
    const { taskId } = message;
    await this.#deps.check(taskId, message);
    const waiting = await outbox.list(taskId);
    if (live.isBusy(taskId)) return outbox.add(message, actor);
    if (waiting.length === 0) {
      await this.#give(message, actor);
      return null;
    }
    // Those that wait since the agent was stopped were said before it.
    const added = await outbox.add(message, actor);
    await this.#sendNext(taskId);
    return added;
  }

  /** Changes a message that waits. @throws UserError `not-found` when it was sent or removed */
  async update(promptId: string, change: (old: QueuedPrompt) => Message): Promise<QueuedPrompt> {
    const { outbox, check } = this.#deps;
    const old = await outbox.get(promptId);
    const message = change(old);
    await check(old.taskId, message);
    return outbox.update(promptId, message);
  }

  /** Sends a message before the others. An agent that is at work is interrupted for it. */
  async sendNow(promptId: string): Promise<void> {
    const { outbox, live } = this.#deps;
    const { taskId } = await outbox.toFront(promptId);
    const busy = live.isBusy(taskId) ? live.get(taskId) : undefined;
    if (!busy) {
      await this.#sendNext(taskId);
      return;
    }
    this.#interrupted.add(taskId);
    await busy.interrupt();
  }

  /** The agent's turn is over: gives it the next message. Whether there was one that it took. */
  async turnEnded({ taskId }: Run, { stopReason }: Pick<TurnResult, 'stopReason'>): Promise<boolean> {
    const wanted = this.#interrupted.delete(taskId);
    // What was cancelled was cancelled by somebody who may want something else now.
    if (stopReason === 'cancelled' && !wanted) return false;
    try {
      return await this.#sendNext(taskId);
    } catch (error) {
      this.#deps.log.error(taskId, `A message that waits could not be sent: ${failureOf(error).message}`);
      return false;
    }
  }

  /** A message is forgotten only when the agent has it. */
  async #sendNext(taskId: string): Promise<boolean> {
    const { outbox } = this.#deps;
    const [next] = await outbox.list(taskId);
    if (!next) return false;
    await this.#give(next, next.createdBy);
    await outbox.remove(next.id);
    return true;
  }

  async #give({ id: promptId, taskId, text, pictures }: NewMessage, actor: string): Promise<void> {
    const { events, prompt } = this.#deps;
    const { id: runId, turns } = await prompt(taskId, { text, pictures }, actor);
    if (promptId === undefined) return;
    // A run that is just being started has its first turn before it.
    events.publish('prompt.given', { taskId, promptId, runId, turn: Math.max(1, turns) });
  }
}
