import { describe, expect, test } from 'vitest';
import type { McpServer } from '../../../src/acp/types.ts';
import { TestClient, recordEvents, textOf, textPrompt } from './pipeAgent.ts';

describe('requests and answers', () => {
  test('case 12: a response id that is echoed as a string', async () => {
    const client = new TestClient();
    const initialized = client.connection.initialize();
    const request = await client.agent.request('initialize');
    expect(request.id).toBe(0);
    client.agent.send({ id: '0', result: { protocolVersion: 1 } });
    await expect(initialized).resolves.toMatchObject({ protocolVersion: 1 });
  });

  test('case 13: inbound ids 1 and "1" are two requests', async () => {
    const { client, agent } = await TestClient.withSession();
    agent.askPermission(1, 's1', { toolCallId: 'a', title: 'A' });
    agent.askPermission('1', 's1', { toolCallId: 'b', title: 'B' });
    await agent.settled();
    expect(client.permissions.map(({ request }) => request.toolCall.title)).toEqual(['A', 'B']);
    client.permissions[1]?.answer({ outcome: 'selected', optionId: 'no' });
    client.permissions[0]?.answer({ outcome: 'selected', optionId: 'yes' });
    const outcome = (optionId: string) => ({ result: { outcome: { outcome: 'selected', optionId } } });
    expect(await agent.answer('1')).toMatchObject(outcome('no'));
    expect(await agent.answer(1)).toMatchObject(outcome('yes'));
  });

  test('case 13: both may wait in one chunk, and a cancellation finds its own', async () => {
    const { client, agent } = await TestClient.withSession();
    const ask = (id: unknown) => ({
      jsonrpc: '2.0',
      id,
      method: 'session/request_permission',
      params: { sessionId: 's1', toolCall: { toolCallId: `call-${typeof id}` }, options: [] },
    });
    const cancel = { jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: '1' } };
    agent.write([ask(1), ask('1'), cancel].map((message) => `${JSON.stringify(message)}\n`).join(''));
    expect(await agent.answer('1')).toMatchObject({ result: { outcome: { outcome: 'cancelled' } } });
    expect(client.permissions.map(({ signal }) => signal.aborted)).toEqual([false, true]);
  });

  test('case 14: an error with id null is surfaced', async () => {
    const { client, agent } = await TestClient.withSession();
    agent.send({ id: null, error: { code: -32700, message: 'Parse error', data: 'line 3' } });
    await agent.settled();
    expect(client.errors).toEqual([
      expect.objectContaining({
        reason: 'agent-error',
        code: -32700,
        message: 'Parse error: line 3',
        data: 'line 3',
      }),
    ]);
  });

  test.each([
    [{ code: -32000, message: 'Sign in' }, 'auth-required'],
    [{ code: -32002, message: 'No such thing' }, 'session-not-found'],
    [{ code: -32603, message: 'Session abc not found' }, 'session-not-found'],
    [
      { code: -32603, message: 'Internal error', data: { details: 'session "x" was not found' } },
      'session-not-found',
      'Internal error: session "x" was not found',
    ],
    [{ code: -32602, message: 'Invalid params', data: { sessionId: 'x' } }, 'session-not-found'],
    [{ code: -32603, message: 'Internal error' }, 'agent-error'],
    [{ code: -32800, message: 'Cancelled' }, 'cancelled'],
    [{ code: 401, message: 'No key', data: { hint: 'key' } }, 'agent-error'],
  ])('case 25: the error %j is %s', async (error, reason, message = error.message) => {
    const { agent, session } = await TestClient.withSession();
    const prompted = session.prompt(textPrompt);
    agent.send({ id: (await agent.request('session/prompt')).id, error });
    const data: unknown = 'data' in error ? error.data : null;
    await expect(prompted).rejects.toMatchObject({
      name: 'AcpError',
      reason,
      code: error.code,
      message,
      data,
    });
  });

  test('case 25: sign-in needed at session/new', async () => {
    const client = new TestClient();
    await client.initialize();
    const opened = client.connection.newSession({ cwd: '/work', mcpServers: [] });
    client.agent.fail(await client.agent.request('session/new'), -32000, 'Authentication required');
    await expect(opened).rejects.toMatchObject({
      reason: 'auth-required',
      message: 'Authentication required',
    });
  });

  test('malformed errors and answers still settle the request', async () => {
    const { agent, session } = await TestClient.withSession();
    for (const answer of [{ error: 'boom' }, { error: {} }, { error: null }, {}]) {
      const prompted = session.prompt(textPrompt);
      agent.send({ id: (await agent.request('session/prompt')).id, ...answer });
      await expect(prompted).rejects.toMatchObject({ reason: 'agent-error', code: -32603 });
    }
  });

  test('case 48: an unknown request is refused at once, an unknown notification ignored', async () => {
    const { client, agent } = await TestClient.withSession();
    const methods = [
      'qwen/notify/x',
      '_vendor/y',
      'constructor',
      'fs/read_text_file',
      'fs/write_text_file',
      'terminal/create',
    ];
    for (const [index, method] of methods.entries()) {
      agent.send({ method: `${method}/notification`, params: {} });
      agent.send({ id: `r${index}`, method, params: ['by', 'position'] });
      expect((await agent.answer(`r${index}`)).error?.code).toBe(-32601);
    }
    expect(client.errors).toEqual([]);
  });

  test('case 4 and 5: what is not a message is logged and never answered', async () => {
    const { client, agent } = await TestClient.withSession();
    const sent = agent.received.length;
    const lines = [
      'Starting up…',
      '5',
      'null',
      '[{"jsonrpc":"2.0","id":9,"method":"x"}]',
      '{"broken":',
      '{}',
    ];
    agent.write(`${lines.join('\n')}\n`);
    await agent.settled();
    expect(client.noise).toEqual(lines);
    expect(agent.received).toHaveLength(sent + 1);
  });

  test('malformed cancellations are noise', async () => {
    const { client, agent } = await TestClient.withSession();
    for (const params of [undefined, null, {}, { requestId: null }, { requestId: {} }]) {
      agent.send({ method: '$/cancel_request', params });
      agent.send({ method: '$/cancelRequest', params });
    }
    agent.send({ method: '$/cancel_request', params: { requestId: 'nobody knows' } });
    await agent.settled();
    expect(client.noise).toHaveLength(10);
    expect(client.errors).toEqual([]);
  });

  test('the trace has every line in both directions', async () => {
    const client = new TestClient();
    await client.initialize();
    expect(client.trace.map(({ direction, line }) => [direction, JSON.parse(line) as unknown])).toEqual([
      ['out', client.agent.received[0]],
      ['in', { jsonrpc: '2.0', id: 0, result: { protocolVersion: 1 } }],
    ]);
  });
});

