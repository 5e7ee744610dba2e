import type { Kandev } from '../../api/contract.ts';
import type { Disposable } from '../../model/events.ts';
import { failureOf, UserError, type UserAction } from '../../model/failure.ts';
import { findCard, type BoardState } from '../../providers/boardState.ts';
import type {
  InsightHostMessage,
  InsightRequest,
  InsightRequestName,
  InsightRequests,
  InsightUiCommand,
  StatisticsInput,
} from '../insightProtocol.ts';
import { readInsightMessage } from './insightMessages.ts';

/** How long what happens is gathered before a page asks anew, in milliseconds. */
const gatherMs = { statistics: 5000, timeline: 500 };

/** What these pages need of the extension. */
export interface InsightServices {
  kandev: Kandev;
  state: BoardState;
  /** Shows a run of a card where it was at a time, in milliseconds since the epoch. */
  openRun(taskId: string, place: { runId: string; at: number }): void;
  exportCsv(input: StatisticsInput): Promise<void>;
  runUiCommand(command: InsightUiCommand, taskId: string | null): Promise<void>;
  /** Does what the button of a failure says. */
  runAction(action: UserAction): Promise<void>;
  warn(message: string): void;
}

type Handlers = {
  [N in InsightRequestName]: (input: InsightRequests[N]['input']) => Promise<InsightRequests[N]['result']>;
};

/** What changes the statistics of runs, or the timeline of a card. */
const subjects = ['task.*', 'agent.*', 'permission.*', 'result.changed', 'prompt.given', 'board.replaced'];

/** The extension's end of a page of statistics, or of a card's timeline: answers it, and says when to ask anew. */
export class InsightConnection implements Disposable {
  readonly #taskId: string | null;
  readonly #services: InsightServices;
  readonly #post: (message: InsightHostMessage) => void;
  readonly #subscriptions: Disposable[];
  readonly #handlers: Handlers;
  #listening = false;
  #timer: NodeJS.Timeout | null = null;

  /** @param taskId of the card that a timeline is about; null: statistics */
  constructor(taskId: string | null, services: InsightServices, post: (message: InsightHostMessage) => void) {
    this.#taskId = taskId;
    this.#services = services;
    this.#post = post;
    this.#handlers = this.#handlerTable();
    this.#subscriptions = [
      ...subjects.map((subject) =>
        services.kandev.subscribe(subject, () => {
          this.#tellLater();
        }),
      ),
      services.state.onDidChange(({ structural, changed, removed }) => {
        const isOurs = taskId !== null && (changed.includes(taskId) || removed.includes(taskId));
        if (structural || isOurs) this.#sendSetting();
      }),
    ];
  }

  /** Takes a message of the page as it came. */
  receive(data: unknown): void {
    const read = readInsightMessage(data);
    if (!read.ok) {
      const { requestId, failure } = read;
      this.#services.warn(
        `A page of statistics sent a message that was refused: ${failure.message} (${failure.detail ?? ''})`,
      );
      if (requestId !== null) this.#post({ type: 'refused', id: requestId, failure });
      return;
    }
    if (read.message.type === 'request') {
      void this.#answer(read.message);
      return;
    }
    this.#listening = true;
    this.#sendSetting();
  }

  /** The page cannot be seen: it says `ready` when it can be again. */
  pause(): void {
    this.#listening = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  dispose(): void {
    this.pause();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #tellLater(): void {
    if (!this.#listening) return;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = null;
        this.#post({ type: 'changed' });
      },
      gatherMs[this.#taskId === null ? 'statistics' : 'timeline'],
    );
  }

  #sendSetting(): void {
    if (!this.#listening) return;
    const { state } = this.#services;
    const { current } = state;
    if (current.status === 'unavailable') this.#post({ type: 'unavailable', failure: current.failure });
    if (current.status !== 'ready') return;
    const agentNames = Object.fromEntries(current.agentTypes.map(({ id, name }) => [id, name]));
    const card = this.#taskId === null ? null : findCard(state, this.#taskId);
    this.#post({
      type: 'setting',
      setting: { now: Date.now(), agentNames, cardTitle: card?.task.title ?? null },
    });
  }

  async #answer({ id, name, input }: InsightRequest): Promise<void> {
    try {
      const handle = this.#handlers[name] as (input: unknown) => Promise<unknown>;
      this.#post({ type: 'answer', id, result: await handle(input) });
    } catch (error) {
      this.#post({ type: 'refused', id, failure: failureOf(error) });
    }
  }

  #handlerTable(): Handlers {
    const services = this.#services;
    const { kandev } = services;
    const done = async (work: Promise<unknown>): Promise<null> => {
      await work;
      return null;
    };
    return {
      statistics: (input) => kandev.query('statistics', input),
      exportCsv: (input) => done(services.exportCsv(input)),
      timeline: async (input) => kandev.query('task.timeline', { taskId: this.#card(), ...input }),
      openRun: async (place) => {
        const taskId = this.#card();
        const runs = await kandev.query('task.runs', { taskId });
        if (!runs.some((run) => run.id === place.runId)) throw notOfThisCard();
        services.openRun(taskId, place);
        return null;
      },
      uiCommand: ({ command }) => done(services.runUiCommand(command, this.#taskId)),
      runAction: ({ action }) => done(services.runAction(action)),
    };
  }

  #card(): string {
    if (this.#taskId === null) throw notOfThisCard();
    return this.#taskId;
  }
}

function notOfThisCard(): UserError {
  return new UserError({ reason: 'invalid-input', message: 'This belongs to another card.' });
}
