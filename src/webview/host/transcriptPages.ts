import type { Kandev } from '../../api/contract.ts';
import type { Run } from '../../model/run.ts';
import type { Before, RunEntry } from '../runProtocol.ts';
import type { Shorten } from './diffSummary.ts';
import { toRunEntry } from './runEntries.ts';

const pageSize = 200;

export interface TranscriptPage {
  /** In their order. */
  entries: RunEntry[];
  /** Where older ones end; null when there are none. */
  before: Before | null;
}

/** Reads the transcripts of a card's runs as one, from its end. */
export class TranscriptPages {
  readonly #kandev: Pick<Kandev, 'query'>;
  readonly #shorten: Shorten;

  constructor(kandev: Pick<Kandev, 'query'>, shorten: Shorten) {
    this.#kandev = kandev;
    this.#shorten = shorten;
  }

  /** The last entries: at least a page of them, if there are so many. */
  async last(runs: readonly Pick<Run, 'id'>[]): Promise<TranscriptPage> {
    const newest = runs.at(-1);
    let before: Before | null = newest ? { runId: newest.id, seq: null } : null;
    const entries: RunEntry[] = [];
    while (before && entries.length < pageSize) {
      const page = await this.before(runs, before);
      entries.unshift(...page.entries);
      before = page.before;
    }
    return { entries, before };
  }

  /** The page of entries before a place. */
  async before(runs: readonly Pick<Run, 'id'>[], { runId, seq }: Before): Promise<TranscriptPage> {
    const stored = await this.#kandev.query('run.transcript', {
      runId,
      ...(seq === null ? {} : { beforeSeq: seq }),
      limit: pageSize,
    });
    const entries = stored.map((entry) => toRunEntry(entry, this.#shorten));
    const [first] = stored;
    if (first && stored.length === pageSize) return { entries, before: { runId, seq: first.seq } };
    const previous = runs[runs.findIndex(({ id }) => id === runId) - 1];
    return { entries, before: previous ? { runId: previous.id, seq: null } : null };
  }
}
