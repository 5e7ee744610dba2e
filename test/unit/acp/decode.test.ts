import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePermission, decodeStopReason, decodeUpdate } from '../../../src/acp/decodeUpdate.ts';
import { decodeInitialize, decodeProtocolVersion, decodeSessionSetup } from '../../../src/acp/decodeSetup.ts';
import { normalize } from '../../../src/acp/dialects.ts';
import { asObject } from '../../../src/acp/json.ts';
import { fromWire } from '../../../src/acp/rpcMessages.ts';
import { ToolCalls } from '../../../src/acp/toolCalls.ts';

/** One example of each update of version 1, as agents send them. */
const examples = {
  user_message_chunk: { content: { type: 'text', text: 'Hi' } },
  agent_message_chunk: { content: { type: 'text', text: 'Hello' }, messageId: 'm1' },
  agent_thought_chunk: { content: { type: 'text', text: 'Hm' } },
  tool_call: {
    toolCallId: 'c1',
    title: 'Edit a.txt',
    kind: 'edit',
    status: 'pending',
    content: [{ type: 'diff', path: '/a.txt', oldText: null, newText: 'a' }],
    locations: [{ path: '/a.txt', line: 3 }],
    rawInput: { path: '/a.txt' },
  },
  tool_call_update: { toolCallId: 'c1', status: 'completed', rawOutput: 'ok' },
  plan: { entries: [{ content: 'Look', priority: 'high', status: 'pending' }] },
  available_commands_update: {
    availableCommands: [{ name: 'plan', description: 'Makes a plan', input: { hint: 'for what' } }],
  },
  current_mode_update: { currentModeId: 'https://agent.example/modes#code' },
  config_option_update: {
    configOptions: [
      {
        id: 'model',
        name: 'Model',
        category: 'model',
        type: 'select',
        currentValue: 'big',
        options: [{ group: 'g', name: 'Group', options: [{ value: 'big', name: 'Big' }] }],
      },
      { id: 'fast', name: 'Fast', type: 'boolean', currentValue: true },
    ],
  },
  session_info_update: { title: 'A title', updatedAt: null },
  usage_update: { used: 10, size: 200, cost: { amount: 0.5, currency: 'USD' } },
  notice: { severity: 'warning', title: 'Slow', description: null },
  compaction_update: { compactionId: 'x', status: 'completed' },
  compaction_summary_chunk: { compactionId: 'x', content: { type: 'text', text: 'Short' } },
};

function exampleOf(sessionUpdate: string): object {
  return asObject(asObject(examples)[sessionUpdate]);
}

function message(role: string, text: string, messageId: string | null) {
  return { type: 'message', role, text, content: { type: 'text', text }, messageId };
}

function decode(sessionUpdate: string, fields: object = exampleOf(sessionUpdate)) {
  return decodeUpdate({ sessionId: 's', update: { sessionUpdate, ...fields } });
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
            choices: [{ id: 'big', name: 'Big', description: null }],
          },
          {
            id: 'fast',
            name: 'Fast',
            description: null,
            category: null,
            type: 'boolean',
            currentValue: true,
            choices: [],
          },
        ],
      },
    ],
    ['session_info_update', { type: 'session_info', title: 'A title', updatedAt: null }],
    ['usage_update', { type: 'usage', used: 10, size: 200, cost: { amount: 0.5, currency: 'USD' } }],
    ['notice', { type: 'notice', severity: 'warning', title: 'Slow', description: null }],
  ])('%s is read into the model', (kind, expected) => {
    expect(decode(kind)).toEqual(expected);
  });

  test('every update of the schema is known, but those that must be asked for', () => {
    const entry = fileURLToPath(import.meta.resolve('@agentclientprotocol/sdk'));
    const file = join(dirname(entry), '../../../schema/v1/schema.json');
    const schema = asObject(JSON.parse(readFileSync(file, 'utf8')));
    const variants = asObject(asObject(schema.$defs).SessionUpdate).oneOf as object[];
    const kinds = variants.map(
      (variant) => asObject(asObject(asObject(variant).properties).sessionUpdate).const as string,
    );
    expect(kinds.length).toBeGreaterThan(10);
    expect(kinds.filter((kind) => decode(kind).type === 'unknown')).toEqual([
      'compaction_update',
      'compaction_summary_chunk',
    ]);
  });

  test('case 20: null where an object or a list is expected', () => {
    for (const kind of Object.keys(examples)) {
      const nulls = Object.fromEntries(Object.keys(exampleOf(kind)).map((field) => [field, null]));
      expect(() => decode(kind, nulls)).not.toThrow();
    }
    expect(decodeUpdate(null)).toEqual({ type: 'unknown', kind: '', raw: null });
    expect(decodeUpdate({ sessionId: 's', update: null }).type).toBe('unknown');
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
    const full = examples.tool_call;
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
});

