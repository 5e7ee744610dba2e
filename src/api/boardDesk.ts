import { boardInUse } from '../model/board.ts';
import { isBusy } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { Store } from '../store/store.ts';
import type { Boards } from '../tasks/boards.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type {
  BoardCommandResults,
  boardCommandSchemas,
  BoardQueryResults,
  boardQuerySchemas,
} from './boardContract.ts';
import type { BoardTransfer } from './boardTransfer.ts';
import type { CommandTableOf, QueryTableOf } from './contract.ts';
import { sampleCards } from './sampleCards.ts';

export interface BoardDeskServices {
  store: Store;
  boards: Boards;
  tasks: TaskService;
  orchestrator: Pick<Orchestrator, 'endIdle'>;
  transfer: BoardTransfer;
}

type BoardCommand = keyof typeof boardCommandSchemas & keyof BoardCommandResults;
type BoardQuery = Exclude<keyof typeof boardQuerySchemas & keyof BoardQueryResults, 'boards'>;

/** The boards of a folder, and which card stands on which, on behalf of one person. */
export class BoardDesk {
  readonly #services: BoardDeskServices;
  readonly #actor: () => string;

  constructor(services: BoardDeskServices, actor: () => string) {
    this.#services = services;
    this.#actor = actor;
  }

  commands(): CommandTableOf<BoardCommand> {
    const { boards, tasks, transfer } = this.#services;
    const actor = this.#actor;
    return {
      'board.create': (board) => boards.create(board),
      'board.rename': ({ boardId, name }) => boards.rename(boardId, name),
      'board.place': async ({ boardId, beforeBoardId }) => {
        await boards.place(boardId, beforeBoardId);
        return null;
      },
      'board.delete': async ({ boardId }) => {
        await this.#delete(boardId);
        return null;
      },
      'board.restore': ({ boardId }) => boards.restore(boardId, actor()),
      'board.setWorkspaceMode': async ({ boardId, mode }) => {
        await boards.setWorkspaceMode((await boards.get(boardId)).id, mode);
        return null;
      },
      'board.setColumn': async ({ boardId, columnId, ...change }) => {
        await boards.setColumn((await boards.get(boardId)).id, columnId, change);
        return null;
      },
      'board.addSamples': ({ boardId }) => this.#addSamples(boardId),
      'board.import': ({ file, ...target }) => transfer.fromFile(file, target, actor()),
      'task.setBoard': ({ ifVersion, beforeTaskId = null, ...card }) =>
        tasks.setBoard({ ...card, beforeTaskId }, actor(), ifVersion),
    };
  }

  queries(): QueryTableOf<BoardQuery> {
    const { boards, tasks, transfer } = this.#services;
    return {
      deletedBoards: () => boards.deleted(),
      deletedTasks: () => tasks.deleted(),
      'board.file': ({ boardId }) => transfer.toFile(boardId),
      'board.importPreview': ({ file }) => transfer.preview(file),
    };
  }

  /** Refused before anything was ended, and once more by the database. */
  async #delete(boardId: string): Promise<void> {
    const { store, boards, orchestrator } = this.#services;
    const { name } = await boards.get(boardId);
    const cards = await store.query('boardCards', { boardId });
    if ((await boards.list()).length > 1) {
      const working = cards.find(({ run }) => run !== null && isBusy(run.state));
      if (working) throw boardInUse(name, working.task);
      for (const { task } of cards) await orchestrator.endIdle(task.id);
    }
    await boards.delete(boardId, this.#actor());
  }

  async #addSamples(boardId: string | undefined): Promise<Task[]> {
    const created: Task[] = [];
    for (const card of sampleCards) {
      created.push(await this.#services.tasks.create({ ...card, boardId }, this.#actor()));
    }
    return created;
  }
}
