import type { Task } from '../model/task.ts';
import { refuseTransition } from '../model/taskState.ts';
import type { Store } from '../store/store.ts';
import type { TaskService } from '../tasks/taskService.ts';
import {
  changedFields,
  planImport,
  readBoardFile,
  toBoardFile,
  type BoardFile,
  type ImportPreview,
  type ImportResult,
  type FileTask,
  type ImportPlan,
} from './boardFile.ts';

/** What a card that comes from a file is held for: nothing starts because a file was read. */
const imported = 'It was imported. Start it when you are ready.';

/** Boards to and from files. */
export class BoardTransfer {
  readonly #store: Store;
  readonly #tasks: TaskService;

  constructor(store: Store, tasks: TaskService) {
    this.#store = store;
    this.#tasks = tasks;
  }

  async toFile(): Promise<BoardFile> {
    const board = await this.#tasks.board();
    const cards = await this.#store.query('boardCards', { boardId: board.id });
    const withHistory = await Promise.all(
      cards.map(async ({ task }) => ({
        task,
        history: await this.#store.query('taskHistory', { taskId: task.id }),
      })),
    );
    return toBoardFile(board, withHistory);
  }

  /** @throws UserError `invalid-input` that names the first place where the file is not a board */
  async preview(input: unknown): Promise<ImportPreview> {
    const { added, changed, unchanged } = await this.#plan(input);
    return {
      added: added.map(({ title }) => title),
      changed: changed.map(({ before, fields }) => ({ title: before.title, fields })),
      unchanged,
    };
  }

  /** Adds and changes what the preview says; cards that the file does not have stay as they are. */
  async fromFile(input: unknown, actor: string): Promise<ImportResult> {
    const { added, changed } = await this.#plan(input);
    const result: ImportResult = { added: 0, changed: 0, keptState: [] };
    const deleted = new Set((await this.#tasks.deleted()).map(({ task }) => task.id));
    for (const task of added) {
      if (deleted.has(task.id)) {
        // It is still here, only not on the board: what the file says of it counts.
        const before = await this.#tasks.restore(task.id, actor);
        changed.push({ task, before, fields: changedFields(task, before) });
      } else {
        await this.#tasks.restoreFromFile(asTask(task), task.history, actor);
      }
      result.added++;
    }
    for (const { task, before, fields } of changed) {
      const why = await this.#change(task, before, fields, actor);
      if (why !== null) result.keptState.push({ title: task.title, why });
      if (!added.includes(task)) result.changed++;
    }
    return result;
  }

  async #plan(input: unknown): Promise<ImportPlan> {
    const file = readBoardFile(input);
    const board = await this.#tasks.board();
    const cards = await this.#store.query('boardCards', { boardId: board.id });
    return planImport(
      file,
      cards.map(({ task }) => task),
    );
  }

  /** Null, or why the card keeps its state. */
  async #change(
    { id, title, description, priority, agentTypeId, labels, state }: FileTask,
    before: Task,
    fields: readonly string[],
    actor: string,
  ): Promise<string | null> {
    await this.#tasks.update(id, { title, description, priority, agentTypeId, labels });
    if (!fields.includes('state')) return null;
    if (before.state === 'IN_PROGRESS' || state === 'IN_PROGRESS') {
      return 'Work in progress is neither begun nor ended by a file.';
    }
    const refusal = refuseTransition(before.state, state);
    if (refusal === null)
      await this.#tasks.changeState(id, { to: state, actor, why: 'Imported', heldBecause: imported });
    return refusal;
  }
}

/** A card as it is put on the board: nobody is at work on it here, and it waits to be started by hand. */
function asTask(task: FileTask): Parameters<TaskService['restoreFromFile']>[0] {
  const { history: _, ...fields } = task;
  const state = task.state === 'IN_PROGRESS' ? 'TODO' : task.state;
  // What an agent may use of this machine is for its user to say, and for no file.
  return { ...fields, state, resources: null, heldBecause: state === 'TODO' ? imported : null };
}
