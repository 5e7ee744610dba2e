import type { TranscriptEntry } from '../model/transcript.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** What an entry of the transcript tells of what its turn has used; null where that is nothing. */
interface Told {
  /** Tokens in the agent's context, and how many there is room for. */
  context: number | null;
  contextSize: number | null;
  /** Of the session so far, as ACP has it. */
  cost: number | null;
  currency: string | null;
  /** That the turn has taken. */
  tokens: number | null;
}

/** Keeps what a turn has used, as far as an entry of its transcript tells of that. */
export function noteUsage(db: SqlDatabase, entry: TranscriptEntry): void {
  const told = toldBy(entry);
  if (told === null) return;
  const { runId, turn, at } = entry;
  const { context, contextSize, cost, currency, tokens } = told;
  db.run(
    `INSERT INTO turn_usage (run_id, turn, context, context_size, cost, currency, spent, tokens, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (run_id, turn) DO UPDATE SET
       context = coalesce(excluded.context, context), context_size = coalesce(excluded.context_size, context_size),
       cost = coalesce(excluded.cost, cost), currency = coalesce(excluded.currency, currency),
       spent = coalesce(excluded.spent, spent), tokens = coalesce(excluded.tokens, tokens), at = excluded.at`,
    ...[runId, turn, context, contextSize, cost, currency],
    cost === null ? null : spentSince(db, { runId, turn, cost, currency }),
    ...[tokens, at],
  );
}

/**
 * What a turn has cost: what the session has cost so far, less what it had before. An agent that goes on with a session
 * may count on, or begin anew: the sum is then lower than before, and all of it new.
 */
function spentSince(
  db: SqlDatabase,
  { runId, turn, cost, currency }: { runId: string; turn: number; cost: number; currency: string | null },
): number {
  const before = db.get(
    `SELECT usage.cost FROM agent_instances AS mine
     JOIN agent_instances AS each ON each.id = mine.id OR each.session_id = mine.session_id
     JOIN turn_usage AS usage ON usage.run_id = each.id
     WHERE mine.id = ? AND usage.cost IS NOT NULL AND usage.currency IS ?
       AND (each.id <> mine.id OR usage.turn < ?) AND each.created_at <= mine.created_at
     ORDER BY each.created_at DESC, each.id = mine.id DESC, usage.turn DESC LIMIT 1`,
    ...[runId, currency, turn],
  );
  const last = before === undefined ? 0 : Number(before.cost);
  return cost >= last ? cost - last : cost;
}

function toldBy({ kind, data }: TranscriptEntry): Told | null {
  if (data === null || (kind !== 'usage' && kind !== 'turn_end')) return null;
  const { used, size, cost, tokens } = parsed(data);
  if (kind === 'turn_end') {
    return tokens === undefined
      ? null
      : { context: null, contextSize: null, cost: null, currency: null, tokens };
  }
  return {
    context: used ?? null,
    contextSize: size ?? null,
    cost: cost?.amount ?? null,
    currency: cost?.currency ?? null,
    tokens: null,
  };
}

interface TurnData {
  used?: number;
  size?: number;
  cost?: { amount: number; currency: string } | null;
  tokens?: number;
}

/** As the recorder writes it; a secret that was masked within a number has left something that is no JSON. */
function parsed(data: string): TurnData {
  try {
    return JSON.parse(data) as TurnData;
  } catch {
    return {};
  }
}
