import { weekOf } from './weeks.ts';

export const runOutcomes = ['finished', 'failed', 'retried', 'stopped', 'going'] as const;
/**
 * How a run counts: its agent has `finished`; it has `failed`; it has failed and was `retried` by itself, so that the next
 * run tells how it went; somebody has `stopped` it; or it is still `going` on. By how it stands now: a run that goes on
 * with another message counts anew, and one that another window has taken over is the same run.
 */
export type RunOutcome = (typeof runOutcomes)[number];

/** What statistics know of a run. Times are milliseconds since the epoch, durations milliseconds. */
export interface RunFacts {
  agentTypeId: string;
  startedAt: number;
  outcome: RunOutcome;
  /** From its start, or that of the first run that it is a retry of, to when its agent first had finished; null: never. */
  toReview: number | null;
  /** For how long its agent has worked. */
  worked: number;
  /** For how long its agent has waited for an answer of the user. */
  waited: number;
  /** Null where its agent did not tell. */
  tokens: number | null;
  costs: readonly Cost[];
}

export interface Cost {
  amount: number;
  /** ISO 4217, as the agent wrote it. */
  currency: string;
}

/** Where the middle of some durations is, and between which two half of them are. Milliseconds. */
export interface Spread {
  count: number;
  lowerQuartile: number;
  median: number;
  upperQuartile: number;
  longest: number;
}

/** What some runs have come to. */
export interface Figures {
  /** All of them. */
  runs: number;
  outcomes: Record<RunOutcome, number>;
  /** Null where no agent has finished. */
  toReview: Spread | null;
  worked: number;
  waited: number;
  /** How many have waited at all. */
  waitedRuns: number;
  /** Null where no agent has told. */
  tokens: number | null;
  tokenRuns: number;
  /** A sum for each currency, by its name; none where no agent has told. */
  costs: Cost[];
  costRuns: number;
}

export interface FigureTable {
  total: Figures;
  /** By the agent's name in the database, the one with most runs first. */
  byAgent: { agentTypeId: string; figures: Figures }[];
  /** One for each week, also where there was nothing. */
  byWeek: { start: number; figures: Figures }[];
  /** Those of which there is something. */
  cells: { start: number; agentTypeId: string; figures: Figures }[];
}

/** Statistics as they are asked for. */
export interface Statistics extends FigureTable {
  /** Of the first week. */
  from: number;
  /** When they were made. */
  to: number;
  timeZone: string;
  /** All agents that have worked in that time, whatever is asked for. */
  agentTypeIds: string[];
  boards: { id: string; name: string }[];
}

/**
 * How many of the runs that count have been finished, from 0 to 1; null where none counts. Those that were retried, were
 * stopped or still go on do not: nobody knows how they would have ended.
 */
export function successRate({ outcomes }: Pick<Figures, 'outcomes'>): number | null {
  const { finished, failed } = outcomes;
  return finished + failed === 0 ? null : finished / (finished + failed);
}

/** Sums the runs up that have begun in these weeks. */
export function tabulate(runs: readonly RunFacts[], weeks: readonly number[]): FigureTable {
  const total = new Tally();
  const byAgent = new Map<string, Tally>();
  const byWeek = weeks.map(() => new Tally());
  const cells = weeks.map(() => new Map<string, Tally>());
  for (const run of runs) {
    const week = weekOf(weeks, run.startedAt);
    const ofWeek = byWeek[week];
    const cellsOfWeek = cells[week];
    if (!ofWeek || !cellsOfWeek) continue;
    const { agentTypeId } = run;
    for (const tally of [total, ofWeek, tallyOf(byAgent, agentTypeId), tallyOf(cellsOfWeek, agentTypeId)]) {
      tally.add(run);
    }
  }
  const agents = [...byAgent].map(([agentTypeId, tally]) => ({ agentTypeId, figures: tally.figures() }));
  return {
    total: total.figures(),
    byAgent: agents.sort(
      (one, other) => other.figures.runs - one.figures.runs || (one.agentTypeId < other.agentTypeId ? -1 : 1),
    ),
    byWeek: byWeek.map((tally, index) => ({ start: weeks[index] ?? 0, figures: tally.figures() })),
    cells: cells.flatMap((ofWeek, index) =>
      [...ofWeek].map(([agentTypeId, tally]) => ({
        start: weeks[index] ?? 0,
        agentTypeId,
        figures: tally.figures(),
      })),
    ),
  };
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  const tally = tallies.get(name) ?? new Tally();
  tallies.set(name, tally);
  return tally;
}

/** Null of no durations. Quartiles lie between two durations where the count asks for it. */
export function spreadOf(durations: readonly number[]): Spread | null {
  const sorted = [...durations].sort((one, other) => one - other);
  const longest = sorted.at(-1);
  if (longest === undefined) return null;
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? longest;
    const high = sorted[Math.ceil(place)] ?? longest;
    return low + (high - low) * (place - Math.floor(place));
  };
  return {
    count: sorted.length,
    lowerQuartile: at(0.25),
    median: at(0.5),
    upperQuartile: at(0.75),
    longest,
  };
}

class Tally {
  #runs = 0;
  readonly #outcomes: Record<RunOutcome, number> = {
    finished: 0,
    failed: 0,
    retried: 0,
    stopped: 0,
    going: 0,
  };
  readonly #toReview: number[] = [];
  #worked = 0;
  #waited = 0;
  #waitedRuns = 0;
  #tokens = 0;
  #tokenRuns = 0;
  readonly #costs = new Map<string, number>();
  #costRuns = 0;

  add({ outcome, toReview, worked, waited, tokens, costs }: RunFacts): void {
    this.#runs += 1;
    this.#outcomes[outcome] += 1;
    if (toReview !== null) this.#toReview.push(toReview);
    this.#worked += worked;
    this.#waited += waited;
    if (waited > 0) this.#waitedRuns += 1;
    this.#tokens += tokens ?? 0;
    if (tokens !== null) this.#tokenRuns += 1;
    if (costs.length > 0) this.#costRuns += 1;
    for (const { amount, currency } of costs) {
      this.#costs.set(currency, (this.#costs.get(currency) ?? 0) + amount);
    }
  }

  figures(): Figures {
    const costs = [...this.#costs].map(([currency, amount]) => ({ amount, currency }));
    return {
      runs: this.#runs,
      outcomes: this.#outcomes,
      toReview: spreadOf(this.#toReview),
      worked: this.#worked,
      waited: this.#waited,
      waitedRuns: this.#waitedRuns,
      tokens: this.#tokenRuns === 0 ? null : this.#tokens,
      tokenRuns: this.#tokenRuns,
      costs: costs.sort((one, other) => (one.currency < other.currency ? -1 : 1)),
      costRuns: this.#costRuns,
    };
  }
}
