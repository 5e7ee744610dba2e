import type { CardPlace, Task } from '../model/task.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { Store } from '../store/store.ts';
import type { Boards } from '../tasks/boards.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { WorkState, Workspaces } from '../workspaces/workspaces.ts';
import { isOtherPlace, placeWith, type WantedPlace } from './cardPlace.ts';
import type { WorkspaceEntry, WorkspacesView } from './workspaceContract.ts';

export interface CardWorkspaceServices {
  store: Store;
  boards: Boards;
  tasks: TaskService;
  orchestrator: Orchestrator;
  workspaces: Workspaces;
}

/** The workspaces of cards: a card's runs share one, which has the card's id. */
export class CardWorkspaces {
  readonly #services: CardWorkspaceServices;

  constructor(services: CardWorkspaceServices) {
    this.#services = services;
  }

  /** The place of a new card; without a board it goes to the first one. @throws UserError `invalid-input`, `not-found` */
  async newPlace(wanted: WantedPlace, boardId?: string): Promise<CardPlace> {
    const { workspaceMode } = await this.#services.boards.get(boardId);
    return placeWith({ workspaceMode, repositoryUrl: null, branch: null, includeUncommitted: true }, wanted);
  }

  /**
   * The place of a card with what was asked for. Where that is another one, the workspace that the card has is removed,
   * with the checkpoints of its runs; what an agent has changed in the folder itself stays.
   *
   * @throws UserError `refused` while it holds work that nobody has taken, `run-active` while an agent works there
   */
  async changedPlace(taskId: string, wanted: WantedPlace): Promise<CardPlace> {
    const { tasks, orchestrator, workspaces } = this.#services;
    const task = await tasks.get(taskId);
    const place = placeWith(task, wanted);
    if (!isOtherPlace(task, place)) return place;
    await orchestrator.endIdle(taskId);
    if ((await workspaces.describe(taskId)) !== null) await workspaces.dispose(taskId);
    return place;
  }

  async workOf(taskId: string): Promise<WorkState | null> {
    const { workspaces } = this.#services;
    const info = await workspaces.describe(taskId);
    return info === null || info.kind === 'folder' ? null : workspaces.workOf(taskId);
  }

  async view(): Promise<WorkspacesView> {
    const { store, orchestrator, workspaces } = this.#services;
    const [use, cards, deleted] = await Promise.all([
      workspaces.diskUse(),
      store.query('allCards', {}),
      store.query('deletedTasks', {}),
    ]);
    const known = new Map<string, Pick<WorkspaceEntry, 'title' | 'state'>>([
      ...cards.map(({ task }) => [task.id, titled(task, task.state)] as const),
      ...deleted.map(({ task }) => [task.id, titled(task, 'DELETED')] as const),
    ]);
    const entries = use.workspaces
      .filter(({ kind }) => kind !== 'folder')
      .map(({ workspaceId: taskId, ...rest }) => ({
        ...rest,
        taskId,
        ...(known.get(taskId) ?? { title: null, state: null }),
        inUse: orchestrator.hasRun(taskId),
      }))
      .sort((one, other) => other.bytes - one.bytes);
    return { entries, checkpointBytes: use.checkpointBytes, repositoryBytes: use.repositoryBytes };
  }

  clear(): Promise<string[]> {
    const { orchestrator, workspaces } = this.#services;
    return workspaces.clear((taskId) => orchestrator.hasRun(taskId));
  }
}

function titled({ title }: Task, state: WorkspaceEntry['state']): Pick<WorkspaceEntry, 'title' | 'state'> {
  return { title, state };
}
