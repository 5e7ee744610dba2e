import type { AgentType } from '../model/agentType.ts';
import { isBusy, type Run } from '../model/run.ts';
import type { RunUsage } from '../model/runUsage.ts';
import type { Task } from '../model/task.ts';
import type { Occupant } from './queue.ts';
import type { RunController } from './runController.ts';
import type { Agents } from './runInterfaces.ts';

interface LiveRun {
  controller: RunController;
  /** As it was given to the agent. */
  task: Task;
  agentType: AgentType;
}

/** The live run of each card, and how long a container whose work is done is kept for a follow-up. */
export class LiveRuns {
  readonly #keepMinutes: () => number;
  readonly #runs = new Map<string, LiveRun>();
  /** Rooms that are taken for runs which are about to begin or to go on. */
  readonly #claims = new Map<string, Occupant>();
  readonly #idleTimers = new Map<string, NodeJS.Timeout>();

  constructor(keepMinutes: () => number) {
    this.#keepMinutes = keepMinutes;
  }

  get(taskId: string): RunController | undefined {
    return this.#runs.get(taskId)?.controller;
  }

  /** As its live run was given it: what its card says may be different by now. */
  agentType(taskId: string): AgentType | undefined {
    return this.#runs.get(taskId)?.agentType;
  }

  all(): RunController[] {
    return [...this.#runs.values()].map(({ controller }) => controller);
  }

  add(controller: RunController, task: Task, agentType: AgentType): void {
    this.#runs.set(task.id, { controller, task, agentType });
  }

  /** What they take away of the room for others. */
  occupants(): Occupant[] {
    const runs = [...this.#runs.values()].map(({ controller: { run }, task, agentType }) => ({
      taskId: task.id,
      title: task.title,
      agentTypeId: agentType.id,
      resources: agentType.resources,
      inFolder: task.workspaceMode === 'folder',
      busy: isBusy(run.state) || this.#claims.has(task.id),
      idleSince: run.times.READY ?? run.createdAt,
    }));
    return [...runs, ...[...this.#claims.values()].filter(({ taskId }) => !this.#runs.has(taskId))];
  }

  /**
   * Takes room before anything that needs time is done, so that nobody else takes it meanwhile. To be given back when
   * the run is there, or will not be.
   */
  claim(occupant: Occupant): void {
    this.#claims.set(occupant.taskId, occupant);
  }

  giveBack(taskId: string): void {
    this.#claims.delete(taskId);
  }

  /** For a run that is over. */
  forget(run: Run): void {
    this.stopIdleTimer(run.taskId);
    if (this.get(run.taskId)?.run.id === run.id) this.#runs.delete(run.taskId);
  }

  isBusy(taskId: string): boolean {
    const live = this.get(taskId);
    return live !== undefined && isBusy(live.run.state);
  }

  busyCount(): number {
    return this.all().filter(({ run }) => isBusy(run.state)).length;
  }

  /** What they use at the moment, as far as it is known. */
  async usage(agents: Pick<Agents, 'usage'>): Promise<RunUsage[]> {
    const runs = this.all().map(({ run }) => run);
    const containerIds = runs.flatMap(({ containerId }) => containerId ?? []);
    if (containerIds.length === 0) return [];
    const usage = await agents.usage(containerIds);
    return runs.flatMap(({ id: runId, taskId, containerId }) => {
      const known = containerId === null ? undefined : usage.get(containerId);
      return known ? [{ taskId, runId, ...known }] : [];
    });
  }

  /** Has all agents whose turn is over stand still: what they have left running could be in the way. */
  whileStill<T>(work: () => Promise<T>): Promise<T> {
    const idle = this.all().filter(({ run }) => !isBusy(run.state));
    return idle.reduce<() => Promise<T>>((inner, controller) => () => controller.whileStill(inner), work)();
  }

  /** Ends the card's run when its turn is over; one that works is left alone. */
  async endIdle(taskId: string): Promise<void> {
    if (!this.#claims.has(taskId)) await this.replaceIdle(taskId);
  }

  /** As `endIdle`, to make room for another run of the same card. */
  async replaceIdle(taskId: string): Promise<void> {
    const live = this.get(taskId);
    if (live && !isBusy(live.run.state)) await live.stop();
  }

  /** Ends the card's run after a while without a follow-up, counted from the end of its turn. */
  startIdleTimer(taskId: string, since = Date.now()): void {
    const leftMs = since + this.#keepMinutes() * 60_000 - Date.now();
    const timer = setTimeout(() => void this.endIdle(taskId), Math.max(leftMs, 0));
    timer.unref();
    this.#idleTimers.set(taskId, timer);
  }

  stopIdleTimer(taskId: string): void {
    clearTimeout(this.#idleTimers.get(taskId));
    this.#idleTimers.delete(taskId);
  }

  stopIdleTimers(): void {
    for (const taskId of [...this.#idleTimers.keys()]) this.stopIdleTimer(taskId);
  }

  /** Leaves all agents at work. */
  async detachAll(): Promise<void> {
    await Promise.allSettled(this.all().map((controller) => controller.detach()));
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.all().map((controller) => controller.stop()));
  }
}
