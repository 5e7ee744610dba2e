import type { Kandev } from '../api/contract.ts';
import type { AgentType } from '../model/agentType.ts';
import type { BoardView, CardView } from '../model/cardView.ts';
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
  | { status: 'ready'; view: BoardView; agentTypes: readonly AgentType[]; engine: EngineStatus | null };

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

/** Events that come within this time are shown together. */
const gatherMs = 50;
const everything: BoardChange = { changed: [], removed: [], structural: true };

/** Follows Kandev's events and keeps the board as it stands now. */
export class LiveBoardState implements BoardState, Disposable {
  readonly #kandev: Kandev;
  readonly #listeners = new Listeners<BoardChange>();
  readonly #disposables = new DisposableStore();
  #current: BoardSnapshot = { status: 'loading' };
  readonly #dirty = new Set<string>();
  #allDirty = false;
  #timer: NodeJS.Timeout | null = null;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(kandev: Kandev) {
    this.#kandev = kandev;
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

  /** Reads the whole board again: after a change of settings, or when it could not be read before. */
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
      this.#kandev.query('board', {}),
      this.#kandev.query('agentTypes', {}),
    ]);
    const engine = this.#current.status === 'ready' ? this.#current.engine : null;
    this.#current = { status: 'ready', view: { ...view, cards: inOrder(view.cards) }, agentTypes, engine };
    this.#listeners.fire(everything);
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