describe('initialize', () => {
  test('case 18: version 1 is spoken', async () => {
    const client = new TestClient();
    await expect(client.initialize({ protocolVersion: 1 })).resolves.toMatchObject({ protocolVersion: 1 });
    expect(client.agent.received[0]?.params).toEqual({
      protocolVersion: 1,
      clientCapabilities: {
        fs: { readTextFile: false, writeTextFile: false },
        terminal: false,
        session: { configOptions: { boolean: {} }, notices: {}, compaction: {} },
      },
      clientInfo: { name: 'test', version: '1.0.0' },
    });
  });

  test.each([2, 99])('case 18: version %i is refused by name, and the connection closed', async (version) => {
    const client = new TestClient();
    const initialized = client.initialize({ protocolVersion: version });
    await expect(initialized).rejects.toMatchObject({ reason: 'protocol-version', data: { version } });
    await expect(initialized).rejects.toThrow(`version ${version}`);
    await expect(client.connection.closed).resolves.toEqual({ kind: 'disposed' });
  });

  test('case 17: an agent that does not answer in time', async () => {
    const client = new TestClient();
    const initialized = client.connection.initialize({ timeoutMs: 5 });
    await expect(initialized).rejects.toMatchObject({ reason: 'timeout' });
    expect((await client.agent.request('$/cancel_request')).params).toEqual({ requestId: 0 });
  });

  test('it can be given up', async () => {
    const client = new TestClient();
    const controller = new AbortController();
    const initialized = client.connection.initialize({ signal: controller.signal, timeoutMs: 60_000 });
    const request = await client.agent.request('initialize');
    controller.abort();
    await expect(initialized).rejects.toMatchObject({ reason: 'cancelled' });
    expect((await client.agent.request('$/cancel_request')).params).toEqual({ requestId: request.id });
    await expect(client.connection.initialize({ signal: controller.signal })).rejects.toMatchObject({
      reason: 'cancelled',
    });
  });

  test('case 20: a result of null', async () => {
    const client = new TestClient();
    await expect(client.initialize(null)).resolves.toMatchObject({ protocolVersion: 1, authMethods: [] });
  });
});

