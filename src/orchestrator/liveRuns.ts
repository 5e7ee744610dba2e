import { isBusy, type Run } from '../model/run.ts';
import type { RunController } from './runController.ts';

/** The live run of each card, and how long a container whose work is done is kept for a follow-up. */
export class LiveRuns {
  readonly #keepMinutes: () => number;
  readonly #controllers = new Map<string, RunController>();
  readonly #idleTimers = new Map<string, NodeJS.Timeout>();

  constructor(keepMinutes: () => number) {
    this.#keepMinutes = keepMinutes;
  }

  get(taskId: string): RunController | undefined {
    return this.#controllers.get(taskId);
  }

  all(): RunController[] {
    return [...this.#controllers.values()];
  }

  add(controller: RunController): void {
    this.#controllers.set(controller.run.taskId, controller);
  }

  /** For a run that is over. */
  forget(run: Run): void {
    this.stopIdleTimer(run.taskId);
    if (this.#controllers.get(run.taskId)?.run.id === run.id) this.#controllers.delete(run.taskId);
  }

  isBusy(taskId: string): boolean {
    const live = this.#controllers.get(taskId);
    return live !== undefined && isBusy(live.run.state);
  }

  busyCount(): number {
    return this.all().filter(({ run }) => isBusy(run.state)).length;
  }

  /** Ends the card's run when its turn is over; one that works is left alone. */
  async endIdle(taskId: string): Promise<void> {
    const live = this.#controllers.get(taskId);
    if (live && !isBusy(live.run.state)) await live.stop();
  }

  /** Ends the card's run after a while without a follow-up. */
  startIdleTimer(taskId: string): void {
    const timer = setTimeout(() => void this.endIdle(taskId), this.#keepMinutes() * 60_000);
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

  async stopAll(): Promise<void> {
    await Promise.all(this.all().map((controller) => controller.stop()));
  }
}
