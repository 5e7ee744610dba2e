import { failureOf, type FailureReason } from '../model/failure.ts';

/** What is wrong with one field of a request. */
export interface FieldError {
  /** `body.title`, `query.limit` … */
  field: string;
  message: string;
}

/** Reasons of the gateway itself, besides those of Kandev. */
export type GatewayReason =
  | 'not-authenticated'
  | 'scope-missing'
  | 'host-not-allowed'
  | 'origin-not-allowed'
  | 'too-many-requests'
  | 'body-too-large'
  | 'media-type'
  | 'no-such-address'
  | 'method-not-allowed'
  | 'idempotency-key-reused';

/** A refusal as RFC 9457 has it: `reason` is for programs, `detail` for people. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  reason: FailureReason | GatewayReason;
  errors?: FieldError[];
}

/** Thrown where a request is refused by the gateway. */
export class Refusal extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    reason: GatewayReason | FailureReason,
    detail: string,
    more: { errors?: FieldError[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.name = 'Refusal';
    this.problem = problemOf(status, reason, detail, more.errors);
    this.headers = more.headers ?? {};
  }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Not understood',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'No such method',
  409: 'Refused',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'No JSON',
  422: 'Not accepted',
  429: 'Too many requests',
  500: 'Error in Kandev',
  503: 'Not available',
};

const statusOfReason: Partial<Record<FailureReason, number>> = {
  'invalid-input': 400,
  'agent-type-unknown': 400,
  'not-found': 404,
  changed: 412,
  'engine-not-running': 503,
  'engine-not-answering': 503,
  'engine-permission': 503,
  'engine-stuck': 503,
  'no-folder': 503,
  untrusted: 503,
  storage: 503,
  internal: 500,
};

function problemOf(
  status: number,
  reason: Problem['reason'],
  detail: string,
  errors?: FieldError[],
): Problem {
  const title = titles[status] ?? 'Refused';
  return {
    type: `urn:kandev:problem:${reason}`,
    title,
    status,
    detail,
    reason,
    ...(errors ? { errors } : {}),
  };
}

/**
 * What a program is told of whatever was thrown. The details of an error that nobody foresaw are for the log: they may
 * hold what is none of the caller's business.
 */
export function problemFrom(error: unknown): { problem: Problem; headers: Readonly<Record<string, string>> } {
  if (error instanceof Refusal) return error;
  const { reason, message } = failureOf(error);
  return { problem: problemOf(statusOfReason[reason] ?? 409, reason, message), headers: {} };
}

export function problemResponse(error: unknown): Response {
  const { problem, headers } = problemFrom(error);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
  });
}
