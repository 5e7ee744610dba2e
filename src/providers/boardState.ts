import type { Kandev } from '../api/contract.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Board } from '../model/board.ts';
import { needsUser, type BoardsView, type CardView } from '../model/cardView.ts';
import type { EngineStatus } from '../model/engine.ts';
import type { Disposable, KandevEvent } from '../model/events.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import type { QueuePause } from '../model/task.ts';
import { DisposableStore } from './disposableStore.ts';
import { Listeners } from './listeners.ts';

/** What every face shows: the tree, the boards and the status bar all draw this one thing. */
export type BoardSnapshot =
  | { status: 'loading' }
  | { status: 'unavailable'; failure: Failure }
  | {
      status: 'ready';
      view: BoardsView;
      /** The one that this window shows. */
      board: Board;
      agentTypes: readonly AgentType[];
      engine: EngineStatus | null;
    };

export interface BoardChange {
  /** Cards that are new or different. */
  changed: readonly string[];
  removed: readonly string[];
  /** More than cards changed: take `current` anew. */
  structural: boolean;
}

export interface BoardState {
  readonly current: BoardSnapshot;
  onDidChange(listener: (change: BoardChange) => void): Disposable;
}

/** The state of a window, which shows one board at a time. */
export interface WindowState extends BoardState {
  show(boardId: string): void;
}

/** Where it outlives the window which board that is; VS Code's `Memento` is one. */
export interface BoardStorage {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const storageKey = 'board.shown';
/** Events that come within this time are shown together. */
const gatherMs = 50;
const everything: BoardChange = { changed: [], removed: [], structural: true };

/** Follows Kandev's events and keeps the boards as they stand now. */
export class LiveBoardState implements WindowState, Disposable {
  readonly #kandev: Kandev;
  readonly #storage: BoardStorage;
  /** The board that the user has chosen; it may be deleted, and come back. */
  #chosen: string | null;
  readonly #listeners = new Listeners<BoardChange>();
  readonly #disposables = new DisposableStore();
  #current: BoardSnapshot = { status: 'loading' };
  readonly #dirty = new Set<string>();
  #allDirty = false;
  #timer: NodeJS.Timeout | null = null;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(kandev: Kandev, storage: BoardStorage) {
    this.#kandev = kandev;
    this.#storage = storage;
    const stored = storage.get(storageKey);
    this.#chosen = typeof stored === 'string' ? stored : null;
    this.#disposables.add(
      kandev.subscribe('>', (event) => {
        this.#mark(event);
      }),
    );
    void this.reload();
  }

  get current(): BoardSnapshot {
    return this.#current;
  }

  onDidChange(listener: (change: BoardChange) => void): Disposable {
    return this.#listeners.add(listener);
  }

  /** Shows another board in this window; one that is not known yet as soon as it is. */
  show(boardId: string): void {
    if (boardId === this.#chosen && boardId === shownBoard(this)?.id) return;
    this.#chosen = boardId;
    void this.#storage.update(storageKey, boardId);
    if (this.#current.status !== 'ready') return;
    const { boards } = this.#current.view;
    const board = boards.find(({ id }) => id === boardId);
    if (!board) return;
    this.#current = { ...this.#current, board };
    this.#listeners.fire(everything);
  }

  /** Reads all boards again: after a change of settings, or when it could not be read before. */
  reload(): Promise<void> {
    this.#allDirty = true;
    return this.#refresh();
  }

  /** The engine was looked at: its state is part of what is shown. */
  async setEngine(engine: EngineStatus): Promise<void> {
    await this.#refreshing;
    if (this.#current.status !== 'ready') return;
    this.#current = { ...this.#current, engine };
    this.#listeners.fire(everything);
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#disposables.dispose();
  }

  #mark(event: KandevEvent): void {
    const taskId = taskIdOf(event);
    if (taskId === null) this.#allDirty = true;
    else this.#dirty.add(taskId);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#refresh();
    }, gatherMs);
  }

  /** One refresh at a time, in order, so that an older answer never overwrites a newer one. */
  #refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.then(() => this.#readChanges());
    return this.#refreshing;
  }

  async #readChanges(): Promise<void> {
    const whole = this.#allDirty || this.#current.status !== 'ready';
    const taskIds = [...this.#dirty];
    this.#allDirty = false;
    this.#dirty.clear();
    try {
      if (whole) await this.#readAll();
      else if (taskIds.length > 0) await this.#readCards(taskIds);
    } catch (error) {
      this.#current = { status: 'unavailable', failure: failureOf(error) };
      this.#listeners.fire(everything);
    }
  }

  async #readAll(): Promise<void> {
    const [view, agentTypes] = await Promise.all([
      this.#kandev.query('boards', {}),
      this.#kandev.query('agentTypes', {}),
    ]);
    const engine = this.#current.status === 'ready' ? this.#current.engine : null;
    const board = this.#boardOf(view.boards);
    const ordered = { ...view, cards: inOrder(view.cards) };
    this.#current = { status: 'ready', view: ordered, board, agentTypes, engine };
    this.#listeners.fire(everything);
  }

  /** The chosen one; where that is gone, the one that took its place. */
  #boardOf(boards: readonly Board[]): Board {
    const before = this.#current.status === 'ready' ? this.#current : null;
    const known = (boardId: string | null | undefined) => boards.find(({ id }) => id === boardId);
    const place = before?.view.boards.findIndex(({ id }) => id === before.board.id) ?? 0;
    const board =
      known(this.#chosen) ?? known(before?.board.id) ?? boards[Math.min(place, boards.length - 1)];
    if (!board) throw new Error('There is no board.');
    return board;
  }

  async #readCards(taskIds: readonly string[]): Promise<void> {
    const { cards, revision } = await this.#kandev.query('cards', { taskIds: [...taskIds] });
    if (this.#current.status !== 'ready') return;
    const asked = new Set(taskIds);
    const kept = this.#current.view.cards.filter(({ task }) => !asked.has(task.id));
    const view = { ...this.#current.view, revision, cards: inOrder([...kept, ...cards]) };
    this.#current = { ...this.#current, view };
    const found = new Set(cards.map(({ task }) => task.id));
    this.#listeners.fire({
      changed: [...found],
      removed: taskIds.filter((id) => !found.has(id)),
      structural: false,
    });
  }
}

