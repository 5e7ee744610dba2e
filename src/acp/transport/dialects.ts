import { asArray, asNumber, asObject, asString, isObject } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { Dialect } from '../types.ts';

/** The update that stands for the end of a turn, which version 1 says by the prompt's response alone. */
export const turnEndUpdate = '$/turn_end';

export interface Normalized {
  /** Null: not a message in any dialect, but noise. */
  dialect: Dialect | null;
  /** The same said in JSON-RPC and ACP version 1, with {@link turnEndUpdate} beside its updates. */
  messages: JsonObject[];
}

const noise: Normalized = { dialect: null, messages: [] };

/** Tells which dialect a parsed line is in, and says it in today's. Keeps nothing from one line to the next. */
export function normalize(value: unknown): Normalized {
  if (!isObject(value)) return noise;
  if (isRpc(value))
    return value.method === 'session/update' ? normalizeUpdate(value) : { dialect: 'acp', messages: [value] };
  return isWrapperEvent(value)
    ? { dialect: 'wrapper', messages: wrapperUpdates(value).map(notification) }
    : noise;
}

/** Some agents forget `jsonrpc`; a message is still known by what it holds. */
function isRpc(value: JsonObject): boolean {
  return (
    'jsonrpc' in value ||
    typeof value.method === 'string' ||
    ('id' in value && ('result' in value || 'error' in value))
  );
}

/** Before version 1, an update was `params.content[]`, and its `stopReason`, if not null, ended the turn. */
function normalizeUpdate(message: JsonObject): Normalized {
  const params = asObject(message.params);
  const { update, sessionId } = params;
  const { stopReason } = 'stopReason' in params ? params : asObject(update);
  const isLegacy = stopReason !== undefined || (!isObject(update) && params.content !== undefined);
  if (!isLegacy) return { dialect: 'acp', messages: [message] };

  const messages: JsonObject[] = [];
  if (typeof asObject(update).sessionUpdate === 'string') {
    messages.push(message);
  } else if (!isObject(update)) {
    for (const content of asArray(params.content)) {
      messages.push(notification({ sessionUpdate: 'agent_message_chunk', content }, sessionId));
    }
  }
  if (typeof stopReason === 'string') {
    messages.push(notification({ sessionUpdate: turnEndUpdate, stopReason }, sessionId));
  }
  return { dialect: 'legacy', messages };
}

const wrapperTypes: readonly unknown[] = [
  'progress',
  'log',
  'result',
  'error',
  'status',
  'heartbeat',
  'input_required',
];

/** Agents also log JSON that has a `type`: what tells an event is who it is from, or about. */
function isWrapperEvent(value: JsonObject): boolean {
  return wrapperTypes.includes(value.type) && ('agent_id' in value || 'task_id' in value);
}

function wrapperUpdates(event: JsonObject): JsonObject[] {
  const data = asObject(event.data);
  switch (event.type) {
    case 'progress': {
      const progress = asNumber(data.progress);
      return [notice('info', data.message, progress === null ? null : `Progress: ${progress}`)];
    }
    case 'log':
      return [notice(asString(data.level) ?? 'info', data.message)];
    case 'error':
      return [notice('error', asObject(data.error).message ?? data.error)];
    case 'input_required':
      return [notice('warning', data.message ?? data.prompt)];
    case 'result':
      return resultUpdates(data);
    case 'heartbeat':
      return [];
    default:
      return [{ sessionUpdate: event.type, data: event.data }];
  }
}

const successes: readonly unknown[] = ['success', 'completed', 'complete', 'done', 'ok', undefined, null];

function resultUpdates(data: JsonObject): JsonObject[] {
  const updates: JsonObject[] = [];
  if (typeof data.summary === 'string') {
    updates.push({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: data.summary } });
  }
  if (asArray(data.artifacts).length > 0)
    updates.push({ sessionUpdate: 'artifacts', artifacts: data.artifacts });
  const stopReason = successes.includes(data.status) ? 'end_turn' : (asString(data.status) ?? 'error');
  return [...updates, { sessionUpdate: turnEndUpdate, stopReason }];
}

function notice(severity: string, title: unknown, description: string | null = null): JsonObject {
  return { sessionUpdate: 'notice', severity, title: asString(title) ?? '', description };
}

/** An event stream names no session of ours: without an id, the update goes to the only session there is. */
function notification(update: JsonObject, sessionId?: unknown): JsonObject {
  return { jsonrpc: '2.0', method: 'session/update', params: { sessionId, update } };
}
