import * as vscode from 'vscode';
import type { Kandev } from '../../api/contract.ts';
import type { UserAction } from '../../model/failure.ts';
import { showBoardOf, type WindowState } from '../../providers/boardState.ts';
import { shownPath } from '../../providers/shownPath.ts';
import type { SharedFilter } from '../../providers/sharedFilter.ts';
import { useTemplate } from '../../providers/templatePicker.ts';
import type { UsageSource } from '../../providers/usageFeed.ts';
import type { Choice, FormValues } from '../protocol.ts';
import { BoardConnection, type BoardRequest, type BoardServices } from './boardConnection.ts';
import { pageIcon, pageSettings, webviewPage } from './webviewPage.ts';
import { DraftKeeper } from './draftKeeper.ts';

const chooseCommands: Readonly<Record<Choice, string>> = {
  filter: 'kandev.filterCards',
  columns: 'kandev.chooseColumns',
  board: 'kandev.switchBoard',
};

/** The view type of the board's panel, for `onWebviewPanel:` and `activeWebviewPanelId`. */
export const boardViewType = 'kandev.board';

export interface BoardPanelOptions {
  kandev: Kandev;
  state: WindowState;
  usage: UsageSource;
  filter: SharedFilter;
  extensionUri: vscode.Uri;
  /** Keeps forms that were not saved: the workspace's memento. */
  drafts: vscode.Memento;
  log: Pick<vscode.LogOutputChannel, 'warn'>;
  /** Does what the button of a failure says. */
  runAction(action: UserAction): Promise<void>;
  deleteCards: BoardServices['deleteCards'];
  moveCards: BoardServices['moveCards'];
  createCards: BoardServices['createCards'];
  history: BoardServices['history'];
}

interface OpenBoard {
  panel: vscode.WebviewPanel;
  connection: BoardConnection;
  /** The card that was last asked for without the focus. */
  shownCard: string | null;
}

/** The board as an editor tab: at most one, brought back after a reload of the window. */
export class BoardPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #services: BoardServices;
  readonly #state: WindowState;
  readonly #drafts: DraftKeeper;
  #opened: OpenBoard | null = null;

  constructor(options: BoardPanelOptions) {
    this.#extensionUri = options.extensionUri;
    this.#state = options.state;
    this.#drafts = new DraftKeeper(options.drafts);
    this.#services = {
      kandev: options.kandev,
      state: options.state,
      usage: options.usage,
      drafts: this.#drafts,
      filter: options.filter,
      choose: async (what) => {
        await vscode.commands.executeCommand(chooseCommands[what]);
      },
      moveToBoard: async (taskIds) => {
        await vscode.commands.executeCommand('kandev.moveToBoard', { taskIds });
      },
      chooseTemplate: () => useTemplate(options.kandev),
      runAction: (action) => options.runAction(action),
      runUiCommand: async (command, taskId) => {
        await vscode.commands.executeCommand(command, { taskId });
      },
      deleteCards: (taskIds) => options.deleteCards(taskIds),
      moveCards: (moves, how) => options.moveCards(moves, how),
      createCards: (cards) => options.createCards(cards),
      history: options.history,
      shorten: (path) => shownPath(options.state, path),
      warn: (message) => {
        options.log.warn(message);
      },
    };
  }

  /** Shows the board, in the editor group where it is already open or else in the active one. */
  open(): void {
    if (this.#opened) this.#opened.panel.reveal();
    else this.#create();
  }

  /** Shows the board of a card with the focus on the card. */
  focusCard(taskId: string): void {
    showBoardOf(this.#state, taskId);
    this.#show({ type: 'focusCard', taskId });
  }

  /** Shows a card on its board and leaves the focus where it is; a second time, the card gets the focus. */
  showCard(taskId: string): void {
    showBoardOf(this.#state, taskId);
    const again = this.#opened?.panel.visible === true && this.#opened.shownCard === taskId;
    if (again) {
      this.focusCard(taskId);
      return;
    }
    const opened = this.#opened ?? this.#create(true);
    opened.panel.reveal(undefined, true);
    opened.connection.request({ type: 'showCard', taskId });
    opened.shownCard = taskId;
  }

  /** Shows the board with the form for a new card. */
  startCreate(state: FormValues['state'] = 'BACKLOG'): void {
    this.#show({ type: 'startCreate', state });
  }

  /** Shows the board of a card with the card's form. */
  startEdit(taskId: string): void {
    showBoardOf(this.#state, taskId);
    this.#show({ type: 'startEdit', taskId });
  }

  /** Shows the board with the list of its keys. */
  showHelp(): void {
    this.#show({ type: 'showHelp' });
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#opened?.panel.dispose();
    panel.webview.options = pageSettings(this.#extensionUri);
    this.#attach(panel);
    return Promise.resolve();
  }

  dispose(): void {
    this.#opened?.panel.dispose();
    this.#drafts.dispose();
  }

  #show(request: BoardRequest): void {
    const { panel, connection } = this.#opened ?? this.#create();
    panel.reveal();
    connection.request(request);
  }

  #create(preserveFocus = false): OpenBoard {
    const panel = vscode.window.createWebviewPanel(
      boardViewType,
      vscode.l10n.t('Kandev Board'),
      { viewColumn: vscode.ViewColumn.Active, preserveFocus },
      pageSettings(this.#extensionUri),
    );
    return this.#attach(panel);
  }

  #attach(panel: vscode.WebviewPanel): OpenBoard {
    const { webview } = panel;
    const connection = new BoardConnection(this.#services, (message) => {
      void webview.postMessage(message);
    });
    const opened: OpenBoard = { panel, connection, shownCard: null };
    this.#opened = opened;
    panel.iconPath = pageIcon(this.#extensionUri);
    const messages = webview.onDidReceiveMessage((data: unknown) => {
      connection.receive(data);
    });
    const visibility = panel.onDidChangeViewState(() => {
      // A page that is shown again is loaded anew and says `ready`.
      if (!panel.visible) connection.pause();
    });
    panel.onDidDispose(() => {
      messages.dispose();
      visibility.dispose();
      connection.dispose();
      if (this.#opened === opened) this.#opened = null;
    });
    webview.html = webviewPage(webview, this.#extensionUri, {
      name: 'board',
      title: vscode.l10n.t('Kandev Board'),
    });
    return opened;
  }
}
