import type { CommandParams, QueryResults } from '../api/contract.ts';

export type Question = QueryResults['questions'][number];
export type QuestionAnswer = CommandParams<'question.answer'>['answer'];
export type FormQuestion = Extract<Question['elicitation'], { mode: 'form' }>;
type FormContent = NonNullable<Extract<QuestionAnswer, { action: 'accept' }>['content']>;
type FieldValue = FormContent[string];
type FormField = FormQuestion['fields'][number];
/** A field that there is an input for. */
export type FillableField = Exclude<FormField, { type: 'unknown' }>;

/** What is wrong with a value. */
export type FieldProblem =
  | { kind: 'missing' | 'wrong-type' | 'not-an-integer' | 'not-a-choice' }
  | { kind: 'too-short' | 'too-long' | 'too-small' | 'too-large' | 'too-few' | 'too-many'; limit: number }
  | { kind: 'wrong-format'; format: string }
  | { kind: 'wrong-pattern'; pattern: string };

/** The rule that answers are checked by where they are sent, so that here nothing passes that is refused there. */
export type CheckField = (field: FormField, value: FieldValue | undefined) => FieldProblem | null;

/** What a field's input holds: text as it was typed (numbers too), or what was chosen. Undefined: left empty. */
export type Entry = string | boolean | readonly string[] | undefined;

export interface FormStep {
  field: FillableField;
  entry: Entry;
  /** From 1. */
  number: number;
  total: number;
  /** What is wrong with what is put in, or null. */
  check(entry: Entry): FieldProblem | null;
}

/** How the user leaves a step. What they have put in so far is kept, whichever way it is. */
export type StepOutcome = { go: 'on' | 'back' | 'later'; entry: Entry } | { go: 'decline' };

/** An agent's form while it is filled in. One that was put off goes on where it was. */
export class QuestionForm {
  readonly fields: readonly FillableField[];
  readonly #check: CheckField;
  readonly #entries: Map<string, Entry>;
  /** From 0. */
  #step = 0;

  constructor(form: FormQuestion, check: CheckField) {
    // One of a type that we do not know cannot be asked for.
    this.fields = form.fields.filter((field) => field.type !== 'unknown');
    this.#check = check;
    this.#entries = new Map(this.fields.map((field) => [field.name, defaultOf(field)]));
  }

  /** Asks for a field at a time; null when the user puts the form off. */
  async fill(ask: (step: FormStep) => Promise<StepOutcome>): Promise<QuestionAnswer | null> {
    for (let field = this.fields[this.#step]; field; field = this.fields[this.#step]) {
      const outcome = await ask(this.#stepFor(field));
      if (outcome.go === 'decline') return { action: 'decline' };
      this.#entries.set(field.name, outcome.entry);
      if (outcome.go === 'later') return null;
      this.#step = outcome.go === 'on' ? this.#step + 1 : Math.max(0, this.#step - 1);
    }
    // Should the answer be refused, the form is offered again at its last step.
    this.#step = Math.max(0, this.fields.length - 1);
    return { action: 'accept', content: this.#content() };
  }

  #stepFor(field: FillableField): FormStep {
    return {
      field,
      entry: this.#entries.get(field.name),
      number: this.#step + 1,
      total: this.fields.length,
      check: (entry) => this.#check(field, this.#valueOf(field, entry)),
    };
  }

  #content(): FormContent {
    const content: FormContent = {};
    for (const field of this.fields) {
      const value = this.#valueOf(field, this.#entries.get(field.name));
      if (value !== undefined) content[field.name] = value;
    }
    return content;
  }

  /** What an entry stands for; undefined when the field is left out of the answer. */
  #valueOf(field: FillableField, entry: Entry): FieldValue | undefined {
    if (entry === undefined || entry === '') return undefined;
    if (typeof entry === 'boolean') return entry;
    if (typeof entry === 'string') return field.type === 'number' ? numberOf(entry) : entry;
    // No choice at all is an answer where the agent allows it.
    return entry.length === 0 && this.#check(field, []) !== null ? undefined : [...entry];
  }
}

/** A field that must be filled in and cannot be, or undefined: such a form can only be declined. */
export function unfillableField(form: FormQuestion): FormField | undefined {
  return form.fields.find(({ type, required }) => type === 'unknown' && required);
}

function defaultOf(field: FillableField): Entry {
  if (field.default === null) return undefined;
  return typeof field.default === 'number' ? String(field.default) : field.default;
}

/** Not a number where the text is none, which no field takes. Blanks alone are left empty. */
function numberOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN;
}
