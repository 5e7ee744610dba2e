import type { SqlValue } from 'sql.js';
import type { Board } from '../model/board.ts';
import type { PermissionRequest } from '../model/permission.ts';
import type { PermissionRule } from '../model/permissionRule.ts';
import type { Picture } from '../model/picture.ts';
import type { QueuedPrompt } from '../model/prompt.ts';
import type { ReviewComment } from '../model/review.ts';
import type { Run, RunState } from '../model/run.ts';
import { priorities, type Priority, type Task, type TaskEvent, type TaskState } from '../model/task.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import type { Row } from './sqlDatabase.ts';

/**
 * Rows were written by this program from typed values, so what is read back has those types again. These take values
 * and not names of columns: names that are written out are found faster, which a board of 1,000 cards notices.
 */
type Value = SqlValue | undefined;
const text = (value: Value): string => String(value);
const textOrNull = (value: Value): string | null =>
  value === null || value === undefined ? null : String(value);
const integer = (value: Value): number => Number(value);
const integerOrNull = (value: Value): number | null =>
  value === null || value === undefined ? null : Number(value);
const json = (value: Value): unknown => JSON.parse(text(value));
const jsonOrNull = (value: Value): unknown => (value === null || value === undefined ? null : json(value));

export function priorityRank(priority: Priority): number {
  return priorities.indexOf(priority);
}

export function boardFrom(row: Row): Board {
  return {
    id: text(row.id),
    name: text(row.name),
    columns: json(row.columns) as Board['columns'],
    workspaceMode: text(row.workspace_mode) as Board['workspaceMode'],
  };
}

export function taskFrom(row: Row): Task {
  return {
    id: text(row.id),
    boardId: text(row.board_id),
    title: text(row.title),
    description: text(row.description),
    state: text(row.state) as TaskState,
    priority: priorities[integer(row.priority)] ?? 'normal',
    position: integer(row.position),
    agentTypeId: textOrNull(row.agent_type_id),
    workspaceMode: text(row.workspace_mode) as Task['workspaceMode'],
    repositoryUrl: textOrNull(row.repository_url),
    branch: textOrNull(row.branch),
    includeUncommitted: row.include_uncommitted !== 0,
    labels: json(row.labels) as string[],
    resources: jsonOrNull(row.resources) as Task['resources'],
    heldBecause: textOrNull(row.held_because),
    queueOrder: integerOrNull(row.queue_order),
    retry: jsonOrNull(row.retry) as Task['retry'],
    createdBy: text(row.created_by),
    createdFrom: textOrNull(row.created_from),
    createdAt: integer(row.created_at),
    updatedAt: integer(row.updated_at),
  };
}

export function taskEventFrom(row: Row): TaskEvent {
  return {
    id: text(row.id),
    taskId: text(row.task_id),
    actor: text(row.actor),
    from: textOrNull(row.from_state) as TaskState | null,
    to: text(row.to_state) as TaskState,
    why: textOrNull(row.why),
    at: integer(row.at),
  };
}

export function runFrom(row: Row): Run {
  return {
    id: text(row.id),
    taskId: text(row.task_id),
    agentTypeId: text(row.agent_type_id),
    state: text(row.state) as RunState,
    sessionId: textOrNull(row.session_id),
    containerId: textOrNull(row.container_id),
    turns: integer(row.turns),
    activity: textOrNull(row.activity),
    stopReason: textOrNull(row.stop_reason),
    failure: jsonOrNull(row.failure) as Run['failure'],
    workspace: jsonOrNull(row.workspace) as Run['workspace'],
    changes: jsonOrNull(row.changes) as Run['changes'],
    blocked: json(row.blocked) as string[],
    times: json(row.times) as Run['times'],
    createdAt: integer(row.created_at),
  };
}

export function transcriptEntryFrom(row: Row): TranscriptEntry {
  return {
    seq: integer(row.seq),
    runId: text(row.run_id),
    taskId: text(row.task_id),
    turn: integer(row.turn),
    kind: text(row.kind) as TranscriptEntry['kind'],
    key: textOrNull(row.key),
    text: text(row.text),
    data: textOrNull(row.data),
    at: integer(row.at),
  };
}

export function promptFrom(row: Row): QueuedPrompt {
  return {
    id: text(row.id),
    taskId: text(row.task_id),
    text: text(row.text),
    pictures: JSON.parse(text(row.pictures)) as Picture[],
    createdBy: text(row.created_by),
    createdAt: integer(row.created_at),
  };
}

export function permissionRequestFrom(row: Row): PermissionRequest {
  return {
    id: text(row.id),
    runId: text(row.run_id),
    taskId: text(row.task_id),
    toolCallId: text(row.tool_call_id),
    title: text(row.title),
    toolKind: text(row.tool_kind),
    command: textOrNull(row.command),
    paths: json(row.paths) as string[],
    diffs: json(row.diffs) as PermissionRequest['diffs'],
    places: json(row.places) as PermissionRequest['places'],
    options: json(row.options) as PermissionRequest['options'],
    state: text(row.state) as PermissionRequest['state'],
    answer: textOrNull(row.answer),
    answeredBy: textOrNull(row.answered_by),
    ruling: jsonOrNull(row.ruling) as PermissionRequest['ruling'],
    requestedAt: integer(row.requested_at),
    resolvedAt: integerOrNull(row.resolved_at),
  };
}

export function permissionRuleFrom(row: Row): PermissionRule {
  return {
    id: text(row.id),
    scope: text(row.scope) as PermissionRule['scope'],
    scopeId: textOrNull(row.run_id ?? row.task_id ?? row.board_id),
    agentTypeId: textOrNull(row.agent_type_id),
    toolKind: textOrNull(row.tool_kind),
    path: textOrNull(row.path),
    command: textOrNull(row.command),
    title: textOrNull(row.title),
    decision: text(row.decision) as PermissionRule['decision'],
    isEnabled: row.is_enabled !== 0,
    position: integer(row.position),
    matches: integer(row.matches),
    lastMatchAt: integerOrNull(row.last_match_at),
    createdBy: text(row.created_by),
    createdAt: integer(row.created_at),
  };
}

export function reviewCommentFrom(row: Row): ReviewComment {
  return {
    id: text(row.id),
    taskId: text(row.task_id),
    path: text(row.path),
    side: text(row.side) as ReviewComment['side'],
    before: jsonOrNull(row.before) as ReviewComment['before'],
    lines: json(row.lines) as ReviewComment['lines'],
    place: json(row.place) as ReviewComment['place'],
    quote: text(row.quote),
    text: text(row.text),
    state: text(row.state) as ReviewComment['state'],
    promptId: textOrNull(row.prompt_id),
    given: jsonOrNull(row.given) as ReviewComment['given'],
    isTouched: row.is_touched !== 0,
    createdBy: text(row.created_by),
    createdAt: integer(row.created_at),
  };
}
