import * as vscode from 'vscode';
import type { Kandev } from '../../api/contract.ts';
import type { UserAction } from '../../model/failure.ts';
import { statisticsCsv } from '../../model/statisticsCsv.ts';
import { findCard, type BoardState } from '../../providers/boardState.ts';
import type { StatisticsInput } from '../insightProtocol.ts';
import { InsightConnection, type InsightServices } from './insightConnection.ts';
import { pageIcon, pageSettings, webviewPage } from './webviewPage.ts';

/** The view types of the panels, for `onWebviewPanel:` and `activeWebviewPanelId`. */
export const insightViewTypes = ['kandev.statistics', 'kandev.timeline'] as const;

export interface InsightPanelsOptions {
  kandev: Kandev;
  state: BoardState;
  extensionUri: vscode.Uri;
  log: Pick<vscode.LogOutputChannel, 'warn'>;
  /** Shows a card's run where something was said. */
  openRun: InsightServices['openRun'];
  /** Does what the button of a failure says. */
  runAction(action: UserAction): Promise<void>;
}

/** What runs have come to, and what has happened to a card, as editor tabs: one of the first, one a card of the other. */
export class InsightPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  readonly #options: InsightPanelsOptions;
  readonly #services: InsightServices;
  /** By the card that a timeline is about; null: statistics. */
  readonly #opened = new Map<string | null, vscode.WebviewPanel>();

  constructor(options: InsightPanelsOptions) {
    this.#options = options;
    const { kandev, state, openRun } = options;
    this.#services = {
      kandev,
      state,
      openRun,
      exportCsv: (input) => this.#exportCsv(input),
      runUiCommand: async (command, taskId) => {
        await vscode.commands.executeCommand(command, ...(taskId === null ? [] : [{ taskId }]));
      },
      runAction: (action) => options.runAction(action),
      warn: (message) => {
        options.log.warn(message);
      },
    };
  }

  /** Shows the statistics where they are open, or else in the active editor group. */
  openStatistics(): void {
    this.#open(null);
  }

  /** As `openStatistics`, of what has happened to a card. */
  openTimeline(taskId: string): void {
    this.#open(taskId);
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const taskId = panel.viewType === 'kandev.statistics' ? null : savedCard(saved);
    if (taskId === undefined || this.#opened.has(taskId)) {
      panel.dispose();
      return Promise.resolve();
    }
    panel.webview.options = pageSettings(this.#options.extensionUri);
    this.#attach(taskId, panel);
    return Promise.resolve();
  }

  dispose(): void {
    for (const panel of [...this.#opened.values()]) panel.dispose();
  }

  #open(taskId: string | null): void {
    const known = this.#opened.get(taskId);
    if (known) {
      known.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      taskId === null ? 'kandev.statistics' : 'kandev.timeline',
      this.#title(taskId),
      { viewColumn: vscode.ViewColumn.Active },
      pageSettings(this.#options.extensionUri),
    );
    this.#attach(taskId, panel);
  }

  #attach(taskId: string | null, panel: vscode.WebviewPanel): void {
    const { extensionUri, state } = this.#options;
    const { webview } = panel;
    this.#opened.set(taskId, panel);
    panel.title = this.#title(taskId);
    panel.iconPath = pageIcon(extensionUri);
    const connection = new InsightConnection(taskId, this.#services, (message) => {
      void webview.postMessage(message);
    });
    const subscriptions = [
      connection,
      webview.onDidReceiveMessage((data: unknown) => {
        connection.receive(data);
      }),
      panel.onDidChangeViewState(() => {
        // A page that is shown again is loaded anew and says `ready`.
        if (!panel.visible) connection.pause();
      }),
      state.onDidChange(() => {
        const title = this.#title(taskId);
        if (panel.title !== title) panel.title = title;
      }),
    ];
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
      this.#opened.delete(taskId);
    });
    webview.html = webviewPage(webview, extensionUri, {
      name: 'insight',
      title: panel.title,
      ...(taskId === null ? {} : { data: { taskId } }),
    });
  }

  #title(taskId: string | null): string {
    if (taskId === null) return vscode.l10n.t('Kandev Statistics');
    const title = findCard(this.#options.state, taskId)?.task.title;
    return title === undefined ? vscode.l10n.t('Kandev Timeline') : vscode.l10n.t('Timeline: {0}', title);
  }

  async #exportCsv(input: StatisticsInput): Promise<void> {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const name = 'kandev-statistics.csv';
    const target = await vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export Statistics'),
      defaultUri: folder ? vscode.Uri.joinPath(folder.uri, name) : vscode.Uri.file(name),
      filters: { [vscode.l10n.t('CSV table')]: ['csv'] },
    });
    if (!target) return;
    const { kandev } = this.#options;
    const [statistics, agentTypes] = await Promise.all([
      kandev.query('statistics', input),
      kandev.query('agentTypes', {}),
    ]);
    const names = new Map(agentTypes.map((type) => [type.id, type.name]));
    const csv = statisticsCsv(statistics, (id) => names.get(id) ?? id);
    await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(csv));
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The statistics were written to {0}.', target.fsPath),
    );
  }
}

/** The card whose timeline a page had shown; undefined where that is not known. */
function savedCard(saved: unknown): string | undefined {
  const hasCard = typeof saved === 'object' && saved !== null && 'taskId' in saved;
  return hasCard && typeof saved.taskId === 'string' ? saved.taskId : undefined;
}