describe('other messages', () => {
  test('case 19: without agentCapabilities all is off', () => {
    const off = decodeInitialize({ protocolVersion: 1 }, 1);
    expect(JSON.stringify(off.capabilities)).not.toContain('true');
    expect(off).toMatchObject({ authMethods: [], agentInfo: null });
    for (const result of [null, {}, { agentCapabilities: null, authMethods: null, agentInfo: null }]) {
      expect(decodeInitialize(result, 1)).toEqual(off);
    }
  });

  test('what is advertised is on', () => {
    const result = {
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true },
        mcpCapabilities: { http: true, sse: null },
        sessionCapabilities: { resume: {}, list: null },
      },
      authMethods: [
        { id: 'login', name: 'Log in', type: 'terminal', args: ['login'], env: { A: 'b', C: 1 } },
        null,
      ],
      agentInfo: { name: 'agent', version: '1.2.3' },
    };
    expect(decodeInitialize(result, 1)).toEqual({
      protocolVersion: 1,
      capabilities: {
        loadSession: true,
        prompt: { image: true, audio: false, embeddedContext: false },
        mcp: { http: true, sse: false },
        session: { list: false, resume: true, close: false, delete: false, additionalDirectories: false },
        auth: { logout: false },
      },
      authMethods: [
        {
          id: 'login',
          name: 'Log in',
          description: null,
          type: 'terminal',
          args: ['login'],
          env: { A: 'b' },
        },
      ],
      agentInfo: { name: 'agent', title: null, version: '1.2.3' },
    });
  });

  test('case 18: the version, however it is written', () => {
    expect(
      [1, '1', null, undefined].map((version) => decodeProtocolVersion({ protocolVersion: version }, 1)),
    ).toEqual([1, 1, 1, 1]);
    expect(
      [2, 0, '2025-01-01', {}].map((version) => decodeProtocolVersion({ protocolVersion: version }, 1)),
    ).toEqual([2, 0, '2025-01-01', 'object']);
  });

  test('case 20: what opens a session may answer null', () => {
    const nothing = { modes: null, models: null, configOptions: [] };
    expect(decodeSessionSetup(null)).toEqual(nothing);
    expect(decodeSessionSetup({ sessionId: 's', modes: null, configOptions: null, status: 'ready' })).toEqual(
      nothing,
    );
  });

  test('case 29: options keep their order and their duplicates', () => {
    const options = [
      { optionId: 'cancel', name: 'No', kind: 'reject_once' },
      { optionId: 'a', name: 'Always here', kind: 'allow_always' },
      { optionId: 'b', name: 'Always', kind: 'allow_always' },
      { optionId: 'c', kind: 'allow_on_sundays' },
      { name: 'Without an id', kind: 'allow_once' },
    ];
    expect(decodePermission({ toolCall: { toolCallId: 'c1' }, options }).options).toEqual([
      ...options.slice(0, 3),
      { optionId: 'c', name: 'c', kind: 'unknown' },
    ]);
  });
});

describe('properties of the decoder', () => {
  const transcript: object[] = [
    ...Object.entries(examples).map(([sessionUpdate, fields]) => ({
      jsonrpc: '2.0',
      method: 'session/update',
      params: { sessionId: 's', update: { sessionUpdate, ...fields } },
    })),
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'session/request_permission',
      params: {
        sessionId: 's',
        toolCall: examples.tool_call,
        options: [{ optionId: 'a', name: 'A', kind: 'allow_once' }],
      },
    },
    {
      jsonrpc: '2.0',
      id: 0,
      result: { protocolVersion: 1, agentCapabilities: {}, authMethods: [{ id: 'x', name: 'X' }] },
    },
    { jsonrpc: '2.0', id: 0, error: { code: -32000, message: 'Sign in', data: {} } },
    { jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: 1 } },
  ];

  test('mutated messages never throw, and what is read is never half read', () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(...transcript),
        fc.array(fc.tuple(fc.nat(), fc.jsonValue()), { minLength: 1, maxLength: 4 }),
      )
      .map(([message, changes]) =>
        changes.reduce<unknown>((value, [place, by]) => replaceNode(value, place, by), message),
      );
    fc.assert(
      fc.property(mutated, (value) => {
        for (const message of normalize(value).messages) {
          fromWire(message);
          const update = decodeUpdate(message.params);
          if (update.type === 'tool_call_patch') new ToolCalls().apply(update.patch);
          decodePermission(message.params);
          decodeInitialize(message.result, 1);
          decodeSessionSetup(message.result);
          decodeStopReason(message.result);
          expect(typeof update.type).toBe('string');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** A copy of the value in which one node, counted from the root in depth-first order, is another. */
function replaceNode(value: unknown, place: number, by: unknown): unknown {
  let countdown = place % countNodes(value);
  const copy = (node: unknown): unknown => {
    if (countdown-- === 0) return by;
    if (Array.isArray(node)) return node.map(copy);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, copy(child)]));
  };
  return copy(value);
}

function countNodes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, child) => sum + countNodes(child), 1);
}
