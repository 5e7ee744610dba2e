import { decodeContentBlock, decodeToolCallPatch } from './decodeContent.ts';
import { decodeConfigOptions } from './decodeSession.ts';
import { turnEndUpdate } from '../transport/dialects.ts';
import { asArray, asList, asNumber, asObject, asString } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { AgentCommand, MessageEvent, PlanEntry, Update } from '../types.ts';

/**
 * Reads the params of a `session/update`: mostly one update, and those of a terminal that a tool call tells of beside
 * it. Never throws: what it cannot read is `unknown`.
 */
export function decodeUpdates(params: unknown): Update[] {
  const value = asObject(params).update ?? params;
  const update = asObject(value);
  const terminals = update._meta === undefined ? [] : decodeTerminalMeta(update._meta);
  return [readUpdate(update) ?? unknownUpdate(value), ...terminals];
}

/** Reads the result of `session/prompt`. An agent that answers without a reason has ended its turn. */
export function decodeStopReason(result: unknown): string {
  return asString(asObject(result).stopReason) ?? 'end_turn';
}

/**
 * Reads how many tokens a turn has taken from the result of `session/prompt`: `usage`, which is in the protocol's draft
 * and what the adapters of Claude and Codex send, else `_meta.quota`, which Gemini does. Null where neither is there.
 */
export function decodeTurnTokens(result: unknown): number | null {
  const { usage, _meta } = asObject(result);
  const total = asNumber(asObject(usage).totalTokens);
  if (total !== null) return total >= 0 ? total : null;
  const { input_tokens: input, output_tokens: output } = asObject(
    asObject(asObject(_meta).quota).token_count,
  );
  const sum = [asNumber(input), asNumber(output)].filter((count) => count !== null && count >= 0);
  return sum.length === 0 ? null : sum.reduce<number>((all, count) => all + (count ?? 0), 0);
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
    case 'compaction_update':
      return compaction(update);
    case 'compaction_summary_chunk': {
      const id = asString(update.compactionId);
      return id === null
        ? null
        : { type: 'compaction_patch', patch: { id, added: decodeContentBlock(update.content) } };
    }
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

function compaction(update: JsonObject): Update | null {
  const id = asString(update.compactionId);
  if (id === null) return null;
  const summary = Array.isArray(update.summary) ? update.summary.map(decodeContentBlock) : undefined;
  return {
    type: 'compaction_patch',
    patch: {
      id,
      status: asString(update.status) ?? undefined,
      summary: update.summary === null ? null : summary,
      error: text(update.error),
    },
  };
}

/**
 * Some agents (Codex, Claude) run commands themselves and tell of them as terminals beside their tool calls, in a way
 * that Zed began and the schema does not have.
 */
function decodeTerminalMeta(meta: unknown): Update[] {
  const { terminal_info: info, terminal_output: output, terminal_exit: exit } = asObject(meta);
  return [info, output, exit].flatMap((said): Update[] => {
    const { terminal_id: id, cwd, data, exit_code: exitCode, signal } = asObject(said);
    if (typeof id !== 'string') return [];
    const ended = said === exit ? { exitCode: asNumber(exitCode), signal: asString(signal) } : undefined;
    const patch = {
      id,
      cwd: asString(cwd) ?? undefined,
      output: asString(data) ?? undefined,
      exit: ended,
    };
    return [{ type: 'terminal_patch', patch }];
  });
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
