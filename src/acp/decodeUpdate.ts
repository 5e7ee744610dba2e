import { decodeContentBlock, decodeToolCallPatch } from './decodeContent.ts';
import { decodeConfigOptions } from './decodeSetup.ts';
import { turnEndUpdate } from './dialects.ts';
import { asArray, asList, asNumber, asObject, asString } from './json.ts';
import type { JsonObject } from './json.ts';
import type {
  AgentCommand,
  MessageEvent,
  PermissionOption,
  PlanEntry,
  ToolCallPatch,
  Update,
} from './types.ts';

/** Reads the params of a version 1 `session/update`. Never throws: what it cannot read is `unknown`. */
export function decodeUpdate(params: unknown): Update {
  const update = asObject(params).update ?? params;
  return readUpdate(asObject(update)) ?? unknownUpdate(update);
}

/** Reads the params of `session/request_permission`. */
export function decodePermission(params: unknown): {
  toolCall: ToolCallPatch | null;
  options: PermissionOption[];
} {
  const { toolCall, options } = asObject(params);
  return { toolCall: decodeToolCallPatch(toolCall), options: asList(options, decodeOption) };
}

/** Reads the result of `session/prompt`. An agent that answers without a reason has ended its turn. */
export function decodeStopReason(result: unknown): string {
  return asString(asObject(result).stopReason) ?? 'end_turn';
}

function readUpdate(update: JsonObject): Update | null {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
      return message('agent', update);
    case 'agent_thought_chunk':
      return message('thought', update);
    case 'user_message_chunk':
      return message('user', update);
    case 'tool_call':
    case 'tool_call_update': {
      const patch = decodeToolCallPatch(update);
      return patch && { type: 'tool_call_patch', patch };
    }
    case 'plan':
      return { type: 'plan', entries: asArray(update.entries).map(decodePlanEntry) };
    case 'usage_update':
      return usage(update);
    case 'current_mode_update': {
      const modeId = asString(update.currentModeId);
      return modeId === null ? null : { type: 'mode', modeId };
    }
    case 'available_commands_update':
      return { type: 'commands', commands: asList(update.availableCommands, decodeCommand) };
    case 'config_option_update':
      return { type: 'config_options', options: decodeConfigOptions(update.configOptions) };
    case 'session_info_update':
      return { type: 'session_info', title: text(update.title), updatedAt: text(update.updatedAt) };
    case 'notice':
      return notice(update);
    case turnEndUpdate:
      return { type: 'turn_end', stopReason: decodeStopReason(update) };
    default:
      return null;
  }
}

function unknownUpdate(update: unknown): Update {
  return { type: 'unknown', kind: asString(asObject(update).sessionUpdate) ?? '', raw: update };
}

function message(role: MessageEvent['role'], update: JsonObject): Update | null {
  if (update.content === undefined || update.content === null) return null;
  const content = decodeContentBlock(update.content);
  const messageId = asString(update.messageId);
  return { type: 'message', role, text: content.type === 'text' ? content.text : '', content, messageId };
}

function usage(update: JsonObject): Update | null {
  const used = asNumber(update.used);
  const size = asNumber(update.size);
  if (used === null || size === null) return null;
  const { amount, currency } = asObject(update.cost);
  const cost = typeof amount === 'number' ? { amount, currency: asString(currency) ?? '' } : null;
  return { type: 'usage', used, size, cost };
}

function notice(update: JsonObject): Update {
  return {
    type: 'notice',
    severity: asString(update.severity) ?? 'info',
    title: asString(update.title) ?? '',
    description: asString(update.description),
  };
}

/** A text that may be left out (undefined) or cleared (null). */
function text(value: unknown): string | null | undefined {
  return value === null ? null : (asString(value) ?? undefined);
}

function decodePlanEntry(value: unknown): PlanEntry {
  const entry = asObject(value);
  return {
    content: asString(entry.content) ?? asString(value) ?? '',
    priority: asString(entry.priority) ?? 'medium',
    status: asString(entry.status) ?? 'pending',
  };
}

function decodeCommand(value: unknown): AgentCommand | null {
  const command = asObject(value);
  const name = asString(command.name);
  if (name === null) return null;
  return {
    name,
    description: asString(command.description) ?? '',
    hint: asString(asObject(command.input).hint),
  };
}

const optionKinds = ['allow_once', 'allow_always', 'reject_once', 'reject_always'] as const;

function decodeOption(value: unknown): PermissionOption | null {
  const option = asObject(value);
  const optionId = asString(option.optionId);
  if (optionId === null) return null;
  const kind = optionKinds.find((known) => known === option.kind) ?? 'unknown';
  return { optionId, name: asString(option.name) ?? optionId, kind };
}
