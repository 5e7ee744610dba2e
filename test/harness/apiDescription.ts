import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../src/gateway/openApi.ts';

interface Operation {
  operationId: string;
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

export const apiDocument = openApiDocument() as unknown as ApiDocument;

const ajv = new Ajv2020({ strict: false, allErrors: true });
const validators = new Map<string, ValidateFunction>();

/** What is wrong with an answer by the published description; null where nothing is. */
export function describeMismatch(method: string, path: string, status: number, body: unknown): string | null {
  const { pathname } = new URL(path, 'http://kandev');
  const found = Object.entries(apiDocument.paths).find(([template]) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  );
  const operation = found?.[1][method.toLowerCase()];
  if (!operation) return null;
  const response = operation.responses[String(status)] ?? operation.responses.default;
  const schema = Object.values(response?.content ?? {})[0]?.schema;
  if (!schema) return status === 304 ? null : `${operation.operationId} does not describe ${status}`;
  const key = `${operation.operationId} ${status < 300 ? status : 'default'}`;
  const validate =
    validators.get(key) ?? ajv.compile({ ...closed(schema), components: closed(apiDocument.components) });
  validators.set(key, validate);
  return validate(body) ? null : `${key}: ${ajv.errorsText(validate.errors)}`;
}

/** Every object of which the description names the fields has those and no others: an answer with more is told of. */
function closed(schema: object): object {
  if (Array.isArray(schema))
    return (schema as object[]).map((each) => (isObject(each) ? closed(each) : each));
  const entries = Object.entries(schema).map(([name, value]: [string, unknown]) => [
    name,
    isObject(value) ? closed(value) : value,
  ]);
  const copy = Object.fromEntries(entries) as Record<string, unknown>;
  if ('properties' in copy && !('additionalProperties' in copy)) copy.additionalProperties = false;
  return copy;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
