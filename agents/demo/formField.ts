import type { ElicitationPropertySchema, ElicitationSchema } from '@agentclientprotocol/sdk';
import { SyntaxProblem } from './words.ts';

/** One field of an `elicit form` step. */
export interface FormField {
  name: string;
  required: boolean;
  schema: ElicitationPropertySchema;
}

type Scalar = 'string' | 'number' | 'integer' | 'boolean';

/**
 * Reads `name:type`, `name:type!` (required), `name:type=default`, `name:one|two|three` (a choice) and
 * `name:one|two[]` (any number of them), where type is string, number, integer or boolean. Throws `SyntaxProblem`.
 */
export function parseFormField(word: string): FormField {
  const match = /^([A-Za-z][\w-]*):([^=!]+)(!?)(?:=(.*))?$/.exec(word);
  const [, name, type, mark, fallback] = match ?? [];
  if (name === undefined || type === undefined) {
    throw new SyntaxProblem(`a field looks like count:integer!=3 or colour:red|blue, not like "${word}"`);
  }
  return { name, required: mark === '!', schema: fieldSchema(name, type, fallback) };
}

function fieldSchema(name: string, type: string, fallback: string | undefined): ElicitationPropertySchema {
  if (type.endsWith('[]')) {
    const choices = type.slice(0, -2).split('|');
    return {
      type: 'array',
      title: name,
      items: { type: 'string', enum: choices },
      ...withDefault(fallback, (word) => word.split('|')),
    };
  }
  if (type.includes('|')) {
    const choices = type.split('|');
    if (fallback !== undefined && !choices.includes(fallback)) {
      throw new SyntaxProblem(`${name}: the default "${fallback}" is none of the choices`);
    }
    return { type: 'string', title: name, enum: choices, ...withDefault(fallback, String) };
  }
  switch (type as Scalar) {
    case 'string':
      return { type: 'string', title: name, ...withDefault(fallback, String) };
    case 'number':
    case 'integer':
      return { type, title: name, ...withDefault(fallback, parseNumber) };
    case 'boolean':
      return { type: 'boolean', title: name, ...withDefault(fallback, parseBoolean) };
    default:
      throw new SyntaxProblem(
        `${name}: there is no type "${type}"; there are: string, number, integer, boolean`,
      );
  }
}

function withDefault<Value>(word: string | undefined, parse: (word: string) => Value): { default?: Value } {
  return word === undefined ? {} : { default: parse(word) };
}

function parseNumber(word: string): number {
  const value = Number(word);
  if (word.trim() === '' || !Number.isFinite(value)) throw new SyntaxProblem(`"${word}" is not a number`);
  return value;
}

function parseBoolean(word: string): boolean {
  if (word !== 'true' && word !== 'false') throw new SyntaxProblem(`"${word}" is neither true nor false`);
  return word === 'true';
}

/** The schema of a form with these fields. */
export function formSchema(fields: readonly FormField[]): ElicitationSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    required: fields.filter(({ required }) => required).map(({ name }) => name),
  };
}
