import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import { UserError } from '../model/failure.ts';
import type { CardPlace, DeletedTask, Priority, Retry, Task, TaskEvent, TaskState } from '../model/task.ts';
import type { QueueMove } from '../store/queueWrites.ts';
import { changedMeanwhile, type TaskPatch } from '../store/taskWrites.ts';
import type { Store } from '../store/store.ts';
import type { Boards } from './boards.ts';

/** How long a deleted card can be brought back: 30 days. */
const keepDeletedMs = 30 * 24 * 60 * 60 * 1000;

export interface NewTask extends Partial<CardPlace> {
  /** Left out: the first board. */
  boardId?: string | undefined;
  /** Left out: a new one. A card that already has it is returned instead of made twice. */
  id?: string | undefined;
  title: string;
  description: string;
  state: 'BACKLOG' | 'TODO';
  priority: Priority;
  agentTypeId: string | null;
  labels: string[];
  /** The card whose agent creates it. */
  createdFrom?: string;
}

export interface StateChangeRequest {
  to: TaskState;
  /** Who asks: a person, or the part of Kandev that does it. */
  actor: string;
  why?: string;
  /** In TODO: why the queue must leave the card alone. */
  heldBecause?: string;
  /** How a failure is retried by itself; left out: it is not. */
  retry?: Retry;
  /** The card to stand before; left out: the end of the column. */
  beforeTaskId?: string | null;
  /** It takes the last change of its state back. */
  isUndo?: boolean;
  /** Refused with `changed` when the card has another version by now. */
  ifVersion?: number | undefined;
}

/** Cards and what happens to them. It knows nothing of agents: what follows from a change hears of it by its event. */
export class TaskService {
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #boards: Boards;

  constructor(store: Store, events: EventBus, boards: Boards) {
    this.#store = store;
    this.#events = events;
    this.#boards = boards;
  }

  /** @throws UserError `not-found`; `changed` when the card has another version than `ifVersion` */
  async get(taskId: string, ifVersion?: number): Promise<Task> {
    const [card] = await this.#store.query('cards', { taskIds: [taskId] });
    if (!card) throw new UserError({ reason: 'not-found', message: 'This card no longer exists.' });
    if (ifVersion !== undefined && card.version !== ifVersion) throw changedMeanwhile(card.task.title);
    return card.task;
  }

