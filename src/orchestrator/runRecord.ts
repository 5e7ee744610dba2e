import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf } from '../model/failure.ts';
import { isLive, type Run, type RunState } from '../model/run.ts';
import type { RunLog } from '../model/runLog.ts';
import type { Task } from '../model/task.ts';
import type { RunChange, RunPatch } from '../store/runWrites.ts';
import type { Store } from '../store/store.ts';
import { eventFor } from './runEvents.ts';

/** A run as it is stored. Changes are made in the order of the calls, and told of when they are on the disk. */
export class RunRecord {
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #log: RunLog;
  #run: Run;
  #changes: Promise<void> = Promise.resolve();

  constructor(run: Run, { store, events, log }: { store: Store; events: EventBus; log: RunLog }) {
    this.#run = run;
    this.#store = store;
    this.#events = events;
    this.#log = log;
  }

  /** As it was last stored. */
  get run(): Run {
    return this.#run;
  }

  /** Resolves when the change is stored; `to` null changes only the details. A run that is over stays as it is. */
  change(to: RunState | null, patch: RunPatch): Promise<void> {
    const change = this.#changes.then(() => this.#apply(to, patch));
    this.#changes = change.catch(() => undefined);
    return change;
  }

  /** As `change`, stored by `store` together with something else. */
  changeWith(
    to: RunState | null,
    patch: RunPatch,
    store: (change: Omit<RunChange, 'runId'>) => Promise<Run | null>,
  ): Promise<void> {
    const change = this.#changes.then(() => this.#apply(to, patch, store));
    this.#changes = change.catch(() => undefined);
    return change;
  }

  /** As `change`, for what need not be on the disk before the next step is taken. */
  note(to: RunState | null, patch: RunPatch): void {
    this.change(to, patch).catch((error: unknown) => {
      this.#log.error(this.#run.taskId, failureOf(error).message);
    });
  }

  async #apply(
    to: RunState | null,
    patch: RunPatch,
    store: (change: Omit<RunChange, 'runId'>) => Promise<Run | null> = (change) =>
      this.#store.write('run.update', { runId: this.#run.id, ...change }),
  ): Promise<void> {
    const before = this.#run.state;
    if (!isLive(before)) return;
    this.#run = (await store({ to, patch, at: Date.now() })) ?? this.#run;
    this.#events.publish(eventFor(before, this.#run.state), { run: this.#run });
  }
}

/** A run that is about to begin. */
export function newRun(task: Task, agentType: AgentType): Run {
  const at = Date.now();
  return {
    id: randomUUID(),
    taskId: task.id,
    agentTypeId: agentType.id,
    state: 'PENDING',
    sessionId: null,
    containerId: null,
    turns: 0,
    activity: null,
    stopReason: null,
    failure: null,
    workspace: null,
    changes: null,
    blocked: [],
    times: { PENDING: at },
    createdAt: at,
  };
}
