import type { EventBus } from '../events/eventBus.ts';
import type { KandevEvent } from '../model/events.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import type { RunLog } from '../model/runLog.ts';
import type { RunRules } from '../model/settings.ts';
import type { WorkedTime } from '../store/runLinks.ts';

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
  /** What it may have worked while nobody was there; null when nothing is in doubt. */
  unseen: Unseen | null;
}

/** A time of which only what the agent does next tells whether it has worked or waited for its user. */
interface Unseen {
  ms: number;
  /** When all that it said meanwhile is known; null before it was reached. */
  decidedAt: number | null;
}

const minute = 60_000;
/** What an agent has said while nobody was there has been heard within this. */
const catchUpMs = 10_000;

/** Longer than this a timer of Node cannot wait. */
const longestTimerMs = 2 ** 31 - 1;

export interface RunWatchOptions {
  events: EventBus;
  rules: () => RunRules;
  /** Called once when a run has worked for longer than it may. */
  onLimit: (taskId: string, failure: Failure) => void;
  /** Stores how long a run has worked, for whoever goes on with it. */
  keep: (runId: string, worked: WorkedTime) => Promise<unknown>;
  log: Pick<RunLog, 'error'>;
}

/**
 * Notices agents that stand still or work for too long. While an agent waits for its user neither counts. For how long
 * it has worked outlives this process.
 */
export class RunWatch {
  readonly #options: RunWatchOptions;
  readonly #keeping = new Set<Promise<unknown>>();
  readonly #watched = new Map<string, Watched>();
  readonly #subscriptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RunWatchOptions) {
    this.#options = options;
    this.#subscriptions = ['agent.*', 'acp.message.>', 'session.changed'].map((pattern) =>
      options.events.subscribe(pattern, (event) => {
        this.#hear(event);
      }),
    );
  }

  /** Resolves when it is stored for how long each has worked. */
  async dispose(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const watched of this.#watched.values()) this.#pause(watched);
    await Promise.all(this.#keeping);
  }

  /**
   * Goes on with a run that another process has begun. What the agent may have worked since counts when it turns out
   * that it still does: one that has asked its user in the meantime has waited.
   *
   * @param worked as that one has stored it last
   */
  continueFrom({ taskId, id: runId, state, turns, times }: Run, worked: WorkedTime | null): void {
    if (state !== 'RUNNING' && state !== 'WAITING' && state !== 'READY') return;
    const now = Date.now();
    const isWorking = state === 'RUNNING';
    const seenUntil = Math.max(worked?.at ?? 0, times.RUNNING ?? now);
    this.#watched.set(taskId, {
      runId,
      turn: state === 'READY' ? 0 : turns,
      workingSince: isWorking ? now : null,
      turnMs: worked?.turn === turns ? worked.turnMs : 0,
      runMs: worked?.runMs ?? 0,
      lastSign: now,
      stalledSince: null,
      unseen: isWorking ? { ms: now - seenUntil, decidedAt: null } : null,
    });
    this.#look();
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
    } else if ('runId' in data) {
      // A conversation that can be seen again: its agent was reached.
      const { unseen = null } = this.#watched.get(data.taskId) ?? {};
      if (unseen?.decidedAt !== null) return;
      unseen.decidedAt = Date.now() + catchUpMs;
      this.#look();
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
    const watched: Watched = known?.runId === runId ? known : newlyWatched(runId, turns, now);
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
    const { runId, turn, workingSince } = watched;
    if (workingSince === null) return;
    const at = Date.now();
    this.#add(watched, at - workingSince);
    Object.assign(watched, { workingSince: null, unseen: null });
    const { turnMs, runMs } = watched;
    const { keep, log } = this.#options;
    const kept = keep(runId, { turn, turnMs, runMs, at }).catch((error: unknown) => {
      log.error('', failureOf(error).message);
    });
    this.#keeping.add(kept);
    void kept.finally(() => this.#keeping.delete(kept));
  }

  #add(watched: Watched, ms: number): void {
    watched.turnMs += ms;
    watched.runMs += ms;
  }

  #sign(taskId: string, watched: Watched): void {
    watched.lastSign = Date.now();
    this.#clearStall(taskId, watched);
  }

  #clearStall(taskId: string, watched: Watched): void {
    if (watched.stalledSince === null) return;
    watched.stalledSince = null;
    this.#options.events.publish('run.stalled', { taskId, runId: watched.runId, since: null });
  }

  /** Does what is due, and comes back when the next thing is. */
  #look(): void {
    if (this.#timer) clearTimeout(this.#timer);
    const rules = this.#options.rules();
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
    const { unseen } = watched;
    if (unseen !== null && unseen.decidedAt !== null && unseen.decidedAt <= now) {
      this.#add(watched, unseen.ms);
      watched.unseen = null;
    }
    const worked = now - workingSince;
    const limits = [
      { ms: rules.turnLimitMinutes * minute, spent: watched.turnMs, setting: 'kandev.turnLimitMinutes' },
      { ms: rules.runLimitMinutes * minute, spent: watched.runMs, setting: 'kandev.runLimitMinutes' },
    ].filter(({ ms }) => ms > 0);
    const reached = limits.find(({ ms, spent }) => spent + worked >= ms);
    if (reached) {
      this.#watched.delete(taskId);
      this.#options.onLimit(taskId, limitFailure(reached.ms / minute, reached.setting));
      return [];
    }
    const left = limits.map(({ ms, spent }) => ms - spent - worked);
    if (watched.unseen?.decidedAt) left.push(watched.unseen.decidedAt - now);
    if (watched.stalledSince !== null || rules.stallMinutes <= 0) return left;
    const silence = now - watched.lastSign;
    const stall = rules.stallMinutes * minute;
    if (silence < stall) return [...left, stall - silence];
    watched.stalledSince = watched.lastSign;
    this.#options.events.publish('run.stalled', { taskId, runId: watched.runId, since: watched.lastSign });
    return left;
  }
}

function newlyWatched(runId: string, turn: number, now: number): Watched {
  return {
    ...{ runId, turn, workingSince: null, turnMs: 0, runMs: 0 },
    ...{ lastSign: now, stalledSince: null, unseen: null },
  };
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
