import type { RunState } from '../model/run.ts';
import { tabulate, type Cost, type RunFacts, type RunOutcome, type Statistics } from '../model/statistics.ts';
import { weeksSince, weekStarts } from '../model/weeks.ts';
import { boards } from './reads.ts';
import type { Row, SqlDatabase } from './sqlDatabase.ts';

export interface StatisticsQuery {
  /** How many weeks back, the current one among them; null: all. */
  weeks: number | null;
  /** IANA name of the time zone by which weeks begin. */
  timeZone: string;
  /** Of a week: 1 is Monday, 7 is Sunday. */
  firstDay: number;
  /** Null: all. */
  boardId: string | null;
  /** Null: all. */
  agentTypeId: string | null;
  /** In milliseconds since the epoch. */
  now: number;
}

/** "All" ends at what nobody has: ten years. */
const mostWeeks = 520;

/** What the runs of some weeks have come to; those of deleted cards count for as long as they are kept. */
export function statistics(db: SqlDatabase, query: StatisticsQuery): Statistics {
  const { timeZone, firstDay, now, agentTypeId } = query;
  const starts = weekStarts(now, query.weeks ?? allWeeks(db, query), timeZone, firstDay);
  const from = starts[0] ?? now;
  const facts = runFacts(db, { from, boardId: query.boardId, now });
  const wanted = agentTypeId === null ? facts : facts.filter((run) => run.agentTypeId === agentTypeId);
  return {
    ...tabulate(wanted, starts),
    from,
    to: now,
    timeZone,
    agentTypeIds: [...new Set(facts.map((run) => run.agentTypeId))].sort(),
    boards: boards(db).map(({ id, name }) => ({ id, name })),
  };
}

function allWeeks(db: SqlDatabase, { timeZone, firstDay, now }: StatisticsQuery): number {
  const first = db.get('SELECT min(created_at) AS at FROM agent_instances')?.at ?? null;
  return first === null ? 1 : Math.min(mostWeeks, weeksSince(Number(first), now, timeZone, firstDay));
}

/** The runs that have begun since a time, the first one first. */
function runFacts(
  db: SqlDatabase,
  { from, boardId, now }: { from: number; boardId: string | null; now: number },
): RunFacts[] {
  const usage = usageOf(db, from);
  const runs = runRows(db, from, boardId);
  const lastOf = new Map(runs.map((row) => [String(row.task_id), row]));
  /** When the work of each card began that its next run goes on with by itself. */
  const retried = new Map<string, number>();
  return runs.map((row) => {
    const id = String(row.id);
    const taskId = String(row.task_id);
    const startedAt = Number(row.created_at);
    const began = retried.get(taskId) ?? startedAt;
    const outcome = outcomeOf(row, lastOf.get(taskId) === row);
    if (outcome === 'retried') retried.set(taskId, began);
    else retried.delete(taskId);
    const goesOn = now - Number(row.state_since ?? startedAt);
    const { tokens = null, costs = [] } = usage.get(id) ?? {};
    return {
      agentTypeId: String(row.agent_type_id),
      startedAt,
      outcome,
      toReview: row.ready_at === null ? null : Number(row.ready_at) - began,
      worked: Number(row.worked_ms) + (row.state === 'RUNNING' ? goesOn : 0),
      waited: Number(row.waited_ms) + (row.state === 'WAITING' ? goesOn : 0),
      tokens,
      costs,
    };
  });
}

/** For a run that has failed, where its card went then; `retries`: its card waits to be tried again. */
function runRows(db: SqlDatabase, since: number, boardId: string | null): Row[] {
  return db.all(
    `SELECT run.id, run.task_id, run.agent_type_id, run.state, run.created_at, run.ready_at, run.worked_ms,
       run.waited_ms, run.times ->> ('$.' || run.state) AS state_since, tasks.retry ->> '$.at' AS retries,
       CASE WHEN run.state = 'FAILED' THEN (
         SELECT to_state FROM task_events
         WHERE task_id = run.task_id AND at >= run.times ->> '$.FAILED' AND kind = 'state' AND actor = 'kandev'
           AND from_state = 'IN_PROGRESS'
         ORDER BY at LIMIT 1
       ) END AS went_to
     FROM agent_instances AS run JOIN tasks ON tasks.id = run.task_id
     WHERE run.created_at >= ? AND (? IS NULL OR tasks.board_id = ?) ORDER BY run.created_at, run.rowid`,
    since,
    boardId,
    boardId,
  );
}

interface RunUse {
  tokens: number | null;
  costs: Cost[];
}

function usageOf(db: SqlDatabase, since: number): Map<string, RunUse> {
  const rows = db.all(
    `SELECT run_id, currency, tokens, spent FROM turn_usage
     WHERE run_id IN (SELECT id FROM agent_instances WHERE created_at >= ?)`,
    since,
  );
  const usage = new Map<string, RunUse>();
  for (const { run_id: runId, currency, tokens, spent } of rows) {
    const use = usage.get(String(runId)) ?? { tokens: null, costs: [] };
    usage.set(String(runId), use);
    if (tokens !== null) use.tokens = (use.tokens ?? 0) + Number(tokens);
    if (spent !== null) addCost(use.costs, { amount: Number(spent), currency: String(currency ?? '') });
  }
  return usage;
}

function addCost(costs: Cost[], { amount, currency }: Cost): void {
  const sum = costs.find((each) => each.currency === currency);
  if (sum) sum.amount += amount;
  else costs.push({ amount, currency });
}

/** A failure is only taken to be retried where another run has followed, or is waited for. */
function outcomeOf({ state, went_to: wentTo, retries }: Row, isLast: boolean): RunOutcome {
  switch (state as RunState) {
    case 'READY':
    case 'COMPLETED':
      return 'finished';
    case 'STOPPED':
      return 'stopped';
    case 'FAILED':
      return wentTo === 'TODO' && (!isLast || retries !== null) ? 'retried' : 'failed';
    default:
      return 'going';
  }
}
