import path from 'node:path';
import * as vscode from 'vscode';
import type { Kandev } from '../../api/contract.ts';
import type { UserAction } from '../../model/failure.ts';
import { findCard, type BoardState } from '../../providers/boardState.ts';
import { FileSearch } from '../../providers/fileSearch.ts';
import { ProposedTexts } from '../../providers/proposedTexts.ts';
import { shownPath } from '../../providers/shownPath.ts';
import type { UsageSource } from '../../providers/usageFeed.ts';
import { choosePictures } from './pictureFiles.ts';
import type { RunPlace } from '../runProtocol.ts';
import { RunConnection, type RunViewServices } from './runConnection.ts';
import { RunDrafts } from './runDrafts.ts';
import { pageIcon, pageSettings, webviewPage } from './webviewPage.ts';

/** The view type of the panels, for `onWebviewPanel:` and `activeWebviewPanelId`. */
export const runViewType = 'kandev.run';

export interface RunPanelsOptions {
  kandev: Kandev;
  state: BoardState;
  usage: UsageSource;
  extensionUri: vscode.Uri;
  /** Keeps messages that were not sent: the workspace's memento. */
  drafts: vscode.Memento;
  log: Pick<vscode.LogOutputChannel, 'warn'>;
  /** Does what the button of a failure says. */
  runAction(action: UserAction): Promise<void>;
}

interface OpenOptions {
  preserveFocus?: boolean;
  /** Puts the focus where a message is typed. */
  compose?: boolean;
  /** Where in the transcript; left out: where its reader was, or at the end. */
  place?: RunPlace;
}

interface OpenRun {
  panel: vscode.WebviewPanel;
  connection: RunConnection;
}

/** What is said between a card's agent and its user, as an editor tab: at most one a card, brought back after a reload. */
export class RunPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  readonly #options: RunPanelsOptions;
  readonly #services: RunViewServices;
  readonly #proposed: ProposedTexts;
  readonly #opened = new Map<string, OpenRun>();
  readonly #subscriptions: { dispose(): void }[];
  #onWatched: () => void = () => undefined;
  readonly #search = new FileSearch();

  constructor(options: RunPanelsOptions) {
    this.#options = options;
    const shorten = (path: string): string => shownPath(options.state, path);
    this.#proposed = new ProposedTexts(shorten);
    this.#services = {
      kandev: options.kandev,
      state: options.state,
      usage: options.usage,
      drafts: new RunDrafts(options.drafts),
      runAction: (action) => options.runAction(action),
      runUiCommand: async (command, taskId) => {
        await vscode.commands.executeCommand(command, { taskId });
      },
      openDiff: (diff) => this.#proposed.open(diff),
      openFile,
      openLink: async (href) => {
        await vscode.env.openExternal(vscode.Uri.parse(href, true));
      },
      findFiles: (query, folder) => this.#search.find(query, folder),
      pathsIn,
      choosePictures: (taskId) => choosePictures(options.kandev, taskId),
      shorten,
      warn: (message) => {
        options.log.warn(message);
      },
    };
    this.#subscriptions = [
      options.state.onDidChange(() => {
        for (const [taskId, { panel }] of this.#opened) {
          const title = this.#title(taskId);
          if (panel.title !== title) panel.title = title;
        }
      }),
      vscode.window.onDidChangeWindowState(() => {
        this.#onWatched();
      }),
    ];
  }

  /** Shows a card's run, in the editor group where it is already open or else in the active one. */
  open(taskId: string, { preserveFocus = false, compose = false, place }: OpenOptions = {}): void {
    const known = this.#opened.get(taskId);
    const opened = known ?? this.#create(taskId, preserveFocus);
    if (known) opened.panel.reveal(undefined, preserveFocus);
    if (compose) opened.connection.focusComposer();
    if (place) opened.connection.showPlace(place);
  }

  /** Whether the user has this card's run before them. */
  isWatched(taskId: string): boolean {
    return vscode.window.state.focused && this.#opened.get(taskId)?.panel.visible === true;
  }

  /** `listener` is called when another run is shown, or one no longer. */
  onDidChangeWatched(listener: () => void): void {
    this.#onWatched = listener;
  }

  /** The card whose run is shown in the active editor; null when there is none. */
  get active(): string | null {
    for (const [taskId, { panel }] of this.#opened) if (panel.active) return taskId;
    return null;
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const taskId =
      typeof saved === 'object' && saved !== null && 'taskId' in saved && typeof saved.taskId === 'string'
        ? saved.taskId
        : null;
    if (taskId === null || this.#opened.has(taskId)) {
      panel.dispose();
      return Promise.resolve();
    }
    panel.webview.options = pageSettings(this.#options.extensionUri);
    this.#attach(taskId, panel);
    return Promise.resolve();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#proposed.dispose();
    this.#search.dispose();
    for (const { panel } of [...this.#opened.values()]) panel.dispose();
  }

  #create(taskId: string, preserveFocus: boolean): OpenRun {
    const panel = vscode.window.createWebviewPanel(
      runViewType,
      this.#title(taskId),
      { viewColumn: vscode.ViewColumn.Active, preserveFocus },
      pageSettings(this.#options.extensionUri),
    );
    return this.#attach(taskId, panel);
  }

  #attach(taskId: string, panel: vscode.WebviewPanel): OpenRun {
    const { extensionUri } = this.#options;
    const { webview } = panel;
    const connection = new RunConnection(taskId, this.#services, (message) => {
      void webview.postMessage(message);
    });
    const opened: OpenRun = { panel, connection };
    this.#opened.set(taskId, opened);
    panel.title = this.#title(taskId);
    panel.iconPath = pageIcon(extensionUri);
    const messages = webview.onDidReceiveMessage((data: unknown) => {
      connection.receive(data);
    });
    const visibility = panel.onDidChangeViewState(() => {
      // A page that is shown again is loaded anew and says `ready`.
      if (!panel.visible) connection.pause();
      this.#onWatched();
    });
    panel.onDidDispose(() => {
      messages.dispose();
      visibility.dispose();
      connection.dispose();
      this.#opened.delete(taskId);
      this.#onWatched();
    });
    webview.html = webviewPage(webview, extensionUri, {
      name: 'run',
      title: panel.title,
      data: { taskId },
    });
    return opened;
  }

  #title(taskId: string): string {
    return findCard(this.#options.state, taskId)?.task.title ?? vscode.l10n.t('Kandev Run');
  }
}

async function openFile(file: string, line: number | null): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const isAbsolute = file.startsWith('/') || /^[a-z]:/i.test(file);
  const uri = isAbsolute || !folder ? vscode.Uri.file(file) : vscode.Uri.joinPath(folder, file);
  const position = new vscode.Position(Math.max(0, (line ?? 1) - 1), 0);
  await vscode.window.showTextDocument(uri, {
    ...(line === null ? {} : { selection: new vscode.Range(position, position) }),
    viewColumn: vscode.ViewColumn.Beside,
  });
}

function pathsIn(uris: readonly string[], folder: string | null): string[] {
  const root = folder ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (root === undefined) return [];
  return uris
    .map((text) => vscode.Uri.parse(text))
    .filter(({ scheme }) => scheme === 'file' || scheme === 'vscode-remote')
    .map(({ fsPath }) => path.relative(root, fsPath).split(path.sep).join('/'))
    .filter((relative) => relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative));
}
