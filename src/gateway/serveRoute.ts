import type { Context } from 'hono';
import * as v from 'valibot';
import type { Kandev } from '../api/contract.ts';
import type { AnswerCache } from './answerCache.ts';
import type { GatewayEnv } from './gatewayEnv.ts';
import { requireScope } from './guard.ts';
import { checkKey, fingerprintOf, type Idempotency, type StoredAnswer } from './idempotency.ts';
import { problemFrom, Refusal } from './problem.ts';
import {
  checked,
  etagOf,
  ifMatchVersion,
  onceIdOf,
  parseBody,
  queryValues,
  readBody,
} from './readRequest.ts';
import type { Answer, Call, Route } from './route.ts';
import type { Caller } from './tokenDesk.ts';

export interface RouteServices {
  /** The board on behalf of whoever has a token. */
  kandevFor: (caller: Caller) => Kandev;
  cache: AnswerCache;
  idempotency: Idempotency;
  onProblem: (text: string) => void;
}

export const apiRoot = '/api/v1';
const json = { 'content-type': 'application/json' };

/** Answers a request: checks it, does what it asks for, and checks what is given back. @throws Refusal; UserError */
export async function serveRoute(
  context: Context<GatewayEnv>,
  route: Route,
  services: RouteServices,
): Promise<Response> {
  const caller = context.get('caller');
  requireScope(caller, route.scope);
  if (route.cacheable) return cached(context, route, services, caller);
  const text = route.body === null ? '' : await readBody(context, route.maxBody);
  const header = context.req.header('idempotency-key');
  const key = header === undefined || route.method !== 'post' ? null : checkKey(header);
  const call = callOf(context, route, services, { caller, text, key });
  if (key === null) return responseOf(await perform(route, call));
  const fingerprint = fingerprintOf(route.method, context.req.path, text);
  const answer = await services.idempotency.once({ key: `${caller.tokenId} ${key}`, fingerprint }, () =>
    remembered(route, call),
  );
  return responseOf(answer);
}

async function cached(
  context: Context<GatewayEnv>,
  route: Route,
  services: RouteServices,
  caller: Caller,
): Promise<Response> {
  const { url } = context.req;
  const { text, etag } = await services.cache.get(url, async () => {
    const call = callOf(context, route, services, { caller, text: '', key: null });
    return (await perform(route, call)).text;
  });
  if (context.req.header('if-none-match') === etag) {
    return new Response(null, { status: 304, headers: { etag } });
  }
  return context.body(text, 200, { ...json, etag });
}

function callOf(
  context: Context<GatewayEnv>,
  route: Route,
  { kandevFor }: RouteServices,
  { caller, text, key }: { caller: Caller; text: string; key: string | null },
): Call {
  const { req } = context;
  return {
    kandev: kandevFor(caller),
    caller,
    params: checked(route.params, req.param(), 'path'),
    query: checked(route.query, queryValues(route.query, req.queries()), 'query'),
    body: route.body === null ? null : bodyOf(route.body, text, req.header('content-type')),
    ifVersion: route.takesIfMatch ? ifMatchVersion(req.header('if-match')) : undefined,
    onceId: key === null ? null : onceIdOf(caller.tokenId, key),
  };
}

/** Where every field may be left out, so may be the body. */
function bodyOf(schema: v.GenericSchema, text: string, contentType: string | undefined): unknown {
  return checked(schema, text === '' ? {} : parseBody(text, contentType), 'body');
}

async function perform(route: Route, call: Call): Promise<StoredAnswer> {
  const answer: Answer = await route.handle(call);
  // By these schemas nothing is sent that is not described.
  const result = v.safeParse(route.response, answer.body);
  if (!result.success) {
    const [issue] = result.issues;
    throw new Error(
      `${route.operationId} gave what it does not describe: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
    );
  }
  const headers: Record<string, string> = { ...json };
  if (answer.version !== undefined) headers.etag = etagOf(answer.version);
  if (answer.location !== undefined) headers.location = `${apiRoot}${answer.location}`;
  return { status: route.status, headers, text: JSON.stringify(result.output) };
}

/** A refusal is an answer as well: asked again with the same key, it is given again. */
async function remembered(route: Route, call: Call): Promise<StoredAnswer> {
  try {
    return await perform(route, call);
  } catch (error) {
    const { problem, headers } = problemFrom(error);
    if (problem.status >= 500) throw error;
    const type = { 'content-type': 'application/problem+json' };
    return { status: problem.status, headers: { ...headers, ...type }, text: JSON.stringify(problem) };
  }
}

function responseOf({ status, headers, text }: StoredAnswer): Response {
  return new Response(text, { status, headers });
}

/** @throws Refusal always */
export function refuseMethod(allowed: readonly string[]): never {
  throw new Refusal(405, 'method-not-allowed', `Here one can: ${allowed.join(', ')}.`, {
    headers: { allow: allowed.join(', ') },
  });
}
