import { defaultColumns, type Board } from '../model/board.ts';
import { failureOf } from '../model/failure.ts';
import type { Task } from '../model/task.ts';
import { refuseTransition } from '../model/taskState.ts';
import type { Store } from '../store/store.ts';
import type { Boards } from '../tasks/boards.ts';
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

/** Where the new cards of a file go. */
interface ImportTarget {
  boardId?: string | undefined;
  asNewBoard: boolean;
}

/** Boards to and from files. */
export class BoardTransfer {
  readonly #store: Store;
  readonly #boards: Boards;
  readonly #tasks: TaskService;

  constructor(store: Store, boards: Boards, tasks: TaskService) {
    this.#store = store;
    this.#boards = boards;
    this.#tasks = tasks;
  }

  /** A board; the first one without an id. */
  async toFile(boardId?: string): Promise<BoardFile> {
    const board = await this.#boards.get(boardId);
    const cards = await this.#store.query('boardCards', { boardId: board.id });
    const withHistory = await Promise.all(
      cards.map(async ({ task, dependencies }) => ({
        task,
        dependsOn: dependencies.map(({ taskId }) => taskId),
        history: await this.#store.query('taskHistory', { taskId: task.id }),
      })),
    );
    return toBoardFile(board, withHistory);
  }

  /** @throws UserError `invalid-input` that names the first place where the file is not a board */
  async preview(input: unknown): Promise<ImportPreview> {
    const { added, changed, unchanged } = await this.#plan(input);
    const { id } = readBoardFile(input).board;
    const isHere = (await this.#boards.list()).some((board) => board.id === id);
    return {
      boardId: isHere ? id : null,
      added: added.map(({ title }) => title),
      changed: changed.map(({ before, fields }) => ({ title: before.title, fields })),
      unchanged,
    };
  }

  /**
   * Adds and changes what the preview says; cards that the file does not have stay as they are. Those that are new go to
   * the board that is named, else to the first one, or to a new one that is called like that of the file.
   */
  async fromFile(input: unknown, target: ImportTarget, actor: string): Promise<ImportResult> {
    const { added, changed } = await this.#plan(input);
    const { id: boardId } = target.asNewBoard
      ? await this.#newBoard(readBoardFile(input))
      : await this.#boards.get(target.boardId);
    const result: ImportResult = { boardId, added: 0, changed: 0, keptState: [] };
    const deleted = new Set((await this.#tasks.deleted()).map(({ task }) => task.id));
    for (const task of added) {
      if (deleted.has(task.id)) {
        // It is still here, only not on the board: what the file says of it counts.
        await this.#tasks.restore(task.id, actor);
        const before = await this.#tasks.setBoard({ taskId: task.id, boardId, beforeTaskId: null }, actor);
        const existing = { ...before, dependsOn: [] };
        changed.push({ task, before: existing, fields: changedFields(task, existing) });
      } else {
        await this.#tasks.restoreFromFile({ ...asTask(task), boardId }, task.history, actor);
      }
      result.added++;
    }
    for (const { task, before, fields } of changed) {
      const why = await this.#change(task, before, fields, actor);
      if (why !== null) result.keptState.push({ title: task.title, why });
      if (!added.includes(task)) result.changed++;
    }
    // When all cards are there: they may depend on any of each other.
    for (const task of [...added, ...changed.map((change) => change.task)]) {
      const why = await this.#setDependencies(task);
      if (why !== null) result.keptState.push({ title: task.title, why });
    }
    return result;
  }

  /** Called and laid out as the file says; with a number where there is one of that name already. */
  async #newBoard({ board }: BoardFile): Promise<Board> {
    const names = new Set((await this.#boards.list()).map(({ name }) => name));
    const wanted = titleOr(board.name.trim().slice(0, 50), 'Board');
    let name = wanted;
    for (let number = 2; names.has(name); number++) name = `${wanted} ${number}`;
    const titles = new Map(board.columns.map(({ id, title }) => [id, title.trim()]));
    const columns = defaultColumns.map((column) => ({
      ...column,
      title: titleOr(titles.get(column.id), column.title),
    }));
    return this.#boards.create({ name }, columns);
  }

  /** Null, or why the card goes on depending on what it did. */
  async #setDependencies({ id, dependsOn }: FileTask): Promise<string | null> {
    const wanted = await this.#store.query('cards', { taskIds: [id, ...dependsOn] });
    const before = wanted.find(({ task }) => task.id === id)?.dependencies.map(({ taskId }) => taskId) ?? [];
    const known = wanted.map(({ task }) => task.id).filter((taskId) => taskId !== id);
    if ([...before].sort().join() === [...known].sort().join()) return null;
    try {
      await this.#tasks.setDependencies(id, known);
      return null;
    } catch (error) {
      return failureOf(error).message;
    }
  }

  async #plan(input: unknown): Promise<ImportPlan> {
    const file = readBoardFile(input);
    const cards = await this.#store.query('allCards', {});
    return planImport(
      file,
      cards.map(({ task, dependencies }) => ({
        ...task,
        dependsOn: dependencies.map(({ taskId }) => taskId),
      })),
    );
  }

  /** Null, or why the card keeps its state. */
  async #change(
    { id, title, description, priority, agentTypeId, labels, state }: FileTask,
    before: Task,
    fields: readonly string[],
    actor: string,
  ): Promise<string | null> {
    await this.#tasks.update(id, { title, description, priority, agentTypeId, labels }, { actor });
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
function asTask(task: FileTask): Omit<Parameters<TaskService['restoreFromFile']>[0], 'boardId'> {
  const { history: _, dependsOn: __, ...fields } = task;
  const state = task.state === 'IN_PROGRESS' ? 'TODO' : task.state;
  // What an agent may use of this machine is for its user to say, and for no file.
  const heldBecause = state === 'TODO' ? imported : null;
  return { ...fields, state, resources: null, heldBecause, createdFrom: null };
}

function titleOr(title: string | undefined, otherwise: string): string {
  return title === undefined || title === '' ? otherwise : title.slice(0, 60);
}
