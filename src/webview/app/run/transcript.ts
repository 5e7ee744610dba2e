import type { Before, RunEntry, RunSummary } from '../../runProtocol.ts';
import { rowsOfTurn, type Row } from './rows.ts';

export interface ContextUse {
  /** Tokens in the agent's context, and its size. */
  used: number;
  size: number;
  cost: string | null;
}

interface Turn {
  entries: Map<number, RunEntry>;
  /** Made anew when an entry has changed; the others keep their rows, and what is drawn of them. */
  rows: Row[] | null;
}

/** What is known of the transcript, from its end: the runs of a card one after the other. */
export class Transcript {
  #runs: readonly RunSummary[] = [];
  /** By run, and within it by turn. */
  readonly #turns = new Map<string, Map<number, Turn>>();
  #rows: readonly Row[] | null = null;
  #usage: ContextUse | null = null;
  #usagePlace = { runId: '', seq: 0 };
  /** Where older entries end; null when all are known. */
  before: Before | null = null;

  /** Begins anew. */
  reset(runs: readonly RunSummary[], entries: readonly RunEntry[], before: Before | null): void {
    this.#turns.clear();
    this.#usage = null;
    this.before = before;
    this.setRuns(runs);
    this.put(entries);
  }

  setRuns(runs: readonly RunSummary[]): void {
    this.#runs = runs;
    this.#rows = null;
  }

  /** Adds entries, or replaces those that are known; older ones too. */
  put(entries: readonly RunEntry[]): void {
    for (const entry of entries) {
      const turn = this.#turn(entry.runId, entry.turn);
      turn.entries.set(entry.seq, entry);
      turn.rows = null;
      if (entry.kind === 'usage') this.#noteUsage(entry);
    }
    this.#rows = null;
  }

  /** All rows, in their order. The same array as long as nothing has changed. */
  get rows(): readonly Row[] {
    this.#rows ??= this.#allRows();
    return this.#rows;
  }

  get usage(): ContextUse | null {
    return this.#usage;
  }

  #turn(runId: string, number: number): Turn {
    const turns = this.#turns.get(runId) ?? new Map<number, Turn>();
    this.#turns.set(runId, turns);
    const turn = turns.get(number) ?? { entries: new Map<number, RunEntry>(), rows: null };
    turns.set(number, turn);
    return turn;
  }

  #noteUsage({ runId, seq, used, size, cost }: Extract<RunEntry, { kind: 'usage' }>): void {
    const place = this.#usagePlace;
    const order = (id: string): number => this.#runs.findIndex((run) => run.id === id);
    const isOlder =
      this.#usage && (order(runId) < order(place.runId) || (runId === place.runId && seq < place.seq));
    if (isOlder) return;
    this.#usagePlace = { runId, seq };
    this.#usage = { used, size, cost };
  }

  #allRows(): Row[] {
    const ids = this.#runs.map(({ id }) => id);
    // An entry may come before the word that its run has begun.
    const unknown = [...this.#turns.keys()].filter((id) => !ids.includes(id));
    return [...ids, ...unknown].flatMap((runId) => {
      const turns = [...(this.#turns.get(runId) ?? [])].sort(([a], [b]) => a - b);
      const rows = turns.flatMap(([, turn]) => {
        turn.rows ??= rowsOfTurn([...turn.entries.values()].sort((a, b) => a.seq - b.seq));
        return turn.rows;
      });
      const begins = this.before?.runId !== runId;
      const number = ids.indexOf(runId);
      const run = this.#runs[number];
      const head: Row[] =
        run && ids.length > 1 && begins ? [{ key: runId, runId, kind: 'run', run, number: number + 1 }] : [];
      return [...head, ...rows];
    });
  }
}
