import type { Failure } from '../model/failure.ts';
import type { Task } from '../model/task.ts';
import type { Launcher } from './launcher.ts';
import type { LiveRuns } from './liveRuns.ts';
import type { OrchestratorDependencies } from './orchestrator.ts';
import { describeQueue, freePlaces, orderQueue, type QueuePlace } from './queue.ts';

/** While cards wait for an engine that does not answer, it is asked again this often. */
const engineRetryMs = 10_000;

/** Starts the queued cards that may start, and tells each of the others its place and why it waits. */
export class Admission {
  readonly #deps: OrchestratorDependencies;
  readonly #live: LiveRuns;
  readonly #launcher: Launcher;
  #queue: QueuePlace[] = [];
  #pass: Promise<void> | null = null;
  #again = false;
  #engineTimer: NodeJS.Timeout | null = null;
  #engineFailure: Failure | null = null;
  #disposed = false;

  constructor(deps: OrchestratorDependencies, live: LiveRuns, launcher: Launcher) {
    this.#deps = deps;
    this.#live = live;
    this.#launcher = launcher;
    for (const pattern of ['task.created', 'task.updated', 'task.state_changed', 'task.deleted']) {
      deps.events.subscribe(pattern, () => void this.admit());
    }
  }

  /** The queued cards in their order, as last computed. */
  get queue(): readonly QueuePlace[] {
    return this.#queue;
  }

  /** Why the engine cannot be used, as last seen. */
  get engineFailure(): Failure | null {
    return this.#engineFailure;
  }

  /** For whoever has asked the engine meanwhile. */
  async engineSeen(failure: Failure | null): Promise<void> {
    this.#engineFailure = failure;
    if (!failure) await this.admit();
  }

  /** Starts what may start. One pass at a time; a call during a pass makes another follow. */
  async admit(): Promise<void> {
    this.#again = true;
    this.#pass ??= this.#passWhileAsked().finally(() => {
      this.#pass = null;
    });
    await this.#pass;
  }

  /** Nothing is started any more. */
  dispose(): void {
    this.#disposed = true;
    if (this.#engineTimer) clearTimeout(this.#engineTimer);
  }

  async #passWhileAsked(): Promise<void> {
    while (this.#again && !this.#disposed) {
      this.#again = false;
      await this.#passOnce();
    }
  }

  async #passOnce(): Promise<void> {
    const { store, settings, agents } = this.#deps;
    const waiting = orderQueue(await store.query('waitingTasks', {})).filter(
      ({ id }) => !this.#live.isBusy(id),
    );
    const free = freePlaces(this.#live.busyCount(), settings.maxConcurrentRuns());
    if (waiting.length > 0 && free > 0) this.#engineFailure = (await agents.checkEngine()).failure;
    if (waiting.length === 0) this.#engineFailure = null;
    if (!this.#engineFailure) for (const task of waiting.slice(0, free)) await this.#launcher.launch(task);
    const left = waiting.filter(({ id }) => !this.#live.isBusy(id));
    this.#publish(left);
    this.#watchEngine(left.length > 0 && this.#engineFailure !== null);
  }

  #publish(waiting: readonly Task[]): void {
    const limit = this.#deps.settings.maxConcurrentRuns();
    const queue = describeQueue(waiting, this.#live.busyCount(), limit, this.#engineFailure?.message ?? null);
    if (JSON.stringify(queue) === JSON.stringify(this.#queue)) return;
    this.#queue = queue;
    this.#deps.events.publish('queue.changed', { length: queue.length });
  }

  #watchEngine(needed: boolean): void {
    if (this.#engineTimer) clearTimeout(this.#engineTimer);
    this.#engineTimer = needed ? setTimeout(() => void this.admit(), engineRetryMs) : null;
  }
}
