import { l10n, MarkdownString, StatusBarAlignment, ThemeColor, window } from 'vscode';
import { isBusy } from '../model/run.ts';
import { cardsOf, otherBoardName, queuePause, type BoardState } from './boardState.ts';
import { cardStatus, latestActivity } from './cardText.ts';
import { needsUser } from '../model/cardView.ts';
import { DisposableStore } from './disposableStore.ts';
import { engineSummary } from './engineText.ts';
import type { GatewayWatch } from './gatewayWatch.ts';

export interface RunCounts {
  running: number;
  queued: number;
  waiting: number;
}

/** The one item on the left of the status bar: how many agents run, wait for a place, and wait for the user. */
export class RunStatusBar {
  readonly #disposables = new DisposableStore();
  readonly #item = this.#disposables.add(
    window.createStatusBarItem('kandev.runs', StatusBarAlignment.Left, 10),
  );
  readonly #state: BoardState;
  readonly #gateway: Pick<GatewayWatch, 'status' | 'onDidChange'>;

  constructor(state: BoardState, gateway: Pick<GatewayWatch, 'status' | 'onDidChange'>) {
    this.#state = state;
    this.#gateway = gateway;
    this.#disposables.add(
      gateway.onDidChange(() => {
        this.#update();
      }),
    );
    this.#item.name = l10n.t('Kandev Runs');
    this.#item.command = 'kandev.showRuns';
    this.#disposables.add(
      state.onDidChange(() => {
        this.#update();
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #update(): void {
    const counts = countRuns(this.#state);
    const paused = queuePause(this.#state) !== null;
    const { url } = this.#gateway.status;
    if (counts.running + counts.queued + counts.waiting === 0 && !paused && url === null) {
      this.#item.hide();
      return;
    }
    this.#item.text = statusText(counts, paused, url !== null);
    this.#item.backgroundColor =
      counts.waiting > 0 ? new ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.tooltip = this.#tooltip(counts, paused);
    this.#item.accessibilityInformation = { label: `Kandev: ${describe(counts, paused)}`, role: 'button' };
    this.#item.show();
  }

  #tooltip(counts: RunCounts, paused: boolean): MarkdownString {
    const tooltip = new MarkdownString(`Kandev: ${describe(counts, paused)}\n\n`, true);
    for (const card of cardsOf(this.#state)) {
      const active = needsUser(card) || card.queue !== null || (card.run !== null && isBusy(card.run.state));
      if (!active) continue;
      const { icon, text } = cardStatus(card);
      tooltip
        .appendMarkdown(`- $(${icon}) `)
        .appendText(
          [card.task.title, otherBoardName(this.#state, card.task.boardId), text, latestActivity(card)]
            .filter((part) => part !== '')
            .join(' · '),
        );
      tooltip.appendMarkdown('\n');
    }
    const { current } = this.#state;
    const { url } = this.#gateway.status;
    if (url !== null) tooltip.appendMarkdown('\n---\n').appendText(l10n.t('API gateway at {0}', url));
    const engine = current.status === 'ready' ? current.engine : null;
    if (engine) tooltip.appendMarkdown('\n---\n').appendText(engineSummary(engine));
    return tooltip;
  }
}

function countRuns(state: BoardState): RunCounts {
  const cards = cardsOf(state);
  return {
    running: cards.filter(({ run }) => run !== null && isBusy(run.state)).length,
    queued: cards.filter(({ queue }) => queue !== null).length,
    waiting: cards.filter(needsUser).length,
  };
}

function statusText({ running, queued, waiting }: RunCounts, paused: boolean, gatewayOn: boolean): string {
  const parts: string[] = [];
  if (running > 0) parts.push(`$(loading~spin) ${l10n.t('{0} running', running)}`);
  if (queued > 0) parts.push(`$(clock) ${l10n.t('{0} queued', queued)}`);
  if (waiting > 0) parts.push(`$(bell-dot) ${l10n.t('{0} waiting', waiting)}`);
  if (paused) parts.push(`$(debug-pause) ${l10n.t('queue paused')}`);
  if (gatewayOn) parts.push(`$(broadcast) ${l10n.t('API')}`);
  return parts.join('  ');
}

function describe({ running, queued, waiting }: RunCounts, paused: boolean): string {
  const counts = l10n.t('{0} running, {1} queued, {2} waiting for you', running, queued, waiting);
  return paused ? l10n.t('{0}; the queue is paused', counts) : counts;
}
