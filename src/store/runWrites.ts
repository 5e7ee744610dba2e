import { UserError } from '../model/failure.ts';
import type { PermissionRequest, Ruling } from '../model/permission.ts';
import { canRunGo, isLive, type Run, type RunState } from '../model/run.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import { permissionRequestFrom, runFrom } from './rows.ts';
import { countMatch } from './ruleStore.ts';
import { putRunState } from './runStates.ts';
import type { SqlDatabase } from './sqlDatabase.ts';
import { noteUsage } from './usageStore.ts';

export type RunPatch = Partial<
  Pick<
    Run,
    | 'sessionId'
    | 'containerId'
    | 'turns'
    | 'activity'
    | 'stopReason'
    | 'failure'
    | 'workspace'
    | 'changes'
    | 'blocked'
  >
>;

export function insertRun(db: SqlDatabase, { run }: { run: Run }): void {
  db.run(
    `INSERT INTO agent_instances (id, task_id, agent_type_id, state, session_id, container_id, turns, activity,
       stop_reason, failure, workspace, changes, blocked, times, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run.id,
    run.taskId,
    run.agentTypeId,
    ...changingColumns(run),
    run.createdAt,
  );
  putRunState(db, null, run, run.createdAt);
}

/** What of a run changes while it lives, in the order of its columns from `state` to `times`. */
function changingColumns(run: Run) {
  return [
    run.state,
    run.sessionId,
    run.containerId,
    run.turns,
    run.activity,
    run.stopReason,
    run.failure && JSON.stringify(run.failure),
    run.workspace && JSON.stringify(run.workspace),
    run.changes && JSON.stringify(run.changes),
    JSON.stringify(run.blocked),
    JSON.stringify(run.times),
  ];
}

export interface RunChange {
  runId: string;
  to: RunState | null;
  patch: RunPatch;
  at: number;
}

/**
 * Changes a run, and its state where `to` says so. A run that is over stays over: a change of its state is ignored,
 * and the run is returned as it is.
 */
export function updateRun(db: SqlDatabase, { runId, to, patch, at }: RunChange): Run {
  const before = requireRun(db, runId);
  const state = to !== null && canRunGo(before.state, to) ? to : before.state;
  const times = state === before.state ? before.times : { ...before.times, [state]: at };
  const run: Run = { ...before, ...patch, state, times };
  if (state !== before.state) putRunState(db, before, run, at);
  // Nobody takes over an agent that is gone.
  if (!isLive(state)) {
    db.run('DELETE FROM agent_requests WHERE run_id = ?', runId);
    db.run('DELETE FROM run_links WHERE run_id = ?', runId);
  }
  db.run(
    `UPDATE agent_instances SET state = ?, session_id = ?, container_id = ?, turns = ?, activity = ?,
       stop_reason = ?, failure = ?, workspace = ?, changes = ?, blocked = ?, times = ? WHERE id = ?`,
    ...changingColumns(run),
    runId,
  );
  return run;
}

/** Stores entries; one whose `seq` is already there is replaced. Each is the newest of its card by its `rev` then. */
export function insertOrReplaceEntries(
  db: SqlDatabase,
  runId: string,
  entries: readonly TranscriptEntry[],
): void {
  for (const entry of entries) {
    db.run(
      `INSERT INTO acp_messages (run_id, seq, task_id, turn, kind, key, text, data, at, rev)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(rev), 0) + 1 FROM acp_messages WHERE task_id = ?))
       ON CONFLICT (run_id, seq) DO UPDATE SET text = excluded.text, data = excluded.data, rev = excluded.rev`,
      runId,
      entry.seq,
      entry.taskId,
      entry.turn,
      entry.kind,
      entry.key,
      entry.text,
      entry.data,
      entry.at,
      entry.taskId,
    );
    noteUsage(db, entry);
  }
}

/** One of that id that is there is left as it is. Returns what is stored. */
export function insertPermissionRequest(
  db: SqlDatabase,
  { request }: { request: PermissionRequest },
): PermissionRequest {
  const existing = db.get('SELECT * FROM permission_requests WHERE id = ?', request.id);
  if (existing) return permissionRequestFrom(existing);
  db.run(
    `INSERT INTO permission_requests (id, run_id, task_id, tool_call_id, title, tool_kind, command, paths, diffs,
       places, options, state, answer, answered_by, ruling, requested_at, resolved_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    request.id,
    request.runId,
    request.taskId,
    request.toolCallId,
    request.title,
    request.toolKind,
    request.command,
    JSON.stringify(request.paths),
    JSON.stringify(request.diffs),
    JSON.stringify(request.places),
    JSON.stringify(request.options),
    request.state,
    request.answer,
    request.answeredBy,
    request.ruling && JSON.stringify(request.ruling),
    request.requestedAt,
    request.resolvedAt,
  );
  if (request.ruling?.ruleId) countMatch(db, request.ruling.ruleId, request.requestedAt);
  return request;
}

/** Other rules are there now: what they say about a request that is open. One that is not is left as it is. */
export function putRuling(
  db: SqlDatabase,
  { requestId, ruling, at }: { requestId: string; ruling: Ruling; at: number },
): void {
  const row = db.get("SELECT * FROM permission_requests WHERE id = ? AND state = 'open'", requestId);
  if (!row) return;
  const before = permissionRequestFrom(row).ruling?.ruleId ?? null;
  db.run('UPDATE permission_requests SET ruling = ? WHERE id = ?', JSON.stringify(ruling), requestId);
  if (ruling.ruleId !== null && ruling.ruleId !== before) countMatch(db, ruling.ruleId, at);
}

/**
 * Answers a request (`optionId`) or closes it (null), on behalf of a rule where `ruling` is there. Only the first to
 * come does it.
 * @throws UserError `already-resolved`
 */
export function resolvePermissionRequest(
  db: SqlDatabase,
  {
    requestId,
    optionId,
    actor,
    ruling,
    at,
  }: { requestId: string; optionId: string | null; actor: string; ruling?: Ruling; at: number },
): PermissionRequest {
  const row = db.get('SELECT * FROM permission_requests WHERE id = ?', requestId);
  const request = row && permissionRequestFrom(row);
  if (request?.state !== 'open') {
    const how = request?.state === 'answered' ? 'has already been answered' : 'is no longer open';
    throw new UserError({ reason: 'already-resolved', message: `This permission request ${how}.` });
  }
  if (optionId !== null && !request.options.some((option) => option.optionId === optionId)) {
    throw new UserError({ reason: 'invalid-input', message: 'The agent did not offer this answer.' });
  }
  const state = optionId === null ? 'closed' : 'answered';
  if (ruling) putRuling(db, { requestId, ruling, at });
  db.run(
    'UPDATE permission_requests SET state = ?, answer = ?, answered_by = ?, resolved_at = ? WHERE id = ?',
    state,
    optionId,
    actor,
    at,
    requestId,
  );
  return {
    ...request,
    state,
    answer: optionId,
    answeredBy: actor,
    ruling: ruling ?? request.ruling,
    resolvedAt: at,
  };
}

function requireRun(db: SqlDatabase, runId: string): Run {
  const row = db.get('SELECT * FROM agent_instances WHERE id = ?', runId);
  if (!row) throw new UserError({ reason: 'not-found', message: 'This run no longer exists.' });
  return runFrom(row);
}
