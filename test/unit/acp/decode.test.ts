import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeStopReason, decodeUpdates } from '../../../src/acp/v1/decodeUpdate.ts';
import { asObject } from '../../../src/acp/json.ts';
import { ToolCalls } from '../../../src/acp/toolCalls.ts';
import type { Update } from '../../../src/acp/types.ts';
import { exampleUpdates } from './messages.ts';

function exampleOf(sessionUpdate: string): object {
  return asObject(asObject(exampleUpdates)[sessionUpdate]);
}

/** All but what is said of terminals is one update. */
function only(updates: readonly Update[]): Update {
  const [update, ...others] = updates;
  expect(others).toEqual([]);
  if (update === undefined) throw new Error('There is no update.');
  return update;
}

function message(role: string, text: string, messageId: string | null) {
  return { type: 'message', role, text, content: { type: 'text', text }, messageId };
}

function decode(sessionUpdate: string, fields: object = exampleOf(sessionUpdate)) {
  return only(decodeUpdates({ sessionId: 's', update: { sessionUpdate, ...fields } }));
}

/** What a tool call looks like after these updates. */
function toolCallAfter(...updates: object[]) {
  const calls = new ToolCalls();
  for (const update of updates) {
    const decoded = decode('tool_call_update', { toolCallId: 'c1', ...update });
    if (decoded.type === 'tool_call_patch') calls.apply(decoded.patch);
  }
  return calls.apply({ id: 'c1' }).toolCall;
}

