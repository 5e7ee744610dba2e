import { isLive, type Run, type RunState } from '../model/run.ts';
import type { RunSpell } from '../model/timeline.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** Writes down that a run has come into a state: the one before ends then, and is added to what is summed up of it. */
export function putRunState(
  db: SqlDatabase,
  before: Pick<Run, 'state' | 'times' | 'createdAt'> | null,
  { id, state }: Pick<Run, 'id' | 'state'>,
  since: number,
): void {
  if (before) {
    const took = Math.max(0, since - (before.times[before.state] ?? before.createdAt));
    db.run('UPDATE run_states SET until = ? WHERE run_id = ? AND until IS NULL', since, id);
    db.run(
      `UPDATE agent_instances SET worked_ms = worked_ms + ?, waited_ms = waited_ms + ?,
         ready_at = coalesce(ready_at, ?) WHERE id = ?`,
      before.state === 'RUNNING' ? took : 0,
      before.state === 'WAITING' ? took : 0,
      state === 'READY' ? since : null,
      id,
    );
  }
  db.run(
    `INSERT INTO run_states (run_id, seq, state, since)
     VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM run_states WHERE run_id = ?), ?, ?)`,
    id,
    id,
    state,
    since,
  );
}

/** The states that a run has been in, in their order; those that it has ended in are left out. */
export function runSpells(db: SqlDatabase, runId: string): RunSpell[] {
  return db
    .all('SELECT state, since, until FROM run_states WHERE run_id = ? ORDER BY seq', runId)
    .map((row) => ({
      state: row.state as RunState,
      since: Number(row.since),
      until: row.until === null ? null : Number(row.until),
    }))
    .filter(({ state }) => isLive(state));
}
