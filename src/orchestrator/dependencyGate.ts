import { openDependencies, whyBlocked } from '../model/dependencies.ts';
import type { Store } from '../store/store.ts';
import type { TaskService } from '../tasks/taskService.ts';

/** Blocks the cards that wait for others, and lets them go when those are done. */
export class DependencyGate {
  readonly #store: Store;
  readonly #tasks: TaskService;

  constructor(store: Store, tasks: TaskService) {
    this.#store = store;
    this.#tasks = tasks;
  }

  /** Brings every card into the state that its dependencies ask for; tells what each blocked one waits for. */
  async settle(): Promise<{ taskId: string; why: string }[]> {
    const blocked: { taskId: string; why: string }[] = [];
    for (const { task, dependencies } of await this.#store.query('dependentTasks', {})) {
      const why = whyBlocked(dependencies);
      if (why !== null && task.state === 'BLOCKED') {
        blocked.push({ taskId: task.id, why });
      } else if (why !== null && task.heldBecause === null) {
        // One that is held starts by itself no more than a blocked one does, and its own reason is worth more.
        await this.#tasks.changeState(task.id, { to: 'BLOCKED', actor: 'kandev', why });
        blocked.push({ taskId: task.id, why });
      } else if (task.state === 'BLOCKED' && openDependencies(dependencies).length === 0) {
        await this.#tasks.changeState(task.id, {
          to: 'TODO',
          actor: 'kandev',
          why: 'What it waited for is done',
        });
      }
    }
    return blocked;
  }
}
