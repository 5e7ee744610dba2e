import * as v from 'valibot';
import type { Kandev } from '../api/contract.ts';
import type { GatewayScope } from '../model/gateway.ts';
import type { Caller } from './tokenDesk.ts';

type Fields = v.ObjectEntries;
type Strict<E extends Fields> = v.StrictObjectSchema<E, undefined>;

/** One request, checked. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  kandev: Kandev;
  caller: Caller;
  params: P;
  query: Q;
  body: B;
  /** Of `If-Match`; undefined where anything matches. */
  ifVersion: number | undefined;
  /** The same for each request with the same `Idempotency-Key`; null without one. */
  onceId: string | null;
}

/** What is answered. */
export interface Answer<R = unknown> {
  body: R;
  /** Of the card in the body: its ETag. */
  version?: number;
  /** Where something new stands, below `/api/v1`. */
  location?: string;
}

/** One address of the API: what it takes, what it gives, and who may ask. The OpenAPI description is made of these. */
export interface Route {
  method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  /** Below `/api/v1`, with names in braces: `/tasks/{taskId}`. */
  path: string;
  /** A name for the code of clients. */
  operationId: string;
  summary: string;
  tag: string;
  scope: GatewayScope;
  params: Strict<Fields>;
  query: Strict<Fields>;
  /** Null where there is none. */
  body: v.GenericSchema | null;
  /** In bytes. */
  maxBody: number;
  status: 200 | 201 | 202;
  response: v.GenericSchema;
  /** It is about a card, and takes `If-Match`. */
  takesIfMatch: boolean;
  /** It gives an ETag of a card. */
  givesEtag: boolean;
  /** The same as long as nothing happens on the board. */
  cacheable: boolean;
  handle(call: Call): Promise<Answer>;
}

interface RouteInput<
  P extends Fields,
  Q extends Fields,
  B extends v.GenericSchema | null,
  R extends v.GenericSchema,
> extends Partial<Pick<Route, 'maxBody' | 'status' | 'takesIfMatch' | 'givesEtag' | 'cacheable'>> {
  method: Route['method'];
  path: string;
  operationId: string;
  summary: string;
  tag: string;
  scope: GatewayScope;
  params?: Strict<P>;
  query?: Strict<Q>;
  body?: B;
  response: R;
  handle(
    call: Call<
      v.InferOutput<Strict<P>>,
      v.InferOutput<Strict<Q>>,
      B extends v.GenericSchema ? v.InferOutput<B> : null
    >,
  ): Promise<Answer<v.InferInput<R>>>;
}

/** A description of 200,000 characters, each of them escaped, fits. */
const usualMaxBody = 2 * 1024 * 1024;
const none = v.strictObject({});

/** Writes a route down with the types of its parts; what is left out is the usual. */
export function route<
  P extends Fields,
  Q extends Fields,
  R extends v.GenericSchema,
  B extends v.GenericSchema | null = null,
>(input: RouteInput<P, Q, B, R>): Route {
  return {
    status: 200,
    maxBody: usualMaxBody,
    takesIfMatch: false,
    givesEtag: false,
    cacheable: false,
    ...input,
    params: input.params ?? none,
    query: input.query ?? none,
    body: input.body ?? null,
    handle: (call) => input.handle(call as Parameters<typeof input.handle>[0]),
  };
}
