import type { Failure } from '../../../model/failure.ts';
import { compareEntries, type TimelineEntry, type TimelinePlace } from '../../../model/timeline.ts';
import type { InsightHostMessage, InsightSetting, InsightUiCommand } from '../../insightProtocol.ts';
import { Clock } from '../clock.ts';
import { t } from '../l10n.ts';
import type { InsightClient } from './insightClient.ts';

const pageSize = 60;
const mostAtOnce = 500;

export interface TimelineState {
  setting: InsightSetting | null;
  /** The newest first; null before they have come. */
  entries: readonly TimelineEntry[] | null;
  /** Where older ones go on; null when these are all. */
  before: TimelinePlace | null;
  loading: boolean;
  failure: Failure | null;
  announcement: string;
}

/** Reads what has happened to a card from its newest end, and keeps up with what happens. */
export class TimelineController {
  readonly clock = new Clock();
  state: TimelineState = {
    setting: null,
    entries: null,
    before: null,
    loading: true,
    failure: null,
    announcement: '',
  };
  readonly #client: InsightClient;
  #listener: () => void = () => undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(client: InsightClient) {
    this.#client = client;
  }

  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  hear(event: Exclude<InsightHostMessage, { type: 'answer' | 'refused' }>): void {
    switch (event.type) {
      case 'setting':
        this.clock.synchronize(event.setting.now);
        this.#update({ setting: event.setting });
        this.#read(null);
        break;
      case 'changed':
        this.#read(null);
        break;
      case 'unavailable':
        this.#update({ failure: event.failure, loading: false });
    }
  }

  /** Reads on where the last page has ended. */
  async loadOlder(): Promise<void> {
    const { before } = this.state;
    if (!before || this.state.loading) return;
    this.#update({ loading: true });
    const count = this.state.entries?.length ?? 0;
    this.#read(before);
    await this.#reading;
    const more = (this.state.entries?.length ?? 0) - count;
    this.#update({ announcement: t('{0} older entries', more) });
  }

  async openRun(runId: string, at: number): Promise<void> {
    const answer = await this.#client.request('openRun', { runId, at });
    if (!answer.ok) this.#update({ failure: answer.failure });
  }

  async runUiCommand(command: InsightUiCommand): Promise<void> {
    await this.#client.request('uiCommand', { command });
  }

  async act(action: NonNullable<Failure['action']>): Promise<void> {
    this.#update({ failure: null });
    await this.#client.request('runAction', { action });
  }

  #read(before: TimelinePlace | null): void {
    this.#reading = this.#reading.then(() => this.#readPage(before));
  }

  async #readPage(before: TimelinePlace | null): Promise<void> {
    const known = this.state.entries ?? [];
    // What goes on changes the entries that are there, so that as many are read anew, as far as that is not too many.
    const limit = before === null ? Math.min(mostAtOnce, Math.max(pageSize, known.length + 5)) : pageSize;
    const answer = await this.#client.request('timeline', { before, limit });
    if (!answer.ok) {
      this.#update({ failure: answer.failure, loading: false });
      return;
    }
    const { entries, before: end } = answer.result;
    const last = entries.at(-1);
    const fresh = new Set(entries.map(({ key }) => key));
    const kept = known.filter(
      (each) => !fresh.has(each.key) && (!last || isOlder(each, last) || before !== null),
    );
    const merged = [...entries, ...kept].sort(compareEntries);
    const reachesFurther = before === null && kept.length > 0;
    this.#update({
      entries: merged,
      before: reachesFurther ? this.state.before : end,
      loading: false,
      failure: null,
    });
  }

  #update(patch: Partial<TimelineState>): void {
    this.state = { ...this.state, ...patch };
    this.#listener();
  }
}

function isOlder(one: TimelinePlace, other: TimelinePlace): boolean {
  return compareEntries(one, other) > 0;
}