  async create(input: NewTask, actor: string): Promise<Task> {
    const board = await this.#boards.get(input.boardId);
    const at = Date.now();
    const task = await this.#store.write('task.insert', {
      task: {
        workspaceMode: board.workspaceMode,
        repositoryUrl: null,
        branch: null,
        includeUncommitted: true,
        createdFrom: null,
        ...input,
        id: input.id ?? randomUUID(),
        boardId: board.id,
        position: 0,
        resources: null,
        heldBecause: null,
        queueOrder: null,
        retry: null,
        createdBy: actor,
        createdAt: at,
        updatedAt: at,
      },
      change: { actor, why: null, at, eventId: randomUUID() },
    });
    this.#events.publish('task.created', { task });
    return task;
  }

  /**
   * `actor` is who changes it, for the card's history; left out for what only Kandev keeps there.
   * @throws UserError `changed` when the card has another version than `ifVersion` by now
   */
  async update(
    taskId: string,
    patch: TaskPatch,
    { actor, ifVersion }: { actor?: string; ifVersion?: number | undefined } = {},
  ): Promise<Task> {
    const task = await this.#store.write('task.update', {
      taskId,
      patch,
      at: Date.now(),
      ...(actor === undefined ? {} : { edit: { actor, eventId: randomUUID() } }),
      ...expecting(ifVersion),
    });
    this.#events.publish('task.updated', { task });
    return task;
  }

  /** Moves a card up or down its column. */
  async place(taskId: string, beforeTaskId: string | null, ifVersion?: number): Promise<Task> {
    const task = await this.#store.write('task.place', {
      taskId,
      beforeTaskId,
      at: Date.now(),
      ...expecting(ifVersion),
    });
    this.#events.publish('task.updated', { task });
    return task;
  }

  /**
   * Says anew which cards have to be done before this one.
   * @throws UserError `refused` with the way around, where cards would wait for each other
   */
  async setDependencies(taskId: string, dependsOn: readonly string[]): Promise<Task> {
    const task = await this.#store.write('task.setDependencies', {
      taskId,
      dependsOn: [...dependsOn],
      at: Date.now(),
    });
    this.#events.publish('task.updated', { task });
    return task;
  }

  /**
   * Moves a queued card within the queue.
   * @throws UserError `refused` when it is not queued
   */
  async moveInQueue(taskId: string, to: QueueMove): Promise<Task> {
    const { task, changed } = await this.#store.write('queue.move', { taskId, to });
    for (const each of changed) this.#events.publish('task.updated', { task: each });
    return task;
  }

  /**
   * The one function that changes the state of a card.
   * @throws UserError `refused` where the table of states says no
   */
  async changeState(taskId: string, change: StateChangeRequest): Promise<Task> {
    const why = change.why ?? null;
    const { task, from } = await this.#store.write('task.changeState', {
      taskId,
      to: change.to,
      actor: change.actor,
      why,
      heldBecause: change.heldBecause ?? null,
      retry: change.retry ?? null,
      beforeTaskId: change.beforeTaskId ?? null,
      isUndo: change.isUndo ?? false,
      at: Date.now(),
      eventId: randomUUID(),
      ...expecting(change.ifVersion),
    });
    this.#events.publish('task.state_changed', { task, from, to: task.state, actor: change.actor, why });
    return task;
  }

  /** Puts a card on the board as a file has it, with its history. One with its id that is there is left as it is. */
  async restoreFromFile(
    task: Omit<Task, 'position' | 'updatedAt' | 'queueOrder' | 'retry'>,
    history: readonly Omit<TaskEvent, 'taskId'>[],
    actor: string,
  ): Promise<Task> {
    const at = Date.now();
    const inserted = await this.#store.write('task.insert', {
      task: { ...task, position: 0, updatedAt: at, queueOrder: null, retry: null },
      change: { actor, why: 'Imported', at, eventId: randomUUID() },
      history: history.map((event) => ({ ...event, taskId: task.id })),
    });
    this.#events.publish('task.created', { task: inserted });
    return inserted;
  }

  /** Puts a card on another board, before another card of its column there or at the end. @throws UserError `not-found` */
  async setBoard(
    { taskId, boardId, beforeTaskId }: { taskId: string; boardId: string; beforeTaskId: string | null },
    actor: string,
    ifVersion?: number,
  ): Promise<Task> {
    const change = { actor, why: null, at: Date.now(), eventId: randomUUID() };
    const input = { taskId, boardId, beforeTaskId, change, ...expecting(ifVersion) };
    const task = await this.#store.write('task.setBoard', input);
    this.#events.publish('task.updated', { task });
    return task;
  }

  async delete(taskId: string, actor: string, ifVersion?: number): Promise<void> {
    const change = { actor, why: null, at: Date.now(), eventId: randomUUID() };
    const task = await this.#store.write('task.delete', { taskId, change, ...expecting(ifVersion) });
    this.#events.publish('task.deleted', { taskId, boardId: task.boardId });
  }

  /** Brings a deleted card back to where it was. @throws UserError `not-found` when it is gone for good */
  async restore(taskId: string, actor: string): Promise<Task> {
    const change = { actor, why: null, at: Date.now(), eventId: randomUUID() };
    const task = await this.#store.write('task.restore', { taskId, change });
    this.#events.publish('task.created', { task });
    return task;
  }

  /** The cards that can be brought back, the last deleted first. */
  deleted(): Promise<DeletedTask[]> {
    return this.#store.query('deletedTasks', {});
  }

  /** Forgets for good what was deleted long enough ago; returns the ids of those cards and of their runs. */
  async purgeDeleted(): Promise<{ taskIds: string[]; runIds: string[] }> {
    return this.#store.write('task.purgeDeleted', { before: Date.now() - keepDeletedMs });
  }
}

function expecting(ifVersion: number | undefined): { ifVersion?: number } {
  return ifVersion === undefined ? {} : { ifVersion };
}