describe('opening sessions', () => {
  const stdio: McpServer = { name: 'a', command: 'a', args: [], env: [] };
  const http: McpServer = { type: 'http', name: 'b', url: 'http://b', headers: [] };
  const sse: McpServer = { type: 'sse', name: 'c', url: 'http://c', headers: [] };

  test('case 22 and 23: mcpServers and the folder are always sent', async () => {
    const client = new TestClient();
    await client.initialize();
    const { session } = await client.newSession();
    const sent = client.agent.received.find(({ method }) => method === 'session/new');
    expect(sent?.params).toEqual({ cwd: '/work', mcpServers: [] });
    expect(session).toMatchObject({ id: 's1', state: { options: [], commands: [], title: null } });
  });

  test.each([
    [{}, [stdio]],
    [{ http: true }, [stdio, http]],
    [{ http: true, sse: true }, [stdio, http, sse]],
  ])('case 22: MCP servers by capability %j', async (mcpCapabilities, expected) => {
    const client = new TestClient();
    await client.initialize({ protocolVersion: 1, agentCapabilities: { mcpCapabilities } });
    void client.connection.newSession({ cwd: '/work', mcpServers: [stdio, http, sse] });
    expect((await client.agent.request('session/new')).params?.mcpServers).toEqual(expected);
  });

  test('an answer without a session id is an error', async () => {
    const client = new TestClient();
    await client.initialize();
    const opened = client.connection.newSession({ cwd: '/work', mcpServers: [] });
    client.agent.respond(await client.agent.request('session/new'), null);
    await expect(opened).rejects.toMatchObject({ reason: 'agent-error' });
  });

  test('messages that overtake the answer to session/new are not lost', async () => {
    const client = new TestClient();
    await client.initialize();
    const opened = client.connection.newSession({ cwd: '/work', mcpServers: [] });
    const request = await client.agent.request('session/new');
    client.agent.say('s1', 'Indexing. ');
    client.agent.askPermission('p', 's1', { toolCallId: 'index', title: 'Index the workspace' });
    client.agent.say('someone else', 'lost');
    client.agent.askPermission('q', 'someone else', { toolCallId: 'x' });
    await client.agent.settled();
    expect(client.permissions).toEqual([]);
    client.agent.respond(request, { sessionId: 's1' });
    const session = await opened;
    client.agent.say('s1', 'Ready.');
    expect((await client.agent.answer('q')).result).toEqual({ outcome: { outcome: 'cancelled' } });
    await client.agent.settled();
    expect(client.permissions).toEqual([]);

    const events = recordEvents(session);
    expect(textOf(events)).toBe('Indexing. Ready.');
    expect(events.map(({ type }) => type)).toEqual(['message', 'tool_call', 'message']);
    expect(client.permissions.map(({ request: { toolCall } }) => toolCall.title)).toEqual([
      'Index the workspace',
    ]);
    client.lastPermission().answer({ outcome: 'selected', optionId: 'yes' });
    expect((await client.agent.answer('p')).result).toEqual({
      outcome: { outcome: 'selected', optionId: 'yes' },
    });
  });

  test('a message for a session that does not exist is answered, not kept', async () => {
    const { client, agent } = await TestClient.withSession();
    agent.say('nobody', 'Hello?');
    agent.askPermission('p', 'nobody', { toolCallId: 'x' });
    expect((await agent.answer('p')).result).toEqual({ outcome: { outcome: 'cancelled' } });
    expect(client.permissions).toEqual([]);
  });
});
