import type { Kandev } from '../../api/contract.ts';
import type { CardFilter } from '../../model/cardFilter.ts';
import type { Disposable } from '../../model/events.ts';
import { failureOf, type UserAction } from '../../model/failure.ts';
import type { CardMove } from '../../model/task.ts';
import {
  boardsOf,
  findCard,
  shownBoard,
  shownCards,
  waitingElsewhere,
  type BoardChange,
  type BoardState,
} from '../../providers/boardState.ts';
import type { SharedFilter } from '../../providers/sharedFilter.ts';
import type { UndoHistory } from '../../providers/undoHistory.ts';
import type { UsageSource } from '../../providers/usageFeed.ts';
import type {
  AppMessage,
  BoardCommand,
  BoardCommandInput,
  Choice,
  ExecuteMessage,
  HostMessage,
  TemplateValues,
  UiCommand,
} from '../protocol.ts';
import { toBoardCard, type Shorten } from './diffSummary.ts';
import type { DraftKeeper } from './draftKeeper.ts';
import { readAppMessage } from './messages.ts';

/** The shortest time between two updates of one page, in milliseconds: 20 a second look live and cost little. */
const updateInterval = 50;

/** What a board needs of the extension. */
export interface BoardServices {
  kandev: Pick<Kandev, 'execute'>;
  state: BoardState;
  usage: UsageSource;
  drafts: DraftKeeper;
  filter: SharedFilter;
  /** Lets the user choose in VS Code. */
  choose(what: Choice): Promise<void>;
  /** Undefined when the user chooses none. */
  chooseTemplate(): Promise<TemplateValues | undefined>;
  /** Does what the button of a failure says. */
  runAction(action: UserAction): Promise<void>;
  runUiCommand(command: UiCommand, taskId: string): Promise<void>;
  /** Deletes cards, with a way back; false when the user is asked and says no. */
  deleteCards(taskIds: readonly string[]): Promise<boolean>;
  /** Moves cards, with a way back. */
  moveCards(moves: readonly CardMove[], options: { stopRuns: boolean }): Promise<void>;
  /** Moves cards to another board, which the user chooses. */
  moveToBoard(taskIds: readonly string[]): Promise<void>;
  createCards(cards: readonly BoardCommandInput<'task.create'>[]): Promise<void>;
  history: Pick<UndoHistory, 'undo' | 'onDidAdd'>;
  shorten: Shorten;
  warn(message: string): void;
}

type Message<T extends AppMessage['type']> = Extract<AppMessage, { type: T }>;

/** What the extension may ask a board to show. */
export type BoardRequest = Extract<
  HostMessage,
  { type: 'focusCard' | 'showCard' | 'startCreate' | 'startEdit' | 'showHelp' }
>;

/**
 * The extension's end of one board page: answers its messages and keeps it up to date while it can be seen.
 * A page that was hidden starts over with `ready`, and is sent everything anew.
 */
export class BoardConnection implements Disposable {
  readonly #services: BoardServices;
  readonly #post: (message: HostMessage) => void;
  readonly #subscription: Disposable;
  readonly #filtering: Disposable;
  readonly #undoing: Disposable;
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  #structural = false;
  /** The page itself has said what to filter by. */
  #setsFilter = false;
  /** The board that the page shows. */
  #boardId: string | null = null;
  #boards: Extract<HostMessage, { type: 'boards' }> | null = null;
  #listening = false;
  #looking: Disposable | null = null;
  #waiting: BoardRequest[] = [];
  #timer: NodeJS.Timeout | null = null;
  #lastUpdate = 0;

