import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf } from '../model/failure.ts';
import { isBusy, isLive, type Run } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { RunLink } from '../store/runLinks.ts';
import type { CardFollower } from './cardFollower.ts';
import type { Launcher } from './launcher.ts';
import type { LiveRuns } from './liveRuns.ts';
import type { OrchestratorDependencies } from './orchestratorDependencies.ts';
import type { RunWatch } from './runWatch.ts';
import { lookAtLeft } from './runWorkspace.ts';

const closed = 'VS Code was closed while the agent was at work.';
/** How often an engine that does not answer is asked again. */
const engineRetryMs = 2_000;
/** What an agent is told that could not go on while nobody was there. */
const goOn = 'The editor was closed while you were at work, and you were stopped. Go on where you left off.';

/**
 * Goes on where the process before has left off: agents that are still at work are taken over, and what cannot go on is
 * set right. A card is never shown running when nothing runs.
 */
export class Recovery {
  readonly #deps: OrchestratorDependencies;
  readonly #live: LiveRuns;
  readonly #launcher: Launcher;
  readonly #follower: CardFollower;
  readonly #watch: RunWatch;
  readonly #closing: AbortSignal;

  /** @param closing nothing is begun any more */
  constructor(
    deps: OrchestratorDependencies,
    live: LiveRuns,
    launcher: Launcher,
    follower: CardFollower,
    watch: RunWatch,
    closing: AbortSignal,
  ) {
    this.#deps = deps;
    this.#live = live;
    this.#launcher = launcher;
    this.#follower = follower;
    this.#watch = watch;
    this.#closing = closing;
  }

  async run(): Promise<void> {
    const { store } = this.#deps;
    const left: Run[] = [];
    const interrupted: Task[] = [];
    for (const run of await store.query('liveRuns', {})) {
      const task = await this.#taskOf(run);
      const link = await store.query('runLink', { runId: run.id });
      if (task !== null && link !== null && !wasEnding(run, task) && (await this.#takeOver(run, task, link)))
        continue;
      left.push(run);
      if (await this.#setRight(run, task)) interrupted.push(...(task === null ? [] : [task]));
    }
    await this.#closeRequests();
    await this.#followEnded();
    void lookAtLeft(left, this.#deps);
    // Who is told to go on must not meet who was told before.
    void this.#removeLeftovers().then(() => this.#resume(interrupted));
  }

  /** As soon as the engine answers. What the board does not know is not its to remove: that is offered to the user. */
  async #removeLeftovers(): Promise<void> {
    const { agents, log } = this.#deps;
    while (!this.#closing.aborted) {
      try {
        await agents.removeLeftovers((runId) => this.#isWanted(runId));
        return;
      } catch (error) {
        const { reason, message } = failureOf(error);
        if (reason !== 'engine-not-running' && reason !== 'engine-not-answering') {
          log.error('', `What is left of earlier runs could not be removed: ${message}`);
          return;
        }
        await sleep(engineRetryMs, undefined, { signal: this.#closing, ref: false }).catch(() => undefined);
      }
    }
  }

  async #isWanted(runId: string): Promise<boolean> {
    if (this.#live.all().some(({ run }) => run.id === runId)) return true;
    return (await this.#deps.store.query('run', { runId })) === null;
  }

  async #takeOver(run: Run, task: Task, link: RunLink): Promise<boolean> {
    if (!(await this.#launcher.takeOver(run, task, link))) return false;
    this.#watch.continueFrom(run, link.worked);
    if (run.state !== 'READY') return true;
    // The process before may have ended between the turn's end and the card's.
    if (task.state === 'IN_PROGRESS') {
      const result = { stopReason: run.stopReason ?? 'end_turn', hadOutput: true };
      await this.#follower.turnEnded(run, result, null);
    } else this.#live.startIdleTimer(task.id, run.times.READY);
    return true;
  }

  /** Ends a run that nobody goes on with. Whether its agent was in the middle of its work. */
  async #setRight(run: Run, task: Task | null): Promise<boolean> {
    const { store, tasks } = this.#deps;
    const isDone = run.state === 'READY';
    const to = isDone ? 'COMPLETED' : 'STOPPED';
    await store.write('run.update', { runId: run.id, to, patch: { containerId: null }, at: Date.now() });
    if (isDone || task?.state !== 'IN_PROGRESS') return false;
    // An agent that was not told anything yet can be started anew, unless it was to be told a message.
    const runs = await store.query('runsOfTask', { taskId: task.id });
    const wasTold = runs.some(({ turns }) => turns > 0);
    const held = wasTold ? { heldBecause: closed } : {};
    await tasks.changeState(task.id, { to: 'TODO', actor: 'kandev', why: closed, ...held });
    return run.turns > 0;
  }

  async #resume(tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) {
      if (this.#closing.aborted) return;
      try {
        await this.#launcher.resume(task, { text: goOn, pictures: [] }, async () => {
          const why = 'The agent goes on where it was stopped';
          await this.#deps.tasks.changeState(task.id, { to: 'IN_PROGRESS', actor: 'kandev', why });
        });
      } catch {
        // It stays held, and can be started by hand.
      }
    }
  }

  /** Nobody waits for an answer to what the agents of runs asked that are over. */
  async #closeRequests(): Promise<void> {
    const { store, permissions } = this.#deps;
    for (const { id, runId } of await store.query('openPermissionRequests', {})) {
      if (!this.#live.all().some(({ run }) => run.id === runId)) await permissions.answer(id, null, 'kandev');
    }
  }

  /** Cards whose run has ended just before the process before it did. */
  async #followEnded(): Promise<void> {
    const { store } = this.#deps;
    const taskIds = (await store.query('tasksInProgress', {})).map(({ id }) => id);
    for (const { task, run } of await store.query('cards', { taskIds })) {
      if (run === null || isLive(run.state) || (run.times[run.state] ?? 0) < task.updatedAt) continue;
      if (run.failure) await this.#follower.failed(run, run.failure);
      else await this.#follower.ended(run);
    }
  }

  async #taskOf(run: Run): Promise<Task | null> {
    try {
      return await this.#deps.tasks.get(run.taskId);
    } catch {
      // Deleted, and its run was just being ended.
      return null;
    }
  }
}

/** Its card waits for its user: the process before was ended while it ended the run. */
function wasEnding({ state }: Run, task: Task): boolean {
  return isBusy(state) && task.state === 'TODO' && task.heldBecause !== null;
}
