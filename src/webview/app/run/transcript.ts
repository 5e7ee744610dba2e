import type { Before, RunEntry, RunPlace, RunSummary } from '../../runProtocol.ts';
import { keyOf, rowsOfTurn, type Row } from './rows.ts';

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

  /** Whether what a run had said at a time is known, or all that it has said since its beginning. */
  reaches({ runId, at }: RunPlace): boolean {
    if (this.before === null) return true;
    const order = (id: string): number => this.#runs.findIndex((run) => run.id === id);
    return order(this.before.runId) < order(runId) || this.#entriesOf(runId).some((entry) => entry.at <= at);
  }

  /** The row that a run had come to at a time; its first one where that is later. Null where nothing is known of it. */
  rowAt({ runId, at }: RunPlace): string | null {
    const until = new Set(
      this.#entriesOf(runId)
        .filter((entry) => entry.at <= at)
        .map(keyOf),
    );
    const rows = this.rows.filter((row) => row.runId === runId);
    return (rows.findLast(({ key }) => until.has(key)) ?? rows[0])?.key ?? null;
  }

  #entriesOf(runId: string): RunEntry[] {
    return [...(this.#turns.get(runId)?.values() ?? [])].flatMap(({ entries }) => [...entries.values()]);
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
