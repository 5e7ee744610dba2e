import { asObject, asString } from './json.ts';

export type AcpErrorReason =
  /** The agent speaks a version of the protocol that we do not. */
  | 'protocol-version'
  /** No answer to a request in the time given. */
  | 'timeout'
  /** Neither an answer nor any other sign of life in the middle of a turn, for the time given. */
  | 'silent'
  /** The connection is gone: mostly because the agent's process has ended. */
  | 'closed'
  /** The user must sign in to the agent first. */
  | 'auth-required'
  | 'session-not-found'
  /** The agent did not advertise what was asked of it. */
  | 'not-supported'
  /** The agent answered with any other error. */
  | 'agent-error'
  /** A message longer than the limit: the connection cannot be trusted any more. */
  | 'line-too-long'
  /** The caller, or the agent on the caller's behalf, gave the request up. */
  | 'cancelled';

/** The only error that the ACP client rejects with. */
export class AcpError extends Error {
  readonly reason: AcpErrorReason;
  /** The agent's JSON-RPC code, or null where the error is our own. */
  readonly code: number | null;
  /** What the agent added to its error, or null. */
  readonly data: unknown;

  constructor(
    reason: AcpErrorReason,
    message: string,
    details: { code?: number; data?: unknown; cause?: unknown } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = 'AcpError';
    this.reason = reason;
    this.code = details.code ?? null;
    this.data = details.data ?? null;
  }
}

/** What a handler throws to refuse an agent's request; anything else it throws is answered as an internal error. */
export class RefusedError extends Error {
  /** For the agent: one of {@link errorCodes}. */
  readonly code: number;

  constructor(code: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RefusedError';
    this.code = code;
  }
}

export const errorCodes = {
  invalidParams: -32602,
  internalError: -32603,
  requestCancelled: -32800,
  authRequired: -32000,
  notFound: -32002,
} as const;

/** The error that an agent answered with. Many say "Internal error" and what it was in the data beside it. */
export function agentError(code: number, message: string, data: unknown): AcpError {
  const said = innerMessage(message);
  const details = innerMessage(detailsOf(data));
  const told = details === '' || said.includes(details) ? said : `${said}: ${details}`;
  return new AcpError(reasonOf(code, message, data), told, { code, data });
}

/** The message of a provider's error that an agent hands on as the JSON that it came in; any other text as it is. */
function innerMessage(text: string): string {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    const body = asObject(JSON.parse(text));
    return asString(asObject(body.error).message) ?? asString(body.message) ?? text;
  } catch {
    return text;
  }
}

/** What an agent adds to an error in words, as a text or in one of the fields that are used for it; empty: nothing. */
function detailsOf(data: unknown): string {
  if (typeof data === 'string') return data.trim();
  const { details, message, error } = asObject(data);
  return [details, message, error].map((text) => (asString(text) ?? '').trim()).find(Boolean) ?? '';
}

function reasonOf(code: number, message: string, data: unknown): AcpErrorReason {
  switch (code) {
    case errorCodes.authRequired:
      return 'auth-required';
    case errorCodes.requestCancelled:
      return 'cancelled';
    case errorCodes.notFound:
      return 'session-not-found';
    case errorCodes.invalidParams:
    case errorCodes.internalError:
      return isSessionNotFound(message, data) ? 'session-not-found' : 'agent-error';
    default:
      return 'agent-error';
  }
}

/** Agents disagree on the code for an unknown session; these two signs were seen under -32602 and -32603. */
function isSessionNotFound(message: string, data: unknown): boolean {
  return (
    asString(asObject(data).sessionId) !== null || /session.*not found/i.test(`${message} ${detailsOf(data)}`)
  );
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
