import { describe, expect, it } from 'vitest';
import { checkField, type FormElicitation, type FormField } from '../../../src/acp/elicitation.ts';
import {
  QuestionForm,
  unfillableField,
  type Entry,
  type FillableField,
  type FormStep,
  type StepOutcome,
} from '../../../src/providers/questionForm.ts';

const about = { description: null, required: false };
const name: FillableField = {
  ...about,
  name: 'name',
  title: 'Name',
  required: true,
  type: 'text',
  format: null,
  minLength: 2,
  maxLength: null,
  pattern: null,
  default: null,
};
const count: FillableField = {
  ...about,
  name: 'count',
  title: 'Count',
  type: 'number',
  integer: true,
  minimum: 1,
  maximum: null,
  default: 3,
};
const sure: FillableField = { ...about, name: 'sure', title: 'Sure', type: 'boolean', default: false };
const choices = ['a', 'b', 'c'].map((value) => ({ value, title: value.toUpperCase(), description: null }));
const tags: FillableField = {
  ...about,
  name: 'tags',
  title: 'Tags',
  type: 'choices',
  choices,
  minItems: null,
  maxItems: 2,
  default: ['a'],
};
const map: FormField = { ...about, name: 'map', title: 'Map', type: 'unknown', raw: {} };

function asked(...fields: FormField[]): FormElicitation {
  return {
    id: '1',
    sessionId: 's',
    toolCallId: null,
    message: 'Which?',
    mode: 'form',
    title: null,
    description: null,
    fields,
  };
}

function form(...fields: FormField[]): QuestionForm {
  return new QuestionForm(asked(...fields), checkField);
}

/** Answers the steps one after another, and notes what they were asked with. */
function answering(...outcomes: StepOutcome[]): {
  steps: FormStep[];
  ask: (step: FormStep) => Promise<StepOutcome>;
} {
  const steps: FormStep[] = [];
  const ask = (step: FormStep): Promise<StepOutcome> => {
    steps.push(step);
    const outcome = outcomes.shift();
    return outcome ? Promise.resolve(outcome) : Promise.reject(new Error('Asked once too often'));
  };
  return { steps, ask };
}

describe('a form', () => {
  it('begins with its defaults and sends what was put in', async () => {
    const { steps, ask } = answering(
      { go: 'on', entry: 'Ada' },
      { go: 'on', entry: '4' },
      { go: 'on', entry: true },
      { go: 'on', entry: ['b', 'c'] },
    );
    const outcome = await form(name, count, sure, tags).fill(ask);
    expect(steps.map(({ entry, number, total }) => [entry, number, total])).toEqual([
      [undefined, 1, 4],
      ['3', 2, 4],
      [false, 3, 4],
      [['a'], 4, 4],
    ]);
    expect(outcome).toEqual({
      action: 'accept',
      content: { name: 'Ada', count: 4, sure: true, tags: ['b', 'c'] },
    });
  });

  it('leaves out what was left empty', async () => {
    const { ask } = answering(
      { go: 'on', entry: 'Ada' },
      { go: 'on', entry: '' },
      { go: 'on', entry: undefined },
      { go: 'on', entry: [] },
    );
    const outcome = await form(name, count, sure, tags, map).fill(ask);
    expect(outcome).toEqual({ action: 'accept', content: { name: 'Ada', tags: [] } });
  });

  it('goes back, and what was typed is still there both ways', async () => {
    const { steps, ask } = answering(
      { go: 'back', entry: 'A' },
      { go: 'on', entry: 'Ada' },
      { go: 'back', entry: '12' },
      { go: 'on', entry: 'Ada L.' },
      { go: 'on', entry: '12' },
    );
    const outcome = await form(name, count).fill(ask);
    expect(steps.map(({ field, entry }) => [field.name, entry])).toEqual([
      ['name', undefined],
      ['name', 'A'],
      ['count', '3'],
      ['name', 'Ada'],
      ['count', '12'],
    ]);
    expect(outcome).toEqual({ action: 'accept', content: { name: 'Ada L.', count: 12 } });
  });

  it('that was put off goes on where it was, with what was half typed', async () => {
    const draft = form(name, count);
    const first = answering({ go: 'on', entry: 'Ada' }, { go: 'later', entry: 'not a num' });
    expect(await draft.fill(first.ask)).toBeNull();
    const second = answering({ go: 'on', entry: '7' });
    expect(await draft.fill(second.ask)).toEqual({
      action: 'accept',
      content: { name: 'Ada', count: 7 },
    });
    expect(second.steps).toMatchObject([{ field: { name: 'count' }, entry: 'not a num', number: 2 }]);
  });

  it('can be declined at every step', async () => {
    const { ask } = answering({ go: 'on', entry: 'Ada' }, { go: 'decline' });
    expect(await form(name, count).fill(ask)).toEqual({ action: 'decline' });
  });

  it('says which field it must have and nobody can fill in', () => {
    expect(unfillableField(asked(name, map))).toBeUndefined();
    expect(unfillableField(asked(name, { ...map, required: true }))).toMatchObject({ name: 'map' });
  });
});

describe('what is put into a field', () => {
  it.each([
    [count, ' 12 ', 12],
    [count, '-1.5e2', -150],
    [count, '.5', 0.5],
    [count, '  ', undefined],
    [name, '0', '0'],
    [sure, false, false],
    [tags, [], []],
    [{ ...tags, minItems: 1 }, [], undefined],
  ] as const)('is read: %o %o', async (field, entry, value) => {
    const { ask } = answering({ go: 'on', entry });
    expect(await form(field).fill(ask)).toEqual({
      action: 'accept',
      content: value === undefined ? {} : { [field.name]: value },
    });
  });

  it.each([
    [name, '', { kind: 'missing' }],
    [name, 'A', { kind: 'too-short', limit: 2 }],
    [count, '0x10', { kind: 'wrong-type' }],
    [count, '1,5', { kind: 'wrong-type' }],
    [count, '1.5', { kind: 'not-an-integer' }],
    [count, '0', { kind: 'too-small', limit: 1 }],
    [count, '', null],
    [tags, ['a', 'b', 'c'], { kind: 'too-many', limit: 2 }],
    [{ ...tags, required: true }, [], { kind: 'missing' }],
    [{ ...tags, minItems: 1 }, [], null],
  ] as const)('is checked: %o %o', async (field, entry: Entry, problem) => {
    const { steps, ask } = answering({ go: 'later', entry });
    await form(field).fill(ask);
    expect(steps[0]?.check(entry)).toEqual(problem);
  });
});
