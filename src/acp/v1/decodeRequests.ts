import { RefusedError, errorCodes } from '../errors.ts';
import { asList, asNumber, asObject, asString, isObject } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { PermissionOption, ToolCallPatch } from '../types.ts';
import { decodeToolCallPatch } from './decodeContent.ts';
import { decodeForm } from './decodeForm.ts';
import type { FormField } from '../elicitation.ts';

/** Reads the params of `session/request_permission`. */
export function decodePermission(params: unknown): {
  toolCall: ToolCallPatch | null;
  options: PermissionOption[];
} {
  const { toolCall, options } = asObject(params);
  return { toolCall: decodeToolCallPatch(toolCall), options: asList(options, decodeOption) };
}

const optionKinds = ['allow_once', 'allow_always', 'reject_once', 'reject_always'] as const;

function decodeOption(value: unknown): PermissionOption | null {
  const option = asObject(value);
  const optionId = asString(option.optionId);
  if (optionId === null) return null;
  const kind = optionKinds.find((known) => known === option.kind) ?? 'unknown';
  return { optionId, name: asString(option.name) ?? optionId, kind };
}

export type DecodedElicitation = {
  sessionId: string | null;
  toolCallId: string | null;
  message: string;
} & (
  | { mode: 'form'; title: string | null; description: string | null; fields: FormField[] }
  | { mode: 'url'; elicitationId: string; url: string }
);

/** Reads the params of `elicitation/create`. @throws RefusedError what cannot be shown to a user as what it is */
export function decodeElicitation(params: unknown): DecodedElicitation {
  const request = asObject(params);
  const common = {
    sessionId: asString(request.sessionId),
    toolCallId: asString(request.toolCallId),
    message: asString(request.message) ?? '',
  };
  // The first drafts had no mode.
  const mode = request.mode ?? (isObject(request.requestedSchema) ? 'form' : 'url');
  if (mode === 'form') return { ...common, mode, ...decodeForm(request.requestedSchema) };
  if (mode !== 'url') throw invalidParams('mode: neither form nor url');
  const url = required(request, 'url');
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw invalidParams('url: not a web address');
  return { ...common, mode, url, elicitationId: asString(request.elicitationId) ?? '' };
}

export function decodeElicitationId(params: unknown): string | null {
  return asString(asObject(params).elicitationId);
}

export interface DecodedFileRequest {
  sessionId: string | null;
  path: string;
}

/** `line` counts from 1; null where the agent wants the file from its beginning, or to its end. */
export interface DecodedRead extends DecodedFileRequest {
  line: number | null;
  limit: number | null;
}

/** Reads the params of `fs/read_text_file`. @throws RefusedError */
export function decodeRead(params: unknown): DecodedRead {
  const request = asObject(params);
  const { line, limit } = request;
  return { ...fileRequest(request), line: asNumber(line), limit: asNumber(limit) };
}

/** Reads the params of `fs/write_text_file`. @throws RefusedError */
export function decodeWrite(params: unknown): DecodedFileRequest & { content: string } {
  const request = asObject(params);
  return { ...fileRequest(request), content: required(request, 'content') };
}

function fileRequest(request: JsonObject): DecodedFileRequest {
  return { sessionId: asString(request.sessionId), path: required(request, 'path') };
}

export interface DecodedTerminalCommand {
  sessionId: string | null;
  command: string;
  args: string[];
  env: { name: string; value: string }[];
  cwd: string | null;
  /** Bytes, or null without a limit. */
  outputByteLimit: number | null;
}

/** Reads the params of `terminal/create`. @throws RefusedError */
export function decodeTerminalCommand(params: unknown): DecodedTerminalCommand {
  const request = asObject(params);
  return {
    sessionId: asString(request.sessionId),
    command: required(request, 'command'),
    args: asList(request.args, asString),
    env: asList(request.env, (item) => {
      const { name, value } = asObject(item);
      return typeof name === 'string' ? { name, value: asString(value) ?? '' } : null;
    }),
    cwd: asString(request.cwd),
    outputByteLimit: asNumber(request.outputByteLimit),
  };
}

/** Reads the params of the other `terminal/…` methods. @throws RefusedError */
export function decodeTerminalId(params: unknown): string {
  return required(asObject(params), 'terminalId');
}

function required(request: JsonObject, field: string): string {
  const value = asString(request[field]);
  if (value === null) throw invalidParams(`${field}: missing`);
  return value;
}

function invalidParams(message: string): RefusedError {
  return new RefusedError(errorCodes.invalidParams, message);
}
