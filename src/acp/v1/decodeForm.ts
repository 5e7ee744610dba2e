import type { FormField } from '../elicitation.ts';
import { asArray, asList, asNumber, asObject, asString } from '../json.ts';
import type { JsonObject } from '../json.ts';

type Choices = Extract<FormField, { type: 'choice' }>['choices'];

/** Reads the `requestedSchema` of a form: JSON Schema, cut down to an object of simple fields. */
export function decodeForm(value: unknown): {
  title: string | null;
  description: string | null;
  fields: FormField[];
} {
  const schema = asObject(value);
  const required = asArray(schema.required);
  const fields = Object.entries(asObject(schema.properties)).map(([name, property]) =>
    decodeField(name, asObject(property), required.includes(name)),
  );
  return { title: asString(schema.title), description: asString(schema.description), fields };
}

function decodeField(name: string, schema: JsonObject, required: boolean): FormField {
  const title = asString(schema.title) ?? name;
  const common = { name, title, description: asString(schema.description), required };
  switch (schema.type) {
    case 'string':
      return { ...common, ...decodeText(schema) };
    case 'number':
    case 'integer':
      return {
        ...common,
        type: 'number',
        integer: schema.type === 'integer',
        minimum: asNumber(schema.minimum),
        maximum: asNumber(schema.maximum),
        default: asNumber(schema.default),
      };
    case 'boolean':
      return {
        ...common,
        type: 'boolean',
        default: typeof schema.default === 'boolean' ? schema.default : null,
      };
    case 'array':
      return { ...common, ...decodeMultiSelect(schema) };
    default:
      return { ...common, type: 'unknown', raw: schema };
  }
}

/** The fields that are not common to all. */
type Own<Type extends FormField['type']> = Omit<
  Extract<FormField, { type: Type }>,
  'name' | 'title' | 'description' | 'required'
>;

function decodeText(schema: JsonObject): Own<'text'> | Own<'choice'> {
  const choices = decodeChoices(schema, schema.oneOf);
  if (choices !== null) return { type: 'choice', choices, default: asString(schema.default) };
  return {
    type: 'text',
    format: asString(schema.format),
    minLength: asNumber(schema.minLength),
    maxLength: asNumber(schema.maxLength),
    pattern: asString(schema.pattern),
    default: asString(schema.default),
  };
}

function decodeMultiSelect(schema: JsonObject): Own<'choices'> | Own<'unknown'> {
  const items = asObject(schema.items);
  const choices = decodeChoices(items, items.anyOf ?? items.oneOf);
  if (choices === null) return { type: 'unknown', raw: schema };
  return {
    type: 'choices',
    choices,
    minItems: asNumber(schema.minItems),
    maxItems: asNumber(schema.maxItems),
    default: Array.isArray(schema.default) ? asList(schema.default, asString) : null,
  };
}

/** Choices with titles, or bare values beside which MCP's first forms put their names. */
function decodeChoices(schema: JsonObject, titled: unknown): Choices | null {
  if (Array.isArray(titled)) {
    return asList(titled, (item) => {
      const choice = asObject(item);
      const value = asString(choice.const);
      return value === null
        ? null
        : { value, title: asString(choice.title) ?? value, description: asString(choice.description) };
    });
  }
  if (!Array.isArray(schema.enum)) return null;
  const names = asArray(schema.enumNames);
  return asArray(schema.enum).flatMap((value, index) =>
    typeof value === 'string' ? [{ value, title: asString(names[index]) ?? value, description: null }] : [],
  );
}
