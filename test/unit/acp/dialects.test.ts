import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUpdates } from '../../../src/acp/v1/decodeUpdate.ts';
import { normalize } from '../../../src/acp/transport/dialects.ts';
import { asObject } from '../../../src/acp/json.ts';

/** What the session is told of a line. */
function updatesOf(value: unknown) {
  return normalize(value).messages.flatMap((message) => decodeUpdates(asObject(message).params));
}

const text = (value: string) => ({ type: 'text', text: value });
const said = (value: string) => ({
  type: 'message',
  role: 'agent',
  text: value,
  content: text(value),
  messageId: null,
});

describe('case 49: the older dialects', () => {
  test('messages of version 1 pass as they are', () => {
    const messages = [
      { jsonrpc: '2.0', id: 0, result: {} },
      { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } },
      {
        jsonrpc: '2.0',
        method: 'session/update',
        params: { sessionId: 's', update: { sessionUpdate: 'plan' } },
      },
      { id: 1, method: 'session/request_permission', params: {} },
    ];
    for (const message of messages)
      expect(normalize(message)).toEqual({ dialect: 'acp', messages: [message] });
  });

  test('legacy: each block of `content` is a message chunk of the same session', () => {
    const params = { sessionId: 's', content: [text('a'), text('b')], stopReason: null };
    const { dialect, messages } = normalize({ jsonrpc: '2.0', method: 'session/update', params });
    expect(dialect).toBe('legacy');
    expect(messages.map((message) => asObject(message.params).sessionId)).toEqual(['s', 's']);
    expect(updatesOf({ method: 'session/update', params })).toEqual([said('a'), said('b')]);
  });

  test('legacy: a stopReason ends the turn after what came with it; null does not', () => {
    const params = { sessionId: 's', content: [text('bye')], stopReason: 'end_turn' };
    expect(updatesOf({ method: 'session/update', params })).toEqual([
      said('bye'),
      { type: 'turn_end', stopReason: 'end_turn' },
    ]);
    expect(updatesOf({ method: 'session/update', params: { sessionId: 's', stopReason: null } })).toEqual([]);
  });

  test('legacy: a stopReason inside a modern update', () => {
    const update = { sessionUpdate: 'agent_message_chunk', content: text('bye'), stopReason: 'refusal' };
    expect(updatesOf({ method: 'session/update', params: { sessionId: 's', update } })).toEqual([
      said('bye'),
      { type: 'turn_end', stopReason: 'refusal' },
    ]);
    expect(updatesOf({ method: 'session/update', params: { update: { stopReason: 'end_turn' } } })).toEqual([
      { type: 'turn_end', stopReason: 'end_turn' },
    ]);
  });

  test.each([
    ['progress', { progress: 40, message: 'Building' }, [notice('info', 'Building', 'Progress: 40')]],
    ['log', { level: 'warning', message: 'Careful' }, [notice('warning', 'Careful')]],
    ['error', { error: 'No disk' }, [notice('error', 'No disk')]],
    ['error', { error: { message: 'No disk' } }, [notice('error', 'No disk')]],
    ['input_required', { message: 'Which branch?' }, [notice('warning', 'Which branch?')]],
    ['heartbeat', {}, []],
    [
      'status',
      { state: 'idle' },
      [{ type: 'unknown', kind: 'status', raw: { sessionUpdate: 'status', data: { state: 'idle' } } }],
    ],
    [
      'result',
      { status: 'success', summary: 'Done' },
      [said('Done'), { type: 'turn_end', stopReason: 'end_turn' }],
    ],
    ['result', { status: 'failed' }, [{ type: 'turn_end', stopReason: 'failed' }]],
    [
      'result',
      { status: 'success', artifacts: ['a.txt'] },
      [
        { type: 'unknown', kind: 'artifacts', raw: { sessionUpdate: 'artifacts', artifacts: ['a.txt'] } },
        { type: 'turn_end', stopReason: 'end_turn' },
      ],
    ],
  ])('wrapper: %s %j', (type, data, updates) => {
    const event = { type, timestamp: '2026-01-01T00:00:00Z', agent_id: 'a', task_id: 't', data };
    expect(normalize(event).dialect).toBe('wrapper');
    expect(updatesOf(event)).toEqual(updates);
  });

  test('JSON that is no message in any dialect is noise', () => {
    for (const value of [{}, { type: 'log', message: 'x' }, { id: 1 }, [], null, 5, 'text', undefined]) {
      expect(normalize(value)).toEqual({ dialect: null, messages: [] });
    }
  });

  test('never throws', () => {
    const event = fc.record({
      type: fc.constantFrom('progress', 'log', 'result', 'error', 'status'),
      task_id: fc.string(),
      data: fc.jsonValue(),
    });
    const update = fc.record({ method: fc.constant('session/update'), params: fc.jsonValue() });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), event, update), (value) => {
        updatesOf(value);
      }),
    );
  });
});

function notice(severity: string, title: string, description: string | null = null) {
  return { type: 'notice', severity, title, description };
}
