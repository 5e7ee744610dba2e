import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import * as v from 'valibot';
import { Refusal, type FieldError } from './problem.ts';
import type { GatewayEnv } from './gatewayEnv.ts';

/** Where a field of a request stands. */
type Part = 'path' | 'query' | 'body';

/** @throws Refusal `invalid-input` that names every field that does not fit */
export function checked<S extends v.GenericSchema>(schema: S, value: unknown, part: Part): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const errors = result.issues.map((issue): FieldError => {
    const place = v.getDotPath(issue);
    return { field: place === null ? part : `${part}.${place}`, message: issue.message };
  });
  const [first] = errors;
  throw new Refusal(400, 'invalid-input', first ? `${first.field}: ${first.message}` : 'Not understood.', {
    errors,
  });
}

/** How much more than is allowed is read, so that a client that sends it all before it listens gets its answer. */
const patience = 4;

/** @throws Refusal `body-too-large` */
export async function readBody(
  { req: request }: Pick<Context<GatewayEnv>, 'req'>,
  most: number,
): Promise<string> {
  if (Number(request.header('content-length')) <= most) return request.text();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size <= most) chunks.push(chunk);
    if (size > patience * most) break;
  }
  if (size <= most) return Buffer.concat(chunks).toString();
  throw new Refusal(413, 'body-too-large', `A body has at most ${most} bytes here.`);
}

/** @throws Refusal */
export function parseBody(text: string, contentType: string | undefined): unknown {
  if (!/^application\/json *(;|$)/i.test(contentType ?? '')) {
    throw new Refusal(415, 'media-type', 'A body is sent as application/json.');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Refusal(400, 'invalid-input', `The body is no JSON: ${(error as Error).message}`);
  }
}

/** The texts of a query as its schema has them: numbers, truth values, and lists where a name comes more than once. */
export function queryValues(
  schema: { entries: v.ObjectEntries },
  texts: Readonly<Record<string, readonly string[]>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, values]): [string, unknown] => {
      const kind = kindOf(schema.entries[name]);
      if (kind === 'array') return [name, values.flatMap((value) => value.split(','))];
      const [value = ''] = values;
      if (kind === 'number') return [name, /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value];
      if (kind === 'boolean') return [name, value === 'true' ? true : value === 'false' ? false : value];
      return [name, value];
    }),
  );
}

function kindOf(schema: { type: string } | undefined): string {
  if (schema && 'wrapped' in schema) return kindOf(schema.wrapped as { type: string });
  return schema?.type ?? 'string';
}

export function etagOf(version: number): string {
  return `"v${version}"`;
}

/** No card has it: whatever is asked for with it is refused. */
const noVersion = -1;

/** The version that `If-Match` names; undefined where anything matches. @throws Refusal for a list of several */
export function ifMatchVersion(header: string | undefined): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '' || text === '*') return undefined;
  if (text.includes(',')) {
    throw new Refusal(400, 'invalid-input', 'If-Match takes one ETag.', {
      errors: [{ field: 'header.If-Match', message: 'One ETag' }],
    });
  }
  const digits = /^"v(\d{1,15})"$/.exec(text)?.[1];
  return digits === undefined ? noVersion : Number(digits);
}

/** What a key of a caller stands for, as an id that another caller cannot make. */
export function onceIdOf(tokenId: string, key: string): string {
  const hash = createHash('sha256').update(`${tokenId}\0${key}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-${hash.slice(12, 16)}-${hash.slice(16, 20)}-${hash.slice(20, 32)}`;
}
