import { describe, expect, test } from 'vitest';
import type { ElicitationHandlers } from '../../../src/acp/clientHandlers.ts';
import { checkField, defaultsOf } from '../../../src/acp/elicitation.ts';
import type {
  ElicitationAnswer,
  FormElicitation,
  FormField,
  UrlElicitation,
} from '../../../src/acp/elicitation.ts';
import { decodeForm } from '../../../src/acp/v1/decodeForm.ts';
import { TestClient, textPrompt } from './pipeAgent.ts';

interface Asked<Request> {
  request: Request;
  signal: AbortSignal;
  answer: (answer: ElicitationAnswer) => void;
}

/** A client that keeps what it is asked for the test to answer. */
async function withElicitation(only?: 'form' | 'url') {
  const forms: Asked<FormElicitation>[] = [];
  const urls: Asked<UrlElicitation>[] = [];
  const completed: string[] = [];
  const keep =
    <Request>(asked: Asked<Request>[]) =>
    (request: Request, signal: AbortSignal) =>
      new Promise<ElicitationAnswer>((resolve) => asked.push({ request, signal, answer: resolve }));
  const elicitation: ElicitationHandlers = {
    ...(only === 'url' ? {} : { form: keep(forms) }),
    ...(only === 'form' ? {} : { url: keep(urls) }),
    completed: (id) => completed.push(id),
  };
  const setup = await TestClient.withSession({ handlers: { elicitation } });
  const ask = (params: object) => {
    setup.agent.send({ id: 'e', method: 'elicitation/create', params: { message: 'M', ...params } });
    return setup.agent.answer('e');
  };
  return { ...setup, ask, forms, urls, completed };
}

const form = { mode: 'form', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } };
const url = { mode: 'url', elicitationId: 'id-1', url: 'https://example.com/sign-in?state=x#y' };

/** The first question once it is there. */
async function first<Request>(agent: TestClient['agent'], asked: Asked<Request>[]): Promise<Asked<Request>> {
  await agent.settled();
  const [question] = asked;
  if (question === undefined) throw new Error('Nothing was asked.');
  return question;
}

describe('case 47: elicitation', () => {
  test.each([
    ['form', { form: {} }],
    ['url', { url: {} }],
    [undefined, { form: {}, url: {} }],
  ] as const)('is advertised by mode: %s', async (only, expected) => {
    const { agent } = await withElicitation(only);
    expect(agent.received[0]?.params?.clientCapabilities).toMatchObject({ elicitation: expected });
  });

  test('a form is asked and its answer given back', async () => {
    const { agent, ask, forms } = await withElicitation();
    const answered = ask({ sessionId: 's1', toolCallId: 'c', ...form });
    const { request, answer } = await first(agent, forms);
    expect(request).toMatchObject({
      sessionId: 's1',
      toolCallId: 'c',
      message: 'M',
      mode: 'form',
      fields: [{ name: 'name', title: 'name', type: 'text', required: false }],
    });
    answer({ action: 'accept', content: { name: 'Ann' } });
    expect((await answered).result).toEqual({ action: 'accept', content: { name: 'Ann' } });
  });

  test.each(['decline', 'cancel'] as const)('a form may be answered with %s', async (action) => {
    const { agent, ask, forms } = await withElicitation();
    const answered = ask({ sessionId: 's1', ...form });
    (await first(agent, forms)).answer({ action });
    expect((await answered).result).toEqual({ action });
  });

  test('of an address the whole is shown, and nothing is answered before the user has', async () => {
    const { agent, ask, urls, completed } = await withElicitation();
    const answered = ask({ sessionId: 's1', ...url });
    const { request, answer } = await first(agent, urls);
    expect(request).toMatchObject({ mode: 'url', url: url.url, elicitationId: 'id-1', message: 'M' });
    expect(agent.received.some(({ id }) => id === 'e')).toBe(false);
    answer({ action: 'accept' });
    expect((await answered).result).toEqual({ action: 'accept' });
    agent.send({ method: 'elicitation/complete', params: { elicitationId: 'id-1' } });
    agent.send({ method: 'elicitation/complete', params: {} });
    await agent.settled();
    expect(completed).toEqual(['id-1']);
  });

  test.each([
    'file:///etc/passwd',
    'javascript:alert(1)',
    'vscode://x/y',
    'command:x',
    'https://',
    'not one',
    7,
  ])('the address %j is refused before anybody sees it', async (address) => {
    const { ask, urls } = await withElicitation();
    expect((await ask({ sessionId: 's1', ...url, url: address })).error?.code).toBe(-32602);
    expect(urls).toEqual([]);
  });

  test('a mode that was not advertised, or that nobody knows, is refused', async () => {
    const { ask } = await withElicitation('form');
    expect((await ask({ sessionId: 's1', ...url })).error?.code).toBe(-32602);
    expect((await ask({ sessionId: 's1', mode: 'telepathy' })).error?.code).toBe(-32602);
    const { agent } = await TestClient.withSession();
    expect((await agent.ask('elicitation/create', form)).error?.code).toBe(-32601);
  });

  test('a question outside of any session, as while signing in', async () => {
    const { agent, ask, forms } = await withElicitation();
    const answered = ask({ requestId: 3, ...form });
    const { request, answer } = await first(agent, forms);
    expect(request.sessionId).toBeNull();
    answer({ action: 'decline' });
    expect((await answered).result).toEqual({ action: 'decline' });
  });

  test.each(['s1', undefined])('the agent may take its question back (session %s)', async (sessionId) => {
    const { agent, ask, forms } = await withElicitation();
    const answered = ask({ sessionId, ...form });
    const { signal } = await first(agent, forms);
    agent.send({ method: '$/cancel_request', params: { requestId: 'e' } });
    expect((await answered).result).toEqual({ action: 'cancel' });
    expect(signal.aborted).toBe(true);
  });

  test('a cancel of the turn, and its end, close its questions', async () => {
    const { agent, ask, forms, session } = await withElicitation();
    const prompted = session.prompt(textPrompt);
    const request = await agent.request('session/prompt');
    const answered = ask({ sessionId: 's1', ...form });
    const { signal } = await first(agent, forms);
    const stopping = session.cancel();
    expect((await answered).result).toEqual({ action: 'cancel' });
    expect(signal.aborted).toBe(true);
    expect((await ask({ sessionId: 's1', ...form })).result).toEqual({ action: 'cancel' });
    expect(forms).toHaveLength(1);
    agent.respond(request, { stopReason: 'cancelled' });
    await Promise.all([stopping, prompted]);

    const second = session.prompt(textPrompt);
    const open = ask({ sessionId: 's1', ...form });
    agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
    await second;
    expect((await open).result).toEqual({ action: 'cancel' });
  });
});

