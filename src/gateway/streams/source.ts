import type { Kandev } from '../../api/contract.ts';
import type { CardView } from '../../model/cardView.ts';
import type { KandevEvent } from '../../model/events.ts';
import { isLive } from '../../model/run.ts';
import { cardOf, needsYou, statusOf, taskOf } from '../cards.ts';

/** What a program is sent: pieces with a number, each of them once, and how things stand, which has none. */
export type Frame =
  | { type: 'entry' | 'task'; seq: number; [field: string]: unknown }
  | { type: 'deleted'; seq: number; taskId: string }
  | { type: 'status'; status: unknown }
  /** All that was there has been sent: what follows has just happened. */
  | { type: 'live'; seq: number }
  /** The number is not known here: what follows is everything, from the beginning. */
  | { type: 'reset' };

/** What a stream is read from. Nothing is kept of it here: it is asked for what came after a number. */
export interface Source {
  /** In the order of their numbers. */
  read(after: number, limit: number): Promise<(Frame & { seq: number })[]>;
  /** How things stand, as far as that has changed since it was last asked. */
  statuses(): Promise<Frame[]>;
  /** Whether an event may have changed something. */
  hears(event: KandevEvent): boolean;
}

/** What happens with one card: the entries of its transcripts, and its status. */
export class TaskSource implements Source {
  readonly #kandev: Kandev;
  readonly #taskId: string;
  #isDirty = true;

  constructor(kandev: Kandev, taskId: string) {
    this.#kandev = kandev;
    this.#taskId = taskId;
  }

  async read(after: number, limit: number): Promise<(Frame & { seq: number })[]> {
    const entries = await this.#kandev.query('task.entries', {
      taskId: this.#taskId,
      afterRev: after,
      limit,
    });
    return entries.map(({ rev: seq, entry }) => ({ type: 'entry', seq, entry }));
  }

  /** @throws UserError `not-found` when the card was deleted */
  async statuses(): Promise<Frame[]> {
    if (!this.#isDirty) return [];
    this.#isDirty = false;
    return [{ type: 'status', status: statusOf(await cardOf(this.#kandev, this.#taskId)) }];
  }

  hears(event: KandevEvent): boolean {
    const taskId = taskIdOf(event);
    if (taskId !== this.#taskId && event.type !== 'queue.changed') return false;
    if (!event.type.startsWith('acp.message.')) this.#isDirty = true;
    return true;
  }
}

/** What happens on a board: cards that change, and how it stands with those that agents work on. */
export class BoardSource implements Source {
  readonly #kandev: Kandev;
  readonly #boardId: string;
  readonly #dirty = new Set<string>();
  /** The cards that the program knows to be on the board, as far as they were sent by this stream. */
  readonly #sent = new Set<string>();
  #isNew = true;

  constructor(kandev: Kandev, boardId: string) {
    this.#kandev = kandev;
    this.#boardId = boardId;
  }

  async read(after: number, limit: number): Promise<(Frame & { seq: number })[]> {
    const frames: (Frame & { seq: number })[] = [];
    let from = after;
    let isMore = true;
    while (isMore && frames.length < limit) {
      const page = { afterVersion: from, limit: limit - frames.length };
      const { cards, deleted } = await this.#kandev.query('cards.changed', page);
      from = Math.max(from, ...[...cards, ...deleted].map(({ version }) => version));
      isMore = cards.length + deleted.length === page.limit;
      frames.push(
        ...cards.flatMap((card) => this.#frameOf(card, after) ?? []),
        ...deleted
          .filter(({ boardId }) => boardId === this.#boardId)
          .map(({ taskId, version }) => ({ type: 'deleted' as const, seq: version, taskId })),
      );
    }
    return frames.sort((a, b) => a.seq - b.seq);
  }

  /** A card that has gone to another board is gone from here, for a program that may know it. */
  #frameOf(card: CardView, after: number): (Frame & { seq: number }) | null {
    const { id: taskId, boardId } = card.task;
    if (boardId === this.#boardId) {
      this.#sent.add(taskId);
      return { type: 'task', seq: card.version, task: taskOf(card) };
    }
    const mayBeKnown = this.#sent.delete(taskId) || after > 0;
    return mayBeKnown ? { type: 'deleted', seq: card.version, taskId } : null;
  }

  async statuses(): Promise<Frame[]> {
    const cards = this.#isNew ? await this.#active() : await this.#changed();
    this.#isNew = false;
    const here = cards.filter(({ task }) => task.boardId === this.#boardId);
    return here.map((card) => ({ type: 'status', status: statusOf(card) }));
  }

  hears(event: KandevEvent): boolean {
    if (event.type.startsWith('acp.message.')) return false;
    const taskId = taskIdOf(event);
    if (taskId !== null) this.#dirty.add(taskId);
    return true;
  }

  async #active() {
    const { cards } = await this.#kandev.query('boards', {});
    return cards.filter(
      (card) => card.queue !== null || needsYou(card) || (card.run !== null && isLive(card.run.state)),
    );
  }

  async #changed() {
    const taskIds = [...this.#dirty];
    this.#dirty.clear();
    return taskIds.length === 0 ? [] : (await this.#kandev.query('cards', { taskIds })).cards;
  }
}

/** The card that an event is about; null where it is about none. */
function taskIdOf({ data }: KandevEvent): string | null {
  if ('taskId' in data) return data.taskId;
  if ('task' in data) return data.task.id;
  if ('run' in data) return data.run.taskId;
  return 'request' in data ? data.request.taskId : null;
}
