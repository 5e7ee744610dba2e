import type { EventBus } from '../events/eventBus.ts';
import type { KandevEvent } from '../model/events.ts';
import type { Failure } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import type { RunRules } from '../model/settings.ts';

/** A run whose agent is in the middle of a turn, or waits there for its user. */
interface Watched {
  runId: string;
  /** Which turn it is. */
  turn: number;
  /** Since when it works without waiting for its user; null while it waits. */
  workingSince: number | null;
  /** How long it has worked before that, on this turn and on all of them. */
  turnMs: number;
  runMs: number;
  /** When it last said anything, or was told to be waited for. */
  lastSign: number;
  /** Since when it is silent, once that is too long. */
  stalledSince: number | null;
}

const minute = 60_000;

/** Longer than this a timer of Node cannot wait. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Notices agents that stand still or work for too long. While an agent waits for its user neither counts. Its clock
 * begins anew when VS Code does.
 */
export class RunWatch {
  readonly #events: EventBus;
  readonly #rules: () => RunRules;
  readonly #onLimit: (taskId: string, failure: Failure) => void;
  readonly #watched = new Map<string, Watched>();
  readonly #subscriptions;
  #timer: NodeJS.Timeout | null = null;

  /** @param onLimit called once when a run has worked for longer than it may */
  constructor(events: EventBus, rules: () => RunRules, onLimit: (taskId: string, failure: Failure) => void) {
    this.#events = events;
    this.#rules = rules;
    this.#onLimit = onLimit;
    this.#subscriptions = ['agent.*', 'acp.message.>'].map((pattern) =>
      events.subscribe(pattern, (event) => {
        this.#hear(event);
      }),
    );
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** Since when a card's agent has been silent, where that is for too long. */
  stalledSince(taskId: string): number | null {
    return this.#watched.get(taskId)?.stalledSince ?? null;
  }

  /** Gives a silent agent the same time again. */
  wait(taskId: string): void {
    const watched = this.#watched.get(taskId);
    if (watched) this.#sign(taskId, watched);
    this.#look();
  }

  #hear({ data }: KandevEvent): void {
    if ('run' in data) {
      this.#follow(data.run);
      this.#look();
    } else if ('entry' in data) {
      const watched = this.#watched.get(data.taskId);
      if (watched?.runId !== data.runId) return;
      const wasStalled = watched.stalledSince !== null;
      this.#sign(data.taskId, watched);
      // Signs come by the hundred: the timer looks at the last one when it is due.
      if (wasStalled) this.#look();
    }
  }

  #follow({ taskId, id: runId, state, turns }: Run): void {
    const known = this.#watched.get(taskId);
    if (state !== 'RUNNING' && state !== 'WAITING') {
      if (known?.runId !== runId) return;
      this.#pause(known);
      if (state === 'READY') {
        this.#clearStall(taskId, known);
        known.turn = 0;
      } else {
        this.#watched.delete(taskId);
      }
      return;
    }
    const now = Date.now();
    const watched: Watched =
      known?.runId === runId
        ? known
        : { runId, turn: turns, workingSince: null, turnMs: 0, runMs: 0, lastSign: now, stalledSince: null };
    this.#watched.set(taskId, watched);
    if (watched.turn !== turns) {
      this.#pause(watched);
      Object.assign(watched, { turn: turns, turnMs: 0, lastSign: now });
    }
    if (state === 'WAITING') {
      this.#pause(watched);
      this.#clearStall(taskId, watched);
    } else if (watched.workingSince === null) {
      watched.workingSince = now;
      watched.lastSign = now;
    }
  }

  #pause(watched: Watched): void {
    if (watched.workingSince === null) return;
    const worked = Date.now() - watched.workingSince;
    watched.turnMs += worked;
    watched.runMs += worked;
    watched.workingSince = null;
  }

  #sign(taskId: string, watched: Watched): void {
    watched.lastSign = Date.now();
    this.#clearStall(taskId, watched);
  }

  #clearStall(taskId: string, watched: Watched): void {
    if (watched.stalledSince === null) return;
    watched.stalledSince = null;
    this.#events.publish('run.stalled', { taskId, runId: watched.runId, since: null });
  }

  /** Does what is due, and comes back when the next thing is. */
  #look(): void {
    if (this.#timer) clearTimeout(this.#timer);
    const rules = this.#rules();
    const left: number[] = [];
    for (const [taskId, watched] of this.#watched) {
      if (watched.workingSince !== null)
        left.push(...this.#check(taskId, watched, watched.workingSince, rules));
    }
    const next = Math.min(...left, longestTimerMs);
    this.#timer =
      left.length === 0
        ? null
        : setTimeout(() => {
            this.#look();
          }, next);
  }

  /** In how many milliseconds there is something to do for this run. */
  #check(taskId: string, watched: Watched, workingSince: number, rules: RunRules): number[] {
    const now = Date.now();
    const worked = now - workingSince;
    const limits = [
      { ms: rules.turnLimitMinutes * minute, spent: watched.turnMs, setting: 'kandev.turnLimitMinutes' },
      { ms: rules.runLimitMinutes * minute, spent: watched.runMs, setting: 'kandev.runLimitMinutes' },
    ].filter(({ ms }) => ms > 0);
    const reached = limits.find(({ ms, spent }) => spent + worked >= ms);
    if (reached) {
      this.#watched.delete(taskId);
      this.#onLimit(taskId, limitFailure(reached.ms / minute, reached.setting));
      return [];
    }
    const left = limits.map(({ ms, spent }) => ms - spent - worked);
    if (watched.stalledSince !== null || rules.stallMinutes <= 0) return left;
    const silence = now - watched.lastSign;
    const stall = rules.stallMinutes * minute;
    if (silence < stall) return [...left, stall - silence];
    watched.stalledSince = watched.lastSign;
    this.#events.publish('run.stalled', { taskId, runId: watched.runId, since: watched.lastSign });
    return left;
  }
}

function limitFailure(minutes: number, setting: string): Failure {
  const what = setting === 'kandev.turnLimitMinutes' ? 'one message' : 'one run';
  const time = minutes === 1 ? '1 minute' : `${minutes} minutes`;
  return {
    reason: 'time-limit',
    message: `The agent has worked for ${time}, the limit for ${what}, and was stopped. What it has done is kept; a message to it goes on from there.`,
    action: { kind: 'openSetting', setting },
  };
}