/** The only field of a form with this property. */
function fieldOf(property: object, required: string[] = []): FormField {
  const [field] = decodeForm({ properties: { f: property }, required }).fields;
  if (field === undefined) throw new Error('There is no field.');
  return field;
}

describe('case 47: the fields of a form', () => {
  const common = { name: 'f', title: 'f', description: null, required: false };

  test.each([
    [
      {
        type: 'string',
        title: 'T',
        description: 'D',
        minLength: 1,
        maxLength: 9,
        format: 'email',
        pattern: '^a',
        default: 'a@b',
      },
      {
        ...common,
        title: 'T',
        description: 'D',
        type: 'text',
        minLength: 1,
        maxLength: 9,
        format: 'email',
        pattern: '^a',
        default: 'a@b',
      },
    ],
    [
      { type: 'string' },
      {
        ...common,
        type: 'text',
        minLength: null,
        maxLength: null,
        format: null,
        pattern: null,
        default: null,
      },
    ],
    [
      { type: 'integer', minimum: 1, maximum: 5, default: 3 },
      { ...common, type: 'number', integer: true, minimum: 1, maximum: 5, default: 3 },
    ],
    [
      { type: 'number' },
      { ...common, type: 'number', integer: false, minimum: null, maximum: null, default: null },
    ],
    [
      { type: 'boolean', default: false },
      { ...common, type: 'boolean', default: false },
    ],
    [
      { type: 'string', enum: ['a', 'b'], enumNames: ['A'], default: 'b' },
      {
        ...common,
        type: 'choice',
        choices: [
          { value: 'a', title: 'A', description: null },
          { value: 'b', title: 'b', description: null },
        ],
        default: 'b',
      },
    ],
    [
      { type: 'string', oneOf: [{ const: 'a', title: 'A', description: 'First' }, { title: 'no value' }] },
      {
        ...common,
        type: 'choice',
        choices: [{ value: 'a', title: 'A', description: 'First' }],
        default: null,
      },
    ],
    [
      { type: 'array', items: { type: 'string', enum: ['a'] }, minItems: 1, maxItems: 2, default: ['a'] },
      {
        ...common,
        type: 'choices',
        choices: [{ value: 'a', title: 'a', description: null }],
        minItems: 1,
        maxItems: 2,
        default: ['a'],
      },
    ],
    [
      { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } },
      {
        ...common,
        type: 'choices',
        choices: [{ value: 'a', title: 'A', description: null }],
        minItems: null,
        maxItems: null,
        default: null,
      },
    ],
    [{ type: 'object' }, { ...common, type: 'unknown', raw: { type: 'object' } }],
    [{ type: 'array' }, { ...common, type: 'unknown', raw: { type: 'array' } }],
  ])('%j', (property, field) => {
    expect(fieldOf(property)).toEqual(field);
  });

  test('a form begins with its defaults', () => {
    const { fields } = decodeForm({
      title: 'Deploy',
      properties: {
        where: { type: 'string', enum: ['here', 'there'], default: 'here' },
        count: { type: 'integer', default: 3 },
        sure: { type: 'boolean', default: false },
        tags: { type: 'array', items: { enum: ['a'] }, default: ['a'] },
        why: { type: 'string', default: null },
        odd: { type: 'odd', default: 1 },
      },
    });
    expect(defaultsOf(fields)).toEqual({ where: 'here', count: 3, sure: false, tags: ['a'] });
    expect(decodeForm(null)).toEqual({ title: null, description: null, fields: [] });
  });

  test.each([
    [{ type: 'string' }, '', true, { kind: 'missing' }],
    [{ type: 'string' }, undefined, true, { kind: 'missing' }],
    [{ type: 'string' }, '', false, null],
    [{ type: 'string', minLength: 2 }, '🎉', false, { kind: 'too-short', limit: 2 }],
    [{ type: 'string', maxLength: 2 }, 'abc', false, { kind: 'too-long', limit: 2 }],
    [{ type: 'string', maxLength: 2 }, '🎉🎉', false, null],
    [{ type: 'string', format: 'email' }, 'ann', false, { kind: 'wrong-format', format: 'email' }],
    [{ type: 'string', format: 'email' }, 'ann@example.com', false, null],
    [{ type: 'string', format: 'uri' }, 'example', false, { kind: 'wrong-format', format: 'uri' }],
    [{ type: 'string', format: 'date' }, '2026-02-31', false, { kind: 'wrong-format', format: 'date' }],
    [{ type: 'string', format: 'date' }, '2026-02-28', false, null],
    [
      { type: 'string', format: 'date-time' },
      '2026-02-28',
      false,
      { kind: 'wrong-format', format: 'date-time' },
    ],
    [{ type: 'string', format: 'date-time' }, '2026-02-28T12:00:00Z', false, null],
    [{ type: 'string', format: 'colour' }, 'anything', false, null],
    [{ type: 'string', pattern: '^\\d+$' }, 'x', false, { kind: 'wrong-pattern', pattern: '^\\d+$' }],
    [{ type: 'string', pattern: '^\\d+$' }, '12', false, null],
    [{ type: 'string', pattern: '((' }, 'x', false, null],
    [{ type: 'string' }, 5, false, { kind: 'wrong-type' }],
    [{ type: 'number' }, 'x', false, { kind: 'wrong-type' }],
    [{ type: 'number' }, Number.NaN, false, { kind: 'wrong-type' }],
    [{ type: 'integer' }, 1.5, false, { kind: 'not-an-integer' }],
    [{ type: 'number', minimum: 0 }, -0.5, false, { kind: 'too-small', limit: 0 }],
    [{ type: 'number', maximum: 5 }, 6, false, { kind: 'too-large', limit: 5 }],
    [{ type: 'number', maximum: 5 }, 5, true, null],
    [{ type: 'boolean' }, false, true, null],
    [{ type: 'boolean' }, 'yes', false, { kind: 'wrong-type' }],
    [{ type: 'string', enum: ['a'] }, 'b', false, { kind: 'not-a-choice' }],
    [{ type: 'array', items: { enum: ['a', 'b'] } }, ['a', 'x'], false, { kind: 'not-a-choice' }],
    [
      { type: 'array', items: { enum: ['a', 'b'] }, minItems: 2 },
      ['a'],
      false,
      { kind: 'too-few', limit: 2 },
    ],
    [
      { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 1 },
      ['a', 'b'],
      false,
      { kind: 'too-many', limit: 1 },
    ],
    [{ type: 'array', items: { enum: ['a'] } }, [], true, { kind: 'missing' }],
    [{ type: 'array', items: { enum: ['a'] } }, [], false, null],
    [{ type: 'odd' }, 'x', false, { kind: 'wrong-type' }],
  ])('%j with %j (required: %s) has the problem %j', (property, value, required, problem) => {
    expect(checkField(fieldOf(property, required ? ['f'] : []), value)).toEqual(problem);
  });

  test('a pattern that would take for ever is given up', () => {
    const field = fieldOf({ type: 'string', pattern: '^(a+)+$' });
    expect(checkField(field, `${'a'.repeat(50)}!`)).toBeNull();
  });
});
