import { runInNewContext } from 'node:vm';

/** A question of the agent to the user. */
export interface Elicitation {
  /** Unique within the connection. */
  readonly id: string;
  /** Null for a question that is asked outside of any session, while signing in for instance. */
  readonly sessionId: string | null;
  /** The tool call it is about, or null. */
  readonly toolCallId: string | null;
  readonly message: string;
}

export interface FormElicitation extends Elicitation {
  readonly mode: 'form';
  readonly title: string | null;
  readonly description: string | null;
  readonly fields: readonly FormField[];
}

/** The agent wants an address to be opened. Show the whole of it, and ask, before opening it. */
export interface UrlElicitation extends Elicitation {
  readonly mode: 'url';
  /** What `elicitation/complete` will name it by. */
  readonly elicitationId: string;
  /** With the scheme http or https: others are refused before anybody sees them. */
  readonly url: string;
}

export type FieldValue = string | number | boolean | string[];

export type ElicitationAnswer =
  /** Without `content` for an address that is being opened. */
  { action: 'accept'; content?: Record<string, FieldValue> } | { action: 'decline' } | { action: 'cancel' };

interface FieldChoice {
  value: string;
  title: string;
  description: string | null;
}

/** What is null was not said. */
export type FormField = {
  name: string;
  title: string;
  description: string | null;
  required: boolean;
} & (
  | {
      type: 'text';
      /** email, uri, date, date-time, one we do not know, or null. */
      format: string | null;
      minLength: number | null;
      maxLength: number | null;
      /** A regular expression. */
      pattern: string | null;
      default: string | null;
    }
  | {
      type: 'number';
      integer: boolean;
      minimum: number | null;
      maximum: number | null;
      default: number | null;
    }
  | { type: 'boolean'; default: boolean | null }
  | { type: 'choice'; choices: FieldChoice[]; default: string | null }
  | {
      type: 'choices';
      choices: FieldChoice[];
      minItems: number | null;
      maxItems: number | null;
      default: string[] | null;
    }
  | { type: 'unknown'; raw: unknown }
);

/** What is wrong with a value, for whoever tells the user. */
export type FieldProblem =
  | { kind: 'missing' | 'wrong-type' | 'not-an-integer' | 'not-a-choice' }
  | { kind: 'too-short' | 'too-long' | 'too-small' | 'too-large' | 'too-few' | 'too-many'; limit: number }
  | { kind: 'wrong-format'; format: string }
  | { kind: 'wrong-pattern'; pattern: string };

/** What a form is filled with before the user has touched it. */
export function defaultsOf(fields: readonly FormField[]): Record<string, FieldValue> {
  const values: Record<string, FieldValue> = {};
  for (const field of fields) {
    if (field.type !== 'unknown' && field.default !== null) values[field.name] = field.default;
  }
  return values;
}

/** What is wrong with a field's value, or null. Undefined stands for one that was left empty. */
export function checkField(field: FormField, value: FieldValue | undefined): FieldProblem | null {
  if (value === undefined || value === '') return field.required ? { kind: 'missing' } : null;
  switch (field.type) {
    case 'text':
      return typeof value === 'string' ? checkText(field, value) : { kind: 'wrong-type' };
    case 'number':
      return typeof value === 'number' ? checkNumber(field, value) : { kind: 'wrong-type' };
    case 'boolean':
      return typeof value === 'boolean' ? null : { kind: 'wrong-type' };
    case 'choice':
      return isChoice(field.choices, value) ? null : { kind: 'not-a-choice' };
    case 'choices':
      return Array.isArray(value) ? checkChoices(field, value) : { kind: 'wrong-type' };
    case 'unknown':
      return { kind: 'wrong-type' };
  }
}

function checkText(field: Extract<FormField, { type: 'text' }>, value: string): FieldProblem | null {
  const { minLength, maxLength, format, pattern } = field;
  const length = Array.from(value).length;
  if (minLength !== null && length < minLength) return { kind: 'too-short', limit: minLength };
  if (maxLength !== null && length > maxLength) return { kind: 'too-long', limit: maxLength };
  if (format !== null && !hasFormat(format, value)) return { kind: 'wrong-format', format };
  if (pattern !== null && !matches(pattern, value)) return { kind: 'wrong-pattern', pattern };
  return null;
}

function checkNumber(field: Extract<FormField, { type: 'number' }>, value: number): FieldProblem | null {
  const { integer, minimum, maximum } = field;
  if (!Number.isFinite(value)) return { kind: 'wrong-type' };
  if (integer && !Number.isInteger(value)) return { kind: 'not-an-integer' };
  if (minimum !== null && value < minimum) return { kind: 'too-small', limit: minimum };
  if (maximum !== null && value > maximum) return { kind: 'too-large', limit: maximum };
  return null;
}

function checkChoices(
  field: Extract<FormField, { type: 'choices' }>,
  values: readonly string[],
): FieldProblem | null {
  const { choices, minItems, maxItems, required } = field;
  if (!values.every((value) => isChoice(choices, value))) return { kind: 'not-a-choice' };
  if (required && values.length === 0) return { kind: 'missing' };
  if (minItems !== null && values.length < minItems) return { kind: 'too-few', limit: minItems };
  if (maxItems !== null && values.length > maxItems) return { kind: 'too-many', limit: maxItems };
  return null;
}

function isChoice(choices: readonly FieldChoice[], value: FieldValue): boolean {
  return choices.some((choice) => choice.value === value);
}

/** A format that we do not know is for the agent to judge. */
function hasFormat(format: string, value: string): boolean {
  switch (format) {
    case 'email':
      return /^[^\s@]+@[^\s@]+$/.test(value);
    case 'uri':
      return URL.canParse(value);
    case 'date':
      return /^\d{4}-\d\d-\d\d$/.test(value) && isDay(value);
    case 'date-time':
      return (
        /^\d{4}-\d\d-\d\d[Tt ][\d:.]+([Zz]|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))
      );
    default:
      return true;
  }
}

/** `Date` takes the 31st of February for the 3rd of March. */
function isDay(value: string): boolean {
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

/** A pattern can be made to take for ever, so it is given only so long; one that cannot be tried is passed over. */
const patternLimitMs = 100;

function matches(pattern: string, value: string): boolean {
  try {
    const found: unknown = runInNewContext(
      'new RegExp(pattern, "u").test(value)',
      { pattern, value },
      { timeout: patternLimitMs },
    );
    return found === true;
  } catch {
    return true;
  }
}
