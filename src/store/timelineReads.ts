import type { Failure } from '../model/failure.ts';
import type { PermissionRequest } from '../model/permission.ts';
import { isAllow } from '../model/permission.ts';
import type { ResultChange } from '../model/events.ts';
import type { TaskState } from '../model/task.ts';
import {
  compareEntries,
  type TimelineEntry,
  type TimelinePage,
  type TimelinePlace,
} from '../model/timeline.ts';
import { permissionRequestFrom, runFrom } from './rows.ts';
import { runSpells } from './runStates.ts';
import type { Row, SqlDatabase } from './sqlDatabase.ts';

export interface TimelineQuery {
  taskId: string;
  /** Null: from now on back. */
  before: TimelinePlace | null;
  limit: number;
}

/** Where a message is longer, its beginning is enough here. */
const shownText = 500;

/** A page of what has happened to a card, from its newest end. */
export function timeline(db: SqlDatabase, query: TimelineQuery): TimelinePage {
  const found = [...events(db, query), ...runs(db, query), ...requests(db, query), ...messages(db, query)];
  const entries = found.sort(compareEntries).slice(0, query.limit);
  const last = entries.at(-1);
  return { entries, before: last && found.length > entries.length ? { at: last.at, key: last.key } : null };
}

/**
 * At most one more than is asked for, before the place. In order of that time, `prefix` and the id: the key of an entry.
 */
function rowsBefore(
  db: SqlDatabase,
  { taskId, before, limit }: TimelineQuery,
  { from, time, id, prefix }: { from: string; time: string; id: string; prefix: string },
): Row[] {
  const { at, key } = before ?? { at: Number.MAX_SAFE_INTEGER, key: '' };
  return db.all(
    `SELECT *, ? || ${id} AS entry_key FROM ${from} AND (${time} < ? OR ${time} = ? AND ? || ${id} < ?)
     ORDER BY ${time} DESC, ${id} DESC LIMIT ?`,
    ...[prefix, taskId, at, at, prefix, key, limit + 1],
  );
}

function events(db: SqlDatabase, query: TimelineQuery): TimelineEntry[] {
  const from = 'task_events WHERE task_id = ?';
  return rowsBefore(db, query, { from, time: 'at', id: 'id', prefix: 'event ' }).map((row) => {
    const place = { key: String(row.entry_key), at: Number(row.at), actor: String(row.actor) };
    const detail = String(row.detail);
    if (row.kind === 'edited') return { ...place, kind: 'edited', fields: JSON.parse(detail) as string[] };
    if (row.kind === 'result') return { ...place, kind: 'result', what: detail as ResultChange };
    const why = row.why === null ? null : String(row.why);
    return {
      ...place,
      kind: 'state',
      from: row.from_state as TaskState | null,
      to: row.to_state as TaskState,
      why,
    };
  });
}

function runs(db: SqlDatabase, query: TimelineQuery): TimelineEntry[] {
  const from = 'agent_instances WHERE task_id = ?';
  return rowsBefore(db, query, { from, time: 'created_at', id: 'id', prefix: 'run ' }).map((row) => {
    const { id, agentTypeId, state, turns, changes, createdAt } = runFrom(row);
    return {
      key: String(row.entry_key),
      at: createdAt,
      kind: 'run',
      runId: id,
      ...{ agentTypeId, state, turns, changes },
      spells: runSpells(db, id),
      failure: row.failure === null ? null : (JSON.parse(String(row.failure)) as Failure).message,
    };
  });
}

function requests(db: SqlDatabase, query: TimelineQuery): TimelineEntry[] {
  const from = 'permission_requests WHERE task_id = ?';
  return rowsBefore(db, query, { from, time: 'requested_at', id: 'id', prefix: 'asked ' }).map((row) => {
    const request = permissionRequestFrom(row);
    const { runId, title, state, answeredBy, requestedAt, resolvedAt } = request;
    const chosen = request.options.find(({ optionId }) => optionId === request.answer);
    return {
      key: String(row.entry_key),
      at: requestedAt,
      kind: 'asked',
      ...{ runId, title, state, answeredBy, resolvedAt },
      answer: chosen?.name ?? null,
      isAllowed: chosen !== undefined && isAllow(chosen),
      rule: ruleOf(request),
    };
  });
}

/** The rule that has answered a request, where it was one. */
function ruleOf({ state, ruling }: PermissionRequest): string | null {
  if (state !== 'answered' || ruling === null || ruling.decision === 'ask' || ruling.isUnfit) return null;
  return ruling.by === 'none' ? null : ruling.text;
}

/** What the first agent is told is the card itself: its title and its text. */
function messages(db: SqlDatabase, query: TimelineQuery): TimelineEntry[] {
  const from = `(SELECT acp_messages.*, run_id || ' ' || printf('%08d', seq) AS id FROM acp_messages
    JOIN tasks ON tasks.id = acp_messages.task_id WHERE kind = 'user'
      AND (turn > 1 OR substr(text, 1, length(title)) <> title)) WHERE task_id = ?`;
  return rowsBefore(db, query, { from, time: 'at', id: 'id', prefix: 'message ' }).map((row) => ({
    key: String(row.entry_key),
    at: Number(row.at),
    kind: 'message',
    runId: String(row.run_id),
    seq: Number(row.seq),
    text: String(row.text).slice(0, shownText),
  }));
}