describe('updates', () => {
  test.each([
    ['user_message_chunk', message('user', 'Hi', null)],
    ['agent_message_chunk', message('agent', 'Hello', 'm1')],
    ['agent_thought_chunk', message('thought', 'Hm', null)],
    [
      'tool_call',
      {
        type: 'tool_call_patch',
        patch: {
          id: 'c1',
          title: 'Edit a.txt',
          kind: 'edit',
          status: 'pending',
          content: [{ type: 'diff', path: '/a.txt', oldText: null, newText: 'a' }],
          locations: [{ path: '/a.txt', line: 3 }],
          rawInput: { path: '/a.txt' },
        },
      },
    ],
    [
      'tool_call_update',
      { type: 'tool_call_patch', patch: { id: 'c1', status: 'completed', rawOutput: 'ok' } },
    ],
    ['plan', { type: 'plan', entries: [{ content: 'Look', priority: 'high', status: 'pending' }] }],
    [
      'available_commands_update',
      { type: 'commands', commands: [{ name: 'plan', description: 'Makes a plan', hint: 'for what' }] },
    ],
    ['current_mode_update', { type: 'mode', modeId: 'https://agent.example/modes#code' }],
    [
      'config_option_update',
      {
        type: 'config_options',
        options: [
          {
            id: 'model',
            name: 'Model',
            description: null,
            category: 'model',
            type: 'select',
            currentValue: 'big',
            choices: [{ id: 'big', name: 'Big', description: null, group: 'Group' }],
            origin: 'config',
          },
          {
            id: 'fast',
            name: 'Fast',
            description: null,
            category: null,
            type: 'boolean',
            currentValue: true,
            choices: [],
            origin: 'config',
          },
        ],
      },
    ],
    ['session_info_update', { type: 'session_info', title: 'A title', updatedAt: null }],
    ['usage_update', { type: 'usage', used: 10, size: 200, cost: { amount: 0.5, currency: 'USD' } }],
    ['notice', { type: 'notice', severity: 'warning', title: 'Slow', description: null }],
    [
      'compaction_update',
      {
        type: 'compaction_patch',
        patch: { id: 'x', status: 'completed', summary: [{ type: 'text', text: 'Old' }], error: null },
      },
    ],
    [
      'compaction_summary_chunk',
      { type: 'compaction_patch', patch: { id: 'x', added: { type: 'text', text: 'Short' } } },
    ],
  ])('%s is read into the model', (kind, expected) => {
    expect(decode(kind)).toEqual(expected);
  });

  test('every update of the schema is known', () => {
    const entry = fileURLToPath(import.meta.resolve('@agentclientprotocol/sdk'));
    const file = join(dirname(entry), '../../../schema/v1/schema.json');
    const schema = asObject(JSON.parse(readFileSync(file, 'utf8')));
    const variants = asObject(asObject(schema.$defs).SessionUpdate).oneOf as object[];
    const kinds = variants.map(
      (variant) => asObject(asObject(asObject(variant).properties).sessionUpdate).const as string,
    );
    expect(kinds.length).toBeGreaterThan(10);
    expect(kinds.filter((kind) => decode(kind).type === 'unknown')).toEqual([]);
  });

  test('case 20: null where an object or a list is expected', () => {
    for (const kind of Object.keys(exampleUpdates)) {
      const nulls = Object.fromEntries(Object.keys(exampleOf(kind)).map((field) => [field, null]));
      expect(() => decode(kind, nulls)).not.toThrow();
    }
    expect(decodeUpdates(null)).toEqual([{ type: 'unknown', kind: '', raw: null }]);
    expect(decodeUpdates({ sessionId: 's', update: null })).toMatchObject([{ type: 'unknown' }]);
    expect(decode('plan', { entries: null })).toEqual({ type: 'plan', entries: [] });
  });

  test('case 35: an unknown update survives', () => {
    expect(decode('hologram', { x: 1 })).toEqual({
      type: 'unknown',
      kind: 'hologram',
      raw: { sessionUpdate: 'hologram', x: 1 },
    });
    expect(decode('current_mode_update', { currentModeId: 7 }).type).toBe('unknown');
  });

  test('case 35: an unknown stop reason, tool kind, status and content survive', () => {
    expect(decodeStopReason({ stopReason: 'bored' })).toBe('bored');
    const call = toolCallAfter({
      kind: 'dream',
      status: 'paused',
      content: [{ type: 'smell', of: 'roses' }],
    });
    expect(call).toMatchObject({ kind: 'dream', status: 'paused' });
    expect(call.content).toEqual([{ type: 'unknown', raw: { type: 'smell', of: 'roses' } }]);
    expect(decode('agent_message_chunk', { content: { type: 'smell' } })).toMatchObject({
      text: '',
      content: { type: 'unknown', raw: { type: 'smell' } },
    });
  });

  test('case 36: in a tool_call_update what is left out stays, null clears, a list replaces', () => {
    const full = exampleUpdates.tool_call;
    const before = toolCallAfter(full);
    expect(toolCallAfter(full, {})).toEqual(before);
    expect(toolCallAfter(full, { title: 7, content: 'x', locations: 1 })).toEqual(before);
    expect(
      toolCallAfter(full, {
        title: null,
        kind: null,
        status: null,
        content: null,
        locations: null,
        rawInput: null,
      }),
    ).toEqual({
      id: 'c1',
      title: '',
      name: null,
      kind: 'other',
      status: 'pending',
      content: [],
      locations: [],
      rawInput: null,
      rawOutput: null,
    });
    const replaced = toolCallAfter(full, { content: [], locations: [{ path: '/b' }], status: 'completed' });
    expect(replaced).toEqual({
      ...before,
      content: [],
      locations: [{ path: '/b', line: null }],
      status: 'completed',
    });
  });

  test('case 37: a bare content block in tool content', () => {
    const block = { type: 'text', text: 'out' };
    const expected = [{ type: 'content', content: block }];
    expect(toolCallAfter({ content: [block] }).content).toEqual(expected);
    expect(toolCallAfter({ content: [{ type: 'content', content: block }] }).content).toEqual(expected);
    expect(toolCallAfter({ content: block }).content).toEqual(expected);
    expect(toolCallAfter({ content: ['out'] }).content).toEqual(expected);
  });

  test('case 38: the diff of a new file; the same file twice', () => {
    const content = [
      { type: 'diff', path: '/a', newText: '1' },
      { type: 'diff', path: '/a', oldText: '1', newText: '2' },
    ];
    expect(toolCallAfter({ content }).content).toEqual([{ ...content[0], oldText: null }, content[1]]);
  });

  test('case 39: what an agent tells of its own terminals comes beside its tool call', () => {
    const update = {
      sessionUpdate: 'tool_call_update',
      toolCallId: 'c1',
      _meta: {
        terminal_info: { terminal_id: 't1', cwd: '/work' },
        terminal_output: { terminal_id: 't1', data: 'out' },
        terminal_exit: { terminal_id: 't1', exit_code: 2, signal: null },
      },
    };
    expect(decodeUpdates({ sessionId: 's', update })).toEqual([
      { type: 'tool_call_patch', patch: { id: 'c1' } },
      { type: 'terminal_patch', patch: { id: 't1', cwd: '/work' } },
      { type: 'terminal_patch', patch: { id: 't1', output: 'out' } },
      { type: 'terminal_patch', patch: { id: 't1', exit: { exitCode: 2, signal: null } } },
    ]);
    for (const _meta of [null, 5, {}, { terminal_output: null }, { terminal_output: { data: 'whose?' } }]) {
      expect(decodeUpdates({ sessionId: 's', update: { ...update, _meta } })).toHaveLength(1);
    }
  });
});
