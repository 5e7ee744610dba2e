import type { TurnResult } from '../acp/types.ts';
import type { Failure } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import type { TaskState } from '../model/task.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { LiveRuns } from './liveRuns.ts';
import type { RunListener } from './runInterfaces.ts';

/** Lets each card follow what becomes of its run. */
export class CardFollower implements RunListener {
  /** Why all runs are being ended, while they are. */
  endedBecause: string | null = null;
  readonly #tasks: TaskService;
  readonly #live: LiveRuns;
  readonly #onRoom: () => void;
  readonly #goOn: (run: Run, result: TurnResult) => Promise<boolean>;

  /**
   * @param onRoom called whenever a run has left its place to another
   * @param goOn gives an agent whose turn is over the next message; whether there was one
   */
  constructor(
    tasks: TaskService,
    live: LiveRuns,
    onRoom: () => void,
    goOn: (run: Run, result: TurnResult) => Promise<boolean>,
  ) {
    this.#tasks = tasks;
    this.#live = live;
    this.#onRoom = onRoom;
    this.#goOn = goOn;
  }

  async turnEnded(run: Run, result: TurnResult): Promise<void> {
    if (await this.#goOn(run, result)) return;
    const why =
      result.stopReason === 'end_turn' ? 'The agent has finished' : `The agent ended: ${result.stopReason}`;
    await this.#follow(run, { to: 'REVIEW', why });
    this.#live.startIdleTimer(run.taskId);
    // Not waited for: whoever is admitted may have to end this run first, which waits for its turn to be over.
    this.#onRoom();
  }

  async failed(run: Run, failure: Failure): Promise<void> {
    this.#live.forget(run);
    await this.#follow(run, { to: 'FAILED', why: failure.message });
    this.#onRoom();
  }

  async ended(run: Run): Promise<void> {
    this.#live.forget(run);
    if (run.state === 'STOPPED') {
      const why = this.endedBecause ?? 'You stopped the agent.';
      await this.#follow(run, { to: 'TODO', why, heldBecause: why });
    }
    this.#onRoom();
  }

  /** Unless somebody has moved the card elsewhere meanwhile. */
  async #follow(run: Run, change: { to: TaskState; why: string; heldBecause?: string }): Promise<void> {
    const task = await this.#tasks.get(run.taskId);
    if (task.state === 'IN_PROGRESS') {
      await this.#tasks.changeState(run.taskId, { ...change, actor: 'kandev' });
    }
  }
}
