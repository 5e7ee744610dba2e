import type { TurnResult } from '../acp/types.ts';
import type { EventBus } from '../events/eventBus.ts';
import { failureOf } from '../model/failure.ts';
import type { QueuedPrompt } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { RunLog } from '../model/runLog.ts';
import type { LiveRuns } from './liveRuns.ts';
import type { Outbox } from './outbox.ts';

export interface MessagesDependencies {
  outbox: Outbox;
  live: LiveRuns;
  /** Gives a card's agent a prompt; throws when it cannot take one. */
  prompt: (taskId: string, text: string, actor: string) => Promise<Run>;
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
  async send(
    message: { id?: string | undefined; taskId: string; text: string },
    actor: string,
  ): Promise<QueuedPrompt | null> {
    const { outbox, live } = this.#deps;
    const { taskId, text } = message;
    const waiting = await outbox.list(taskId);
    if (live.isBusy(taskId)) return outbox.add(message, actor);
    if (waiting.length === 0) {
      await this.#give(message.id, { taskId, text, actor });
      return null;
    }
    // Those that wait since the agent was stopped were said before it.
    const added = await outbox.add(message, actor);
    await this.#sendNext(taskId);
    return added;
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
    await this.#give(next.id, { taskId, text: next.text, actor: next.createdBy });
    await outbox.remove(next.id);
    return true;
  }

  async #give(
    promptId: string | undefined,
    { taskId, text, actor }: { taskId: string; text: string; actor: string },
  ): Promise<void> {
    const { events, prompt } = this.#deps;
    const { id: runId, turns } = await prompt(taskId, text, actor);
    if (promptId === undefined) return;
    // A run that is just being started has its first turn before it.
    events.publish('prompt.given', { taskId, promptId, runId, turn: Math.max(1, turns) });
  }
}
