import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiDocument } from '../../harness/apiDescription.ts';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';

/** As much of JSON Schema as the description uses. */
interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  schema: Schema;
}

interface Operation {
  operationId: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

let test: TestGateway;
let knownIds: string[];

beforeAll(async () => {
  test = await startGateway();
  knownIds = [];
  for (const title of ['One', 'Two']) {
    knownIds.push((await test.services.kandev.execute('task.create', { title })).id);
  }
  knownIds.push((await test.services.kandev.query('boards', {})).boards[0]?.id ?? '');
});

afterAll(async () => {
  await test.close();
});

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '%00',
    '../..',
    '__proto__',
    'constructor',
    "' OR 1=1 --",
    'demo',
  ),
);

/** What fits a schema, mostly. */
function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { type, anyOf, oneOf, properties = {}, required = [] } = schema;
  const choices = anyOf ?? oneOf;
  if (choices) return fc.oneof(...choices.map(fitting));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  switch (type) {
    case 'object':
      return fc.record(
        Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, fitting(each)])),
        { requiredKeys: required },
      );
    case 'array':
      return fc.array(schema.items ? fitting(schema.items) : fc.jsonValue(), { maxLength: 3 });
    case 'integer':
    case 'number':
      return fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger());
    case 'boolean':
      return fc.boolean();
    case 'string':
      return fc.oneof(text, fc.constantFrom(...knownIds));
    default:
      return fc.jsonValue();
  }
}

const header = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

interface Asked {
  path: string;
  body: unknown;
  headers: Record<string, string>;
}

function requests(template: string, { parameters, requestBody }: Operation): fc.Arbitrary<Asked> {
  const inPath = parameters.filter((each) => each.in === 'path');
  const inQuery = parameters.filter((each) => each.in === 'query');
  const inHeaders = parameters.filter((each) => each.in === 'header');
  const schema = requestBody?.content['application/json']?.schema;
  const body = schema
    ? fc.oneof({ weight: 3, arbitrary: fitting(schema) }, fc.jsonValue())
    : fc.constant(undefined);
  const id = fc.oneof(text, fc.constantFrom(...knownIds));
  return fc
    .record({
      ids: fc.tuple(...inPath.map(() => id)),
      query: fc.tuple(...inQuery.map((each) => fc.option(fc.oneof(fitting(each.schema), text)))),
      headers: fc.tuple(...inHeaders.map(() => fc.option(header))),
      body,
    })
    .map(({ ids, query, headers, body: sent }) => {
      const path = inPath.reduce(
        (built, { name }, index) => built.replace(`{${name}}`, safe(ids[index] ?? '')),
        template,
      );
      const pairs = inQuery.flatMap(({ name }, index) => {
        const value = query[index];
        return value === null || value === undefined
          ? []
          : [`${name}=${safe(typeof value === 'string' ? value : JSON.stringify(value))}`];
      });
      const used = inHeaders.flatMap(({ name }, index) => {
        const value = headers[index];
        return value ? [[name, value] as const] : [];
      });
      return { path: `${path}?${pairs.join('&')}`, body: sent, headers: Object.fromEntries(used) };
    });
}

/** A lone half of a character cannot stand in an address. */
function safe(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

describe('whatever is asked', () => {
  const operations = Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method,
      ...(operation as unknown as Operation),
    })),
  );

  it.each(operations)(
    'of $operationId is answered as it is described, and breaks nothing',
    async (operation) => {
      await fc.assert(
        fc.asyncProperty(requests(operation.path, operation), async ({ path, body, headers }) => {
          // That an answer is as it is described is looked at by `ask`.
          const { status } = await test.ask(operation.method.toUpperCase(), path, { body, headers });
          expect(status, path).not.toBe(500);
          expect(test.problems).toEqual([]);
        }),
        { numRuns: 25 },
      );
    },
  );

  it('leaves a board that can be used', async () => {
    const { status } = await test.ask('POST', '/api/v1/tasks', { body: { title: 'Afterwards' } });
    expect(status).toBe(201);
  });
});
