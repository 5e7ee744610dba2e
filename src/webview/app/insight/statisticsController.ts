import type { Failure } from '../../../model/failure.ts';
import type { Statistics } from '../../../model/statistics.ts';
import type { InsightHostMessage, InsightSetting, InsightUiCommand } from '../../insightProtocol.ts';
import { t } from '../l10n.ts';
import type { InsightClient } from './insightClient.ts';

/** What is asked for; VS Code keeps it for the page while it is hidden and over a reload. */
export interface StatisticsView {
  /** Null: all. */
  weeks: number | null;
  /** Null: all boards. */
  boardId: string | null;
  /** Null: all agents. */
  agentTypeId: string | null;
}

export interface StatisticsState {
  view: StatisticsView;
  setting: InsightSetting | null;
  statistics: Statistics | null;
  /** What was asked for last has not come yet. */
  loading: boolean;
  /** Why there is nothing to show, or something could not be done. */
  failure: Failure | null;
  announcement: string;
}

export const weekChoices = [4, 12, null] as const;

/** Asks for statistics, again whenever something has happened, and keeps what came last meanwhile. */
export class StatisticsController {
  state: StatisticsState;
  readonly #client: InsightClient;
  readonly #save: (view: StatisticsView) => void;
  #listener: () => void = () => undefined;
  #asked = 0;

  constructor(client: InsightClient, view: StatisticsView, save: (view: StatisticsView) => void) {
    this.#client = client;
    this.#save = save;
    this.state = { view, setting: null, statistics: null, loading: true, failure: null, announcement: '' };
    save(view);
  }

  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  hear(event: Exclude<InsightHostMessage, { type: 'answer' | 'refused' }>): void {
    switch (event.type) {
      case 'setting':
        this.#update({ setting: event.setting });
        void this.#load();
        break;
      case 'changed':
        void this.#load();
        break;
      case 'unavailable':
        this.#update({ failure: event.failure, loading: false });
    }
  }

  async choose(change: Partial<StatisticsView>): Promise<void> {
    const view = { ...this.state.view, ...change };
    this.#save(view);
    this.#update({ view, loading: true });
    await this.#load();
    const runs = this.state.statistics?.total.runs ?? 0;
    this.#update({ announcement: runs === 1 ? t('1 run') : t('{0} runs', runs) });
  }

  async exportCsv(): Promise<void> {
    const answer = await this.#client.request('exportCsv', this.#input());
    if (!answer.ok) this.#update({ failure: answer.failure });
  }

  async runUiCommand(command: InsightUiCommand): Promise<void> {
    await this.#client.request('uiCommand', { command });
  }

  async act(action: NonNullable<Failure['action']>): Promise<void> {
    this.#update({ failure: null });
    await this.#client.request('runAction', { action });
  }

  async #load(): Promise<void> {
    const asked = ++this.#asked;
    const answer = await this.#client.request('statistics', this.#input());
    // Something else was asked for meanwhile.
    if (asked !== this.#asked) return;
    if (answer.ok) this.#update({ statistics: answer.result, loading: false, failure: null });
    else this.#update({ failure: answer.failure, loading: false });
  }

  #input() {
    const { timeZone, locale } = new Intl.DateTimeFormat().resolvedOptions();
    return { ...this.state.view, timeZone, firstDay: firstDayOf(locale) };
  }

  #update(patch: Partial<StatisticsState>): void {
    this.state = { ...this.state, ...patch };
    this.#listener();
  }
}

/** Of a week where the user is: 1 is Monday, 7 is Sunday. */
function firstDayOf(locale: string): number {
  // Older browsers have it as a property, and TypeScript does not know of either yet.
  const known = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return known.getWeekInfo?.().firstDay ?? known.weekInfo?.firstDay ?? 1;
}

/** What was saved, as far as it can still be asked for. */
export function readSavedView(saved: unknown): StatisticsView {
  const { weeks, boardId, agentTypeId } = (
    typeof saved === 'object' && saved !== null ? saved : {}
  ) as Record<string, unknown>;
  const isKnown = (weekChoices as readonly unknown[]).includes(weeks);
  return {
    weeks: isKnown ? (weeks as number | null) : 12,
    boardId: typeof boardId === 'string' ? boardId : null,
    agentTypeId: typeof agentTypeId === 'string' ? agentTypeId : null,
  };
}
