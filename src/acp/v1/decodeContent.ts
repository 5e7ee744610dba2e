import { asArray, asList, asNumber, asObject, asString, isObject } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { ContentBlock, ToolCallPatch, ToolContent, ToolLocation } from '../types.ts';

/** Reads a content block; what it does not know it keeps as `unknown`. */
export function decodeContentBlock(value: unknown): ContentBlock {
  if (typeof value === 'string') return { type: 'text', text: value };
  const block = asObject(value);
  const text = asString(block.text);
  const data = asString(block.data);
  const uri = asString(block.uri);
  const mimeType = asString(block.mimeType);
  if (block.type === 'text' && text !== null) return { type: 'text', text };
  if (block.type === 'image' && data !== null) {
    return { type: 'image', mimeType: mimeType ?? 'image/png', data, uri };
  }
  if (block.type === 'audio' && data !== null)
    return { type: 'audio', mimeType: mimeType ?? 'audio/wav', data };
  if (block.type === 'resource_link' && uri !== null) {
    return { type: 'resource_link', uri, name: asString(block.name) ?? uri, mimeType };
  }
  if (block.type === 'resource' && isObject(block.resource)) return decodeResource(block.resource);
  return { type: 'unknown', raw: value };
}

function decodeResource(resource: JsonObject): ContentBlock {
  return {
    type: 'resource',
    uri: asString(resource.uri) ?? '',
    mimeType: asString(resource.mimeType),
    text: asString(resource.text),
    blob: asString(resource.blob),
  };
}

/** Reads one item of a tool call's content. Some agents leave the `content` around a content block out. */
function decodeToolContent(value: unknown): ToolContent {
  const item = asObject(value);
  const path = asString(item.path);
  const newText = asString(item.newText);
  const terminalId = asString(item.terminalId);
  if (item.type === 'content') return { type: 'content', content: decodeContentBlock(item.content) };
  if (item.type === 'diff' && path !== null && newText !== null) {
    return { type: 'diff', path, oldText: asString(item.oldText), newText };
  }
  if (item.type === 'terminal' && terminalId !== null) return { type: 'terminal', terminalId };
  const content = decodeContentBlock(value);
  return content.type === 'unknown' ? content : { type: 'content', content };
}

/** Reads what is said about a tool call, or null if it does not say which. */
export function decodeToolCallPatch(value: unknown): ToolCallPatch | null {
  const call = asObject(value);
  const id = asString(call.toolCallId);
  if (id === null) return null;
  return {
    id,
    title: patched(call.title, asString),
    name: patched(call.name, asString),
    kind: patched(call.kind, asString),
    status: patched(call.status, asString),
    content: patched(call.content, (items) => listOrOne(items)?.map(decodeToolContent) ?? null),
    locations: patched(call.locations, (items) =>
      Array.isArray(items) ? asList(items, decodeLocation) : null,
    ),
    rawInput: call.rawInput,
    rawOutput: call.rawOutput,
  };
}

/** Null clears a field, so a value that cannot be read must not become null: it counts as left out. */
function patched<T>(value: unknown, read: (value: unknown) => T | null): T | null | undefined {
  return value === null ? null : (read(value) ?? undefined);
}

function listOrOne(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return asArray(value);
  return isObject(value) ? [value] : null;
}

function decodeLocation(value: unknown): ToolLocation | null {
  const path = asString(value) ?? asString(asObject(value).path);
  return path === null ? null : { path, line: asNumber(asObject(value).line) };
}
