import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import { defaultColumns, type Board, type ColumnChange, type DeletedBoard } from '../model/board.ts';
import { UserError } from '../model/failure.ts';
import type { BoardWorkspaceMode } from '../model/task.ts';
import type { Store } from '../store/store.ts';

export interface NewBoard {
  /** Left out: a new one. A board that already has it is returned instead of made twice. */
  id?: string | undefined;
  name: string;
}

/** The boards of a folder: there is always one. */
export class Boards {
  readonly #store: Store;
  readonly #events: EventBus;
  #list: Promise<Board[]> | null = null;

  constructor(store: Store, events: EventBus) {
    this.#store = store;
    this.#events = events;
    events.subscribe('board.replaced', () => {
      this.#list = null;
    });
  }

  /** In their order. The first board is made at the first call. */
  list(): Promise<readonly Board[]> {
    this.#list ??= this.#read().catch((error: unknown) => {
      this.#list = null;
      throw error;
    });
    return this.#list;
  }

  /** The board with an id; the first one without. @throws UserError `not-found` */
  async get(boardId?: string): Promise<Board> {
    const list = await this.list();
    const board = boardId === undefined ? list[0] : list.find(({ id }) => id === boardId);
    if (!board) throw new UserError({ reason: 'not-found', message: 'This board no longer exists.' });
    return board;
  }

  /** Behind the others. @throws UserError `refused` when another one has that name */
  async create({ id = randomUUID(), name }: NewBoard, columns = defaultColumns): Promise<Board> {
    const list = await this.list();
    const known = list.find((board) => board.id === id);
    if (known) return known;
    refuseName(name, list);
    const board: Board = { id, name, columns, workspaceMode: list[0]?.workspaceMode ?? 'folder' };
    const made = await this.#store.write('board.insert', { board, at: Date.now() });
    this.#changed('board.created', made.id);
    return made;
  }

  /** @throws UserError `refused` when another one has that name, `not-found` */
  async rename(boardId: string, name: string): Promise<Board> {
    const others = (await this.list()).filter(({ id }) => id !== boardId);
    refuseName(name, others);
    return this.#update(boardId, { name });
  }

  /** Chooses where the agents of a board's new cards work. */
  setWorkspaceMode(boardId: string, workspaceMode: BoardWorkspaceMode): Promise<Board> {
    return this.#update(boardId, { workspaceMode });
  }

  /** Puts a board before another one, or behind all. */
  async place(boardId: string, beforeBoardId: string | null): Promise<void> {
    await this.#store.write('board.place', { boardId, beforeBoardId });
    this.#changed('board.updated', boardId);
  }

  /** @throws UserError `refused` when no column would be left, `not-found` when there is no such column */
  async setColumn(boardId: string, columnId: string, change: ColumnChange): Promise<void> {
    await this.#store.write('board.setColumn', { boardId, columnId, change });
    this.#changed('board.updated', boardId);
  }

  /**
   * Takes a board away with all its cards. It can be brought back for as long as a card.
   * @throws UserError `refused` for the last one, `run-active` while an agent is at work on it
   */
  async delete(boardId: string, actor: string): Promise<void> {
    const taskIds = await this.#store.write('board.delete', { boardId, change: changeBy(actor) });
    this.#changed('board.deleted', boardId);
    for (const taskId of taskIds) this.#events.publish('task.deleted', { taskId, boardId });
  }

  /** Brings a deleted board back, with the cards that went with it. */
  async restore(boardId: string, actor: string): Promise<Board> {
    const { board, tasks } = await this.#store.write('board.restore', { boardId, change: changeBy(actor) });
    this.#changed('board.created', boardId);
    for (const task of tasks) this.#events.publish('task.created', { task });
    return board;
  }

  /** The boards that can be brought back, the last deleted first. */
  deleted(): Promise<DeletedBoard[]> {
    return this.#store.query('deletedBoards', {});
  }

  async #read(): Promise<Board[]> {
    const list = await this.#store.query('boards', {});
    if (list.length > 0) return list;
    const board: Board = {
      id: randomUUID(),
      name: 'Board',
      columns: defaultColumns,
      workspaceMode: 'folder',
    };
    return [await this.#store.write('board.insert', { board, at: Date.now() })];
  }

  async #update(boardId: string, patch: Partial<Pick<Board, 'name' | 'workspaceMode'>>): Promise<Board> {
    const board = await this.#store.write('board.update', { boardId, patch });
    this.#changed('board.updated', boardId);
    return board;
  }

  #changed(type: 'board.created' | 'board.updated' | 'board.deleted', boardId: string): void {
    this.#list = null;
    this.#events.publish(type, { boardId });
  }
}

function refuseName(name: string, others: readonly Board[]): void {
  if (!others.some((board) => board.name === name)) return;
  throw new UserError({
    reason: 'refused',
    message: `There is a board “${name}” already. Give it another name.`,
  });
}

function changeBy(actor: string) {
  return { actor, why: null, at: Date.now(), eventId: randomUUID() };
}
