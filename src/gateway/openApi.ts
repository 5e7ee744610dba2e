import { toJsonSchema, toJsonSchemaDefs, type JsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import {
  agentTypeSchema,
  boardSchema,
  entrySchema,
  permissionSchema,
  problemSchema,
  promptSchema,
  questionSchema,
  runSchema,
  statusSchema,
  taskEventSchema,
  taskSchema,
} from './resources.ts';
import type { Route } from './route.ts';
import { allRoutes } from './routes/allRoutes.ts';
import { apiRoot } from './serveRoute.ts';

const named = {
  AgentType: agentTypeSchema,
  Board: boardSchema,
  PermissionRequest: permissionSchema,
  Problem: problemSchema,
  Question: questionSchema,
  QueuedPrompt: promptSchema,
  Run: runSchema,
  Task: taskSchema,
  TaskEvent: taskEventSchema,
  TaskStatus: statusSchema,
  TranscriptEntry: entrySchema,
};

/** What a schema says beyond what JSON Schema can is checked all the same. */
const config = {
  target: 'draft-2020-12',
  typeMode: 'input',
  errorMode: 'ignore',
  definitions: named,
  overrideRef: ({ referenceId }: { referenceId: string }) => `#/components/schemas/${referenceId}`,
} as const;

/** The API's description in OpenAPI 3.1, made from the schemas that requests and answers are checked with. */
export function openApiDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of allRoutes) {
    (paths[`${apiRoot}${each.path}`] ??= {})[each.method] = operationOf(each);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Kandev',
      version: '1',
      description:
        'The board of a folder that is open in VS Code. The address and a token are given by “Kandev: Show API Gateway…” and “Kandev: Create API Token…”.',
    },
    security: [{ token: [] }],
    paths,
    components: {
      schemas: toJsonSchemaDefs(named, { ...config, typeMode: 'output' }),
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operationOf(each: Route): Record<string, unknown> {
  const { operationId, summary, tag, scope, status, response, body, givesEtag, cacheable } = each;
  const headers = givesEtag || cacheable ? { ETag: { schema: { type: 'string' } } } : null;
  return {
    operationId,
    summary,
    tags: [tag],
    description: `Needs a token with the scope \`${scope}\`.`,
    parameters: [
      ...parametersOf(each.params, 'path'),
      ...parametersOf(each.query, 'query'),
      ...headersOf(each),
    ],
    ...(body === null ? {} : { requestBody: { required: needsBody(body), content: json(schemaOf(body)) } }),
    responses: {
      [String(status)]: {
        description: summary,
        content: json(schemaOf(response, 'output')),
        ...(headers ? { headers } : {}),
      },
      ...(cacheable ? { '304': { description: 'As the ETag of If-None-Match.' } } : {}),
      default: {
        description: 'Refused; `reason` says why.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function parametersOf(schema: Route['params'], place: 'path' | 'query'): object[] {
  return Object.entries(schema.entries).map(([name, entry]) => {
    const { description, ...rest } = schemaOf(entry);
    return {
      name,
      in: place,
      required: place === 'path' || !isOptional(entry),
      ...(description === undefined ? {} : { description }),
      schema: rest,
      ...(rest.type === 'array' ? { style: 'form', explode: true } : {}),
    };
  });
}

function headersOf({ method, takesIfMatch, cacheable }: Route): object[] {
  const header = (name: string, description: string): object => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  return [
    ...(takesIfMatch ? [header('If-Match', 'Refused with 412 when the card has another ETag by now.')] : []),
    ...(cacheable ? [header('If-None-Match', 'Answered with 304 when nothing has changed.')] : []),
    ...(method === 'post' ? [header('Idempotency-Key', 'Asked for again, it is done once.')] : []),
  ];
}

function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'input'): JsonSchema {
  const { $schema: _dialect, $defs: _definitions, ...rest } = toJsonSchema(schema, { ...config, typeMode });
  return rest;
}

function isOptional(schema: v.GenericSchema): boolean {
  return v.safeParse(schema, undefined).success;
}

function needsBody(schema: v.GenericSchema): boolean {
  return !v.safeParse(schema, {}).success;
}

function json(schema: JsonSchema): object {
  return { 'application/json': { schema } };
}
