import { columnOf } from '../../model/board.ts';
import { isFiltering } from '../../model/cardFilter.ts';
import type { HostMessage } from '../protocol.ts';
import { describeChange, describeRemoval } from './announcements.ts';
import { CardCommands } from './cardCommands.ts';
import { Clock } from './clock.ts';
import { FilterController } from './filterController.ts';
import { FormController, type SaveMode } from './formController.ts';
import type { HostClient } from './hostClient.ts';
import { t } from './l10n.ts';
import { placeOf } from './layout.ts';
import { heirOf } from './moves.ts';
import { QuickCreate } from './quickCreate.ts';
import type { ViewKeeper } from './savedView.ts';
import { SelectionController } from './selectionController.ts';
import type { AppState, Store } from './state.ts';

type Snapshot = Extract<HostMessage, { type: 'snapshot' }>;
type Update = Extract<HostMessage, { type: 'update' }>;

/** How long the way back is offered in so many words, in milliseconds; Ctrl+Z takes back for longer. */
const undoShownMs = 10_000;

interface Revealed {
  taskId: string;
  /** Whether it gets the focus as well. */
  focus: boolean;
}

/** Keeps the page's state in step with what the extension sends, and with where the user is on the board. */
export class BoardController {
  readonly store: Store;
  readonly clock = new Clock();
  readonly form: FormController;
  readonly commands: CardCommands;
  readonly selection: SelectionController;
  readonly filter: FilterController;
  readonly quickCreate: QuickCreate;
  readonly #host: HostClient;
  readonly #viewKeeper: ViewKeeper;
  #revealed: Revealed | null = null;
  #undoTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(store: Store, host: HostClient, viewKeeper: ViewKeeper) {
    this.store = store;
    this.#host = host;
    this.#viewKeeper = viewKeeper;
    this.form = new FormController(store, host, viewKeeper, (taskId, mode) => {
      this.#afterSave(taskId, mode);
    });
    this.quickCreate = new QuickCreate(store, host, viewKeeper, () => this.form.usualAgent());
    this.commands = new CardCommands(store, host, (taskId) => {
      this.form.edit(taskId);
    });
    this.selection = new SelectionController(store, (selected) => {
      viewKeeper.save({ selected });
    });
    this.filter = new FilterController(store, host);
  }

  receive(message: HostMessage): void {
    switch (message.type) {
      case 'loading':
        this.store.update({ status: 'loading', failure: null });
        break;
      case 'unavailable':
        this.store.update({ status: 'unavailable', failure: message.failure });
        break;
      case 'snapshot':
        this.#takeSnapshot(message);
        break;
      case 'update':
        this.#takeUpdate(message);
        break;
      case 'boards':
        this.store.update({ boards: { count: message.count, waitingElsewhere: message.waitingElsewhere } });
        break;
      case 'usage':
        this.store.update({ usage: new Map(message.usage.map((each) => [each.taskId, each])) });
        break;
      case 'commandDone':
        this.#host.settle(message.requestId, { ok: true, taskId: message.taskId });
        break;
      case 'commandFailed':
        this.#host.settle(message.requestId, { ok: false, failure: message.failure });
        break;
      case 'filter':
        this.store.update({ filter: message.filter });
        break;
      case 'undoable':
        this.#showUndoable(message.text);
        break;
      case 'drafts':
        this.store.update({ drafts: message.drafts });
        break;
      case 'focusCard':
        this.reveal(message.taskId);
        break;
      case 'showCard':
        this.reveal(message.taskId, false);
        break;
      case 'startCreate':
        this.form.create(message.state);
        break;
      case 'startEdit':
        this.form.edit(message.taskId);
        break;
      case 'template':
        this.form.fill(message.values);
        break;
      case 'showHelp':
        this.store.update({ helpOpen: true });
        break;
    }
  }

  /** Notes which card has the focus. */
  setFocused(focusedTaskId: string | null): void {
    if (focusedTaskId === this.store.state.focusedTaskId) return;
    this.store.update({ focusedTaskId });
    this.#viewKeeper.save({ focusedTaskId });
  }

  /** Shows a card whatever the filter and the columns that are hidden or collapsed, and gives it the focus when `focus` is set. */
  reveal(taskId: string, focus = true): void {
    this.#revealed = { taskId, focus };
    const { content, layout } = this.store.state;
    const card = content?.cards.get(taskId);
    if (content && card && layout && !placeOf(layout, taskId)) {
      if (isFiltering(this.store.state.filter)) this.filter.clear();
      const column = columnOf(content.board.columns, card.task.state);
      if (column && (column.isHidden === true || column.isCollapsed === true)) {
        void this.commands.setColumn(column.id, { isHidden: false, isCollapsed: false });
      }
    }
    this.setFocused(taskId);
    this.store.update({});
  }

  /** The card that waits to be shown, if any. */
  get revealed(): Revealed | null {
    return this.#revealed;
  }

  revealDone(): void {
    this.#revealed = null;
  }

  #takeSnapshot(snapshot: Snapshot): void {
    const { now, board, cards, queuePause, workspaceModes, agentTypes, engine } = snapshot;
    const before = this.store.state.content?.board ?? null;
    const isOther = before?.id !== board.id;
    this.clock.synchronize(now);
    this.store.update({
      ...(isOther ? this.#asLeft(snapshot) : {}),
      status: 'ready',
      failure: null,
      content: {
        board,
        cards: new Map(cards.map((card) => [card.task.id, card])),
        queuePause,
        workspaceModes,
        agentTypes,
        engine,
      },
    });
    if (!isOther) return;
    if (before) this.store.announce(t('Board {0}', board.name));
    const { openForm, quick } = this.#viewKeeper.view;
    if (quick?.open) this.quickCreate.open(quick.state);
    if (openForm !== null && openForm in this.store.state.drafts) this.form.reopen(openForm);
  }

  /** Another board, as the user has left it. */
  #asLeft({ board, filter }: Snapshot): Partial<AppState> {
    this.#viewKeeper.show(board.id);
    const { focusedTaskId, selected } = this.#viewKeeper.view;
    return {
      ...{ filter, focusedTaskId, selected: new Set(selected) },
      ...{ form: null, quick: null, peekedTaskId: null, drag: null, notice: null },
    };
  }

  #takeUpdate({ upserted, removed }: Update): void {
    const { content, layout: before, focusedTaskId } = this.store.state;
    if (!content || !before) return;
    const cards = new Map(content.cards);
    for (const taskId of removed) cards.delete(taskId);
    for (const card of upserted) cards.set(card.task.id, card);
    const { peekedTaskId } = this.store.state;
    const lost = focusedTaskId !== null && !cards.has(focusedTaskId);
    const heir = lost ? heirOf(before, focusedTaskId) : null;
    const isPeeked = peekedTaskId !== null && cards.has(peekedTaskId);
    this.store.update({ content: { ...content, cards }, peekedTaskId: isPeeked ? peekedTaskId : null });
    if (lost) this.setFocused(heir);
    const { layout } = this.store.state;
    if (!layout) return;
    const news = [
      ...removed.flatMap((taskId) => content.cards.get(taskId) ?? []).map(describeRemoval),
      ...upserted.map((card) => describeChange(content.cards.get(card.task.id), card, layout)),
    ];
    const text = news.filter((line) => line !== null).join(' ');
    if (text !== '') this.store.announce(text);
  }

  #showUndoable(text: string): void {
    this.store.update({ undoable: text });
    if (this.#undoTimer !== null) clearTimeout(this.#undoTimer);
    this.#undoTimer = setTimeout(() => {
      this.commands.dismissUndo();
    }, undoShownMs);
  }

  #afterSave(taskId: string | null, mode: SaveMode): void {
    if (taskId === null) return;
    this.reveal(taskId);
    if (mode === 'saveAndStart') void this.commands.start([taskId]);
  }
}