  constructor(services: BoardServices, post: (message: HostMessage) => void) {
    this.#services = services;
    this.#post = post;
    this.#subscription = services.state.onDidChange((change) => {
      this.#collect(change);
    });
    this.#undoing = services.history.onDidAdd(({ text, isOffered = false }) => {
      if (this.#listening && !isOffered) this.#post({ type: 'undoable', text });
    });
    this.#filtering = services.filter.onDidChange((filter) => {
      // That of another board comes with it.
      if (this.#listening && !this.#setsFilter && !this.#isSwitched()) this.#post({ type: 'filter', filter });
    });
  }

  /** Takes a message of the page as it came. */
  receive(data: unknown): void {
    const read = readAppMessage(data);
    if (!read.ok) {
      const { requestId, failure } = read;
      this.#services.warn(
        `The board sent a message that was refused: ${failure.message} (${failure.detail ?? ''})`,
      );
      if (requestId !== null) this.#post({ type: 'commandFailed', requestId, failure });
      return;
    }
    const { message } = read;
    switch (message.type) {
      case 'ready':
        this.#start();
        break;
      case 'execute':
        void this.#execute(message);
        break;
      case 'moveCards':
        void this.#move(message);
        break;
      case 'createCards':
        void this.#answer(message.requestId, async () => {
          await this.#services.createCards(message.cards);
          return message.cards[0]?.id ?? null;
        });
        break;
      case 'undo':
        void this.#answer(message.requestId, async () => {
          await this.#services.history.undo();
          return null;
        });
        break;
      case 'deleteCards':
        void this.#delete(message);
        break;
      case 'moveToBoard':
        void this.#services.moveToBoard(message.taskIds);
        break;
      case 'uiCommand':
        void this.#runUiCommand(message.command, message.taskId);
        break;
      case 'setFilter':
        this.#setFilter(message.filter);
        break;
      case 'choose':
        void this.#services.choose(message.what);
        break;
      case 'chooseTemplate':
        void this.#chooseTemplate();
        break;
      case 'runAction':
        void this.#runAction(message.requestId, message.action);
        break;
      case 'saveDraft':
        this.#services.drafts.save(message.key, message.draft);
        break;
    }
  }

  #setFilter(filter: CardFilter): void {
    this.#setsFilter = true;
    this.#services.filter.set(filter);
    this.#setsFilter = false;
  }

  async #chooseTemplate(): Promise<void> {
    const values = await this.#services.chooseTemplate();
    if (values) this.#post({ type: 'template', values });
  }

  /** Asks the page to show something, as soon as it can. */
  request(request: BoardRequest): void {
    if (!this.#listening) {
      this.#waiting.push(request);
      return;
    }
    // It may be about a card that the page is yet to be told of.
    if (this.#timer) this.#flush();
    this.#post(request);
  }

  /** The page is gone or cannot be seen: nothing is sent until it says `ready`. */
  pause(): void {
    this.#listening = false;
    this.#looking?.dispose();
    this.#looking = null;
    this.#clearPending();
  }

  dispose(): void {
    this.pause();
    this.#subscription.dispose();
    this.#filtering.dispose();
    this.#undoing.dispose();
  }

  #start(): void {
    this.#listening = true;
    this.#post({ type: 'drafts', drafts: this.#services.drafts.all() });
    this.#boards = null;
    this.#sendEverything();
    this.#looking?.dispose();
    this.#looking = this.#services.usage.look((usage) => {
      this.#post({ type: 'usage', usage });
    });
    for (const request of this.#waiting) this.#post(request);
    this.#waiting = [];
  }

  #collect({ changed, removed, structural }: BoardChange): void {
    if (!this.#listening) return;
    if (this.#isSwitched()) {
      this.#sendEverything();
      return;
    }
    this.#structural ||= structural;
    for (const taskId of changed) {
      this.#changed.add(taskId);
      this.#removed.delete(taskId);
    }
    for (const taskId of removed) {
      this.#removed.add(taskId);
      this.#changed.delete(taskId);
    }
    this.#timer ??= setTimeout(
      () => {
        this.#flush();
      },
      Math.max(0, this.#lastUpdate + updateInterval - Date.now()),
    );
  }

  #flush(): void {
    const { current } = this.#services.state;
    if (this.#structural || current.status !== 'ready') {
      this.#sendEverything();
      return;
    }
    const { revision } = current.view;
    const here = shownCards(this.#services.state).filter(({ task }) => this.#changed.has(task.id));
    const upserted = here.map((card) => toBoardCard(card, this.#services.shorten));
    // Those of other boards may have been here before.
    const ids = new Set(here.map(({ task }) => task.id));
    const removed = [...this.#removed, ...[...this.#changed].filter((taskId) => !ids.has(taskId))];
    this.#clearPending();
    this.#lastUpdate = Date.now();
    this.#post({ type: 'update', revision, upserted, removed });
    this.#sendBoards();
  }

  #isSwitched(): boolean {
    const shown = shownBoard(this.#services.state);
    return shown !== undefined && this.#boardId !== null && shown.id !== this.#boardId;
  }

  #sendBoards(): void {
    const { state } = this.#services;
    const count = boardsOf(state).length;
    const boards = { type: 'boards', count, waitingElsewhere: waitingElsewhere(state) } as const;
    if (JSON.stringify(boards) === JSON.stringify(this.#boards)) return;
    this.#boards = boards;
    this.#post(boards);
  }

  #sendEverything(): void {
    this.#clearPending();
    this.#lastUpdate = Date.now();
    const { current } = this.#services.state;
    switch (current.status) {
      case 'loading':
        this.#post({ type: 'loading' });
        break;
      case 'unavailable':
        this.#post({ type: 'unavailable', failure: current.failure });
        break;
      case 'ready':
        this.#post({
          type: 'snapshot',
          revision: current.view.revision,
          now: Date.now(),
          board: current.board,
          filter: this.#services.filter.current,
          cards: shownCards(this.#services.state).map((card) => toBoardCard(card, this.#services.shorten)),
          queuePause: current.view.queuePause,
          workspaceModes: current.view.workspaceModes,
          agentTypes: current.agentTypes,
          engine: current.engine,
        });
        this.#boardId = current.board.id;
        this.#sendBoards();
    }
  }

  #clearPending(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#changed.clear();
    this.#removed.clear();
    this.#structural = false;
  }

  async #execute<C extends BoardCommand>({ requestId, command, input }: ExecuteMessage<C>): Promise<void> {
    await this.#answer(requestId, async () => {
      const result: unknown = await this.#services.kandev.execute(command, input);
      return taskIdOf(input) ?? taskIdOf(result);
    });
  }

  async #runAction(requestId: number, action: UserAction): Promise<void> {
    await this.#answer(requestId, async () => {
      await this.#services.runAction(action);
      return null;
    });
  }

  async #move({ requestId, moves, stopRuns }: Message<'moveCards'>): Promise<void> {
    await this.#answer(requestId, async () => {
      await this.#services.moveCards(moves, { stopRuns });
      return moves[0]?.taskId ?? null;
    });
  }

  async #delete({ requestId, taskIds }: Message<'deleteCards'>): Promise<void> {
    await this.#answer(requestId, async () => {
      const known = taskIds.filter((taskId) => findCard(this.#services.state, taskId));
      const [first] = known;
      return first !== undefined && (await this.#services.deleteCards(known)) ? first : null;
    });
  }

  async #answer(requestId: number, act: () => Promise<string | null>): Promise<void> {
    try {
      const taskId = await act();
      // What the command has changed is on the page before it hears that the command is done.
      if (this.#timer) this.#flush();
      this.#post({ type: 'commandDone', requestId, taskId });
    } catch (error) {
      this.#post({ type: 'commandFailed', requestId, failure: failureOf(error) });
    }
  }

  async #runUiCommand(command: UiCommand, taskId: string): Promise<void> {
    try {
      await this.#services.runUiCommand(command, taskId);
    } catch (error) {
      this.#services.warn(`${command} failed: ${failureOf(error).message}`);
    }
  }
}

/** The card that a command's input names, or that its result is. */
function taskIdOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  if ('taskId' in value && typeof value.taskId === 'string') return value.taskId;
  return 'id' in value && typeof value.id === 'string' ? value.id : null;
}
