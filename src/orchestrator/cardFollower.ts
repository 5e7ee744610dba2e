import type { TurnResult } from '../acp/types.ts';
import type { EventBus } from '../events/eventBus.ts';
import type { Failure } from '../model/failure.ts';
import { isBusy, type Run } from '../model/run.ts';
import type { HostSettings } from '../model/settings.ts';
import type { Store } from '../store/store.ts';
import type { StateChangeRequest, TaskService } from '../tasks/taskService.ts';
import type { LiveRuns } from './liveRuns.ts';
import { planRetry } from './retryPlan.ts';
import type { RunListener } from './runInterfaces.ts';

/** Tools that leave something behind: what they have done is not to be done twice without anybody looking at it. */
const actingTools: ReadonlySet<string> = new Set(['edit', 'delete', 'move', 'execute']);

interface FollowerDependencies {
  store: Store;
  events: EventBus;
  settings: HostSettings;
  tasks: TaskService;
}

/** Lets each card follow what becomes of its run. */
export class CardFollower implements RunListener {
  /** Why all runs are being ended, while they are. */
  endedBecause: string | null = null;
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #settings: HostSettings;
  readonly #tasks: TaskService;
  readonly #live: LiveRuns;
  readonly #onRoom: () => void;
  readonly #goOn: (run: Run, result: TurnResult) => Promise<boolean>;

  /**
   * @param onRoom called whenever a run has left its place to another
   * @param goOn gives an agent whose turn is over the next message; whether there was one
   */
  constructor(
    { store, events, settings, tasks }: FollowerDependencies,
    live: LiveRuns,
    onRoom: () => void,
    goOn: (run: Run, result: TurnResult) => Promise<boolean>,
  ) {
    this.#store = store;
    this.#events = events;
    this.#settings = settings;
    this.#tasks = tasks;
    this.#live = live;
    this.#onRoom = onRoom;
    this.#goOn = goOn;
  }

  async turnEnded(run: Run, result: TurnResult, summary: string | null): Promise<void> {
    if (await this.#goOn(run, result)) return;
    const ended =
      result.stopReason === 'end_turn' ? 'The agent has finished' : `The agent ended: ${result.stopReason}`;
    const why = summary === null ? ended : `${ended}: ${summary}`;
    await this.#follow(run, { to: 'REVIEW', why });
    this.#live.startIdleTimer(run.taskId);
    // Not waited for: whoever is admitted may have to end this run first, which waits for its turn to be over.
    this.#onRoom();
  }

  /** A failure that may pass puts the card back into the queue, to be tried again after a pause. */
  async failed(run: Run, failure: Failure): Promise<void> {
    this.#live.forget(run);
    const task = await this.#tasks.get(run.taskId);
    // What was said after the first message would be lost.
    const retry = run.turns > 1 ? null : task.retry;
    const hasActed = retry !== null && (await this.#hasActed(run));
    const { retryPauseSeconds: pauseSeconds } = this.#settings.runRules();
    const rules = { pauseSeconds, now: Date.now(), random: Math.random() };
    const plan = planRetry({ failure, retry, hasActed }, rules);
    if (plan.retry) {
      await this.#follow(run, { to: 'TODO', why: failure.message, retry: plan.retry });
    } else {
      const message = plan.why === null ? failure.message : `${failure.message} ${plan.why}`;
      if (plan.why !== null) await this.#tellMore(run, { ...failure, message });
      await this.#follow(run, { to: 'FAILED', why: message });
    }
    this.#onRoom();
  }

  async ended(run: Run): Promise<void> {
    this.#live.forget(run);
    if (run.state === 'STOPPED') await this.#hold(run, this.endedBecause ?? 'You stopped the agent.');
    this.#onRoom();
  }

  /** The run is about to be ended and not to go on: its card waits for its user from now on. */
  async hold(run: Run, why: string): Promise<void> {
    if (isBusy(run.state)) await this.#hold(run, why);
  }

  #hold(run: Run, why: string): Promise<void> {
    return this.#follow(run, { to: 'TODO', why, heldBecause: why });
  }

  /** Whether the agent has changed files, or may have: by what is known of its folder, and by the tools it has used. */
  async #hasActed({ id, changes }: Run): Promise<boolean> {
    if (changes !== null && changes.files > 0) return true;
    const kinds = await this.#store.query('toolKinds', { runId: id });
    return kinds.some((kind) => actingTools.has(kind));
  }

  async #tellMore(run: Run, failure: Failure): Promise<void> {
    const change = { runId: run.id, to: null, patch: { failure }, at: Date.now() };
    this.#events.publish('agent.updated', { run: await this.#store.write('run.update', change) });
  }

  /** Unless somebody has moved the card elsewhere meanwhile. */
  async #follow(run: Run, change: Omit<StateChangeRequest, 'actor'>): Promise<void> {
    const task = await this.#tasks.get(run.taskId);
    if (task.state === 'IN_PROGRESS') {
      await this.#tasks.changeState(run.taskId, { ...change, actor: 'kandev' });
    }
  }
}