/** The one that this window shows; undefined while none is known. */
export function shownBoard(state: BoardState): Board | undefined {
  return state.current.status === 'ready' ? state.current.board : undefined;
}

export function boardsOf(state: BoardState): readonly Board[] {
  return state.current.status === 'ready' ? state.current.view.boards : [];
}

/** The cards of one board. */
export function cardsOnBoard(state: BoardState, boardId: string): CardView[] {
  return cardsOf(state).filter(({ task }) => task.boardId === boardId);
}

/** The cards of the board that this window shows. */
export function shownCards(state: BoardState): CardView[] {
  const board = shownBoard(state);
  return board ? cardsOnBoard(state, board.id) : [];
}

/** How a board is called; empty for the one that this window shows. */
export function otherBoardName(state: BoardState, boardId: string): string {
  if (shownBoard(state)?.id === boardId) return '';
  return boardsOf(state).find(({ id }) => id === boardId)?.name ?? '';
}

/** How many cards of other boards than the shown one wait for the user. */
export function waitingElsewhere(state: BoardState): number {
  const shown = shownBoard(state)?.id;
  return cardsOf(state).filter((card) => card.task.boardId !== shown && needsUser(card)).length;
}

/** Shows the board of a card, as far as that is known. */
export function showBoardOf(state: WindowState, taskId: string): void {
  const card = findCard(state, taskId);
  if (card) state.show(card.task.boardId);
}

/** Those of all boards. */
export function cardsOf(state: BoardState): readonly CardView[] {
  return state.current.status === 'ready' ? state.current.view.cards : [];
}

/** Null while the queue goes on. */
export function queuePause(state: BoardState): QueuePause | null {
  return state.current.status === 'ready' ? state.current.view.queuePause : null;
}

export function findCard(state: BoardState, taskId: string): CardView | undefined {
  return cardsOf(state).find(({ task }) => task.id === taskId);
}

function inOrder(cards: readonly CardView[]): CardView[] {
  return [...cards].sort((a, b) => a.task.position - b.task.position);
}

/** The card an event is about, or null when it concerns more than one. */
function taskIdOf(event: KandevEvent): string | null {
  const { data } = event;
  if ('task' in data) return data.task.id;
  if ('taskId' in data) return data.taskId;
  if ('run' in data) return data.run.taskId;
  if ('request' in data) return data.request.taskId;
  return null;
}
