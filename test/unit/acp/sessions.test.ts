import { setImmediate as nextTick } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { AcpConnection, SessionOptions } from '../../../src/acp/connection.ts';
import { reopenSession } from '../../../src/acp/reopen.ts';
import type { Session } from '../../../src/acp/session.ts';
import type { McpServer, SessionEvent, TurnState } from '../../../src/acp/types.ts';
import { TestClient, recordEvents, textOf, textPrompt } from './pipeAgent.ts';

const options = { cwd: '/work', mcpServers: [] };

/** A client whose agent can do this. */
async function connect(agentCapabilities: object | null) {
  const client = new TestClient();
  await client.initialize({ protocolVersion: 1, agentCapabilities });
  return { client, agent: client.agent, connection: client.connection };
}

const everything = {
  loadSession: true,
  sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {}, fork: {}, additionalDirectories: {} },
  auth: { logout: {} },
};

describe('what an agent did not advertise', () => {
  test('case 21: it is never called', async () => {
    const { agent, connection, client } = await connect(null);
    const refused = { reason: 'not-supported' };
    await expect(connection.loadSession('s1', options)).rejects.toMatchObject(refused);
    await expect(connection.resumeSession('s1', options)).rejects.toMatchObject(refused);
    await expect(connection.forkSession('s1', options)).rejects.toMatchObject(refused);
    await expect(connection.listSessions()).rejects.toMatchObject(refused);
    await expect(connection.deleteSession('s1')).rejects.toMatchObject(refused);
    await expect(connection.logout()).rejects.toMatchObject(refused);
    const { session } = await client.newSession();
    await expect(session.setOption('mode', 'x')).rejects.toMatchObject(refused);
    await session.close();
    await agent.settled();
    expect(agent.received.flatMap(({ method }) => method ?? [])).toEqual(['initialize', 'session/new']);
  });

  test('case 21: no picture, no sound and no file in a prompt', async () => {
    const { session, agent } = await TestClient.withSession();
    const image = { type: 'image', mimeType: 'image/png', data: '' } as const;
    await expect(session.prompt([image])).rejects.toMatchObject({ reason: 'not-supported' });
    await expect(session.prompt([{ ...image, type: 'audio' }])).rejects.toThrow('sound');
    void session.prompt([
      ...textPrompt,
      { type: 'resource', resource: { uri: 'file:///a', text: 'one' } },
      { type: 'resource_link', uri: 'file:///b', name: 'b' },
    ]);
    expect((await agent.request('session/prompt')).params?.prompt).toEqual([
      ...textPrompt,
      { type: 'text', text: '<file uri="file:///a">\none\n</file>' },
      { type: 'resource_link', uri: 'file:///b', name: 'b' },
    ]);
  });

  test('case 21: with the capability they are sent as they are', async () => {
    const agentCapabilities = { promptCapabilities: { image: true, audio: true, embeddedContext: true } };
    const { session, agent } = await TestClient.withSession({}, { agentCapabilities });
    const prompt = [
      { type: 'image', mimeType: 'image/png', data: 'AA==' },
      { type: 'audio', mimeType: 'audio/wav', data: 'AA==' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'one' } },
    ] as const;
    void session.prompt(prompt);
    expect((await agent.request('session/prompt')).params?.prompt).toEqual(prompt);
  });

  const stdio: McpServer = { name: 'a', command: 'a', args: [], env: [] };
  const http: McpServer = { type: 'http', name: 'b', url: 'http://b', headers: [] };

  test('case 22: the session says which MCP servers it goes without', async () => {
    const { agent, connection } = await connect({});
    const opened = connection.newSession({ ...options, mcpServers: [stdio, http] });
    agent.respond(await agent.request('session/new'), { sessionId: 's1' });
    expect((await opened).leftOut).toEqual({ mcpServers: [http], additionalDirectories: [] });
  });

  type Opening = (connection: AcpConnection, opening: SessionOptions) => Promise<Session>;

  test.each<[string, string, Opening]>([
    ['session/new', 's1', (connection, opening) => connection.newSession(opening)],
    ['session/load', 'old', (connection, opening) => connection.loadSession('old', opening)],
    ['session/resume', 'old', (connection, opening) => connection.resumeSession('old', opening)],
    ['session/fork', 's1', (connection, opening) => connection.forkSession('old', opening)],
  ])('case 24: %s has additional directories only if advertised', async (method, id, open) => {
    for (const isAdvertised of [true, false]) {
      const { additionalDirectories, ...others } = everything.sessionCapabilities;
      const sessionCapabilities = isAdvertised ? { ...others, additionalDirectories } : others;
      const { agent, connection } = await connect({ ...everything, sessionCapabilities });
      const opened = open(connection, { ...options, additionalDirectories: ['/more'] });
      const request = await agent.request(method);
      agent.respond(request, { sessionId: 's1' });
      const session = await opened;
      expect(session.id).toBe(id);
      expect(request.params?.additionalDirectories).toEqual(isAdvertised ? ['/more'] : undefined);
      expect(session.leftOut.additionalDirectories).toEqual(isAdvertised ? [] : ['/more']);
    }
  });
});

describe('opening a session again', () => {
  type Reopening = 'session/load' | 'session/resume';

  async function reopen(method: Reopening, more: object = {}) {
    const { agent, connection } = await connect(everything);
    const opened =
      method === 'session/load'
        ? connection.loadSession('old', { ...options, ...more })
        : connection.resumeSession('old', { ...options, ...more });
    return { agent, connection, opened, request: await agent.request(method) };
  }

  test.each<Reopening>(['session/load', 'session/resume'])(
    'case 20: %s may answer null; what was repeated before is delivered',
    async (method) => {
      const { agent, opened, request } = await reopen(method);
      expect(request.params).toEqual({ sessionId: 'old', ...options });
      agent.say('old', 'as I said');
      agent.respond(request, null);
      const session = await opened;
      expect(session.id).toBe('old');
      const events = recordEvents(session);
      expect(textOf(events)).toBe('as I said');
      expect(events[0]?.turn).toEqual({ number: 0, open: false, replayed: true });
    },
  );

  test('case 45: a replay is told apart from what is new, also where it comes late', async () => {
    const heard: [SessionEvent, TurnState][] = [];
    const onEvent = (event: SessionEvent, turn: TurnState) => heard.push([event, turn]);
    const { agent, opened, request } = await reopen('session/load', { onEvent });
    agent.say('old', 'before the answer');
    await agent.settled();
    expect(heard).toHaveLength(1);
    agent.respond(request, null);
    const session = await opened;
    agent.say('old', 'after the answer');
    agent.update('old', { sessionUpdate: 'current_mode_update', currentModeId: 'ask' });
    await agent.settled();
    void session.prompt(textPrompt);
    agent.say('old', 'new');
    await agent.settled();
    expect(heard.map(([event, turn]) => [textOf([event]), turn.replayed])).toEqual([
      ['before the answer', true],
      ['after the answer', true],
      ['', false],
      ['new', false],
    ]);
  });

  test.each<Reopening>(['session/load', 'session/resume'])(
    'case 45: a replay in %s is not told at all where it is known, but what it set stands',
    async (method) => {
      const { agent, opened, request } = await reopen(method, { replay: 'discard' });
      agent.update('old', { sessionUpdate: 'user_message_chunk', content: { type: 'text', text: 'Do it' } });
      agent.say('old', 'Done');
      agent.update('old', {
        sessionUpdate: 'tool_call',
        toolCallId: 'c',
        title: 'Edit',
        status: 'completed',
      });
      agent.update('old', { sessionUpdate: 'plan', entries: [{ content: 'Do it' }] });
      agent.update('old', { sessionUpdate: 'usage_update', used: 1, size: 2 });
      agent.update('old', { sessionUpdate: 'available_commands_update', availableCommands: [{ name: 'x' }] });
      agent.respond(request, null);
      const session = await opened;
      agent.say('old', 'Done, again');
      await agent.settled();
      const events = recordEvents(session);
      expect(events.map(({ type, turn }) => [type, turn.replayed])).toEqual([
        ['usage', false],
        ['commands', false],
      ]);
      expect(session.state.plan).toHaveLength(1);
      expect(session.state.toolCall('c')).toMatchObject({ title: 'Edit', status: 'completed' });

      const prompted = session.prompt(textPrompt);
      agent.say('old', 'New');
      agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
      await expect(prompted).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
      expect(textOf(events)).toBe('New');
    },
  );

  test('case 45: an agent that answers first and repeats afterwards, as Gemini does, is heard out', async () => {
    const { agent, opened, request } = await reopen('session/load', { replay: 'discard' });
    const heard: SessionEvent[] = [];
    const prompted = opened.then((session) => {
      session.onEvent((event) => heard.push(event));
      return session.prompt(textPrompt);
    });
    agent.respond(request, null);
    for (let index = 0; index < 50; index += 1) {
      agent.say('old', `old ${index}`);
      await nextTick();
    }
    const prompt = await agent.request('session/prompt');
    agent.say('old', 'new');
    agent.respond(prompt, { stopReason: 'end_turn' });
    await prompted;
    expect(textOf(heard)).toBe('new');
  });

  test('case 45: what comes before the first prompt of a new session is no replay', async () => {
    const { agent, events } = await TestClient.withSession();
    agent.say('s1', 'Indexing');
    await agent.settled();
    expect(events[0]?.turn).toEqual({ number: 0, open: false, replayed: false });
  });

  test('a session that could not be opened again leaves nothing behind', async () => {
    const { agent, connection, opened, request } = await reopen('session/load');
    agent.fail(request, -32002, 'Unknown session');
    await expect(opened).rejects.toMatchObject({ reason: 'session-not-found' });
    const again = connection.resumeSession('old', options);
    agent.say('old', 'here I am');
    agent.respond(await agent.request('session/resume'), {});
    expect(textOf(recordEvents(await again))).toBe('here I am');
  });

  test.each([
    ['resumed', everything, [['session/resume', null]]],
    [
      'loaded',
      everything,
      [
        ['session/resume', [-32603, 'Session not found']],
        ['session/load', null],
      ],
    ],
    ['loaded', { loadSession: true }, [['session/load', null]]],
    [
      'new',
      { loadSession: true },
      [
        ['session/load', [-32002, 'No such session']],
        ['session/new', { sessionId: 'new' }],
      ],
    ],
    ['new', {}, [['session/new', { sessionId: 'new' }]]],
  ] as const)('reopenSession: %s, by an agent with %j', async (how, capabilities, steps) => {
    const { agent, connection } = await connect(capabilities);
    const reopening = reopenSession(connection, 'old', options);
    for (const [method, answer] of steps) {
      const request = await agent.request(method);
      if (Array.isArray(answer)) agent.fail(request, answer[0] as number, String(answer[1]));
      else agent.respond(request, answer);
    }
    const { session, reason, how: was } = await reopening;
    expect(was).toBe(how);
    expect(session.id).toBe(how === 'new' ? 'new' : 'old');
    const hadRefusal = how === 'new' && steps.length > 1;
    expect(reason?.reason).toBe(hadRefusal ? 'session-not-found' : undefined);
  });

  test('reopenSession does not take a sign-in, a lost connection or silence for a lost session', async () => {
    const { agent, connection } = await connect(everything);
    const reopening = reopenSession(connection, 'old', options);
    agent.fail(await agent.request('session/resume'), -32000, 'Sign in');
    await expect(reopening).rejects.toMatchObject({ reason: 'auth-required' });
    const unanswered = reopenSession(connection, 'old', options, { timeoutMs: 5 });
    await expect(unanswered).rejects.toMatchObject({ reason: 'timeout' });
    const lost = reopenSession(connection, 'old', options);
    connection.dispose();
    await expect(lost).rejects.toMatchObject({ reason: 'closed' });
    expect(agent.received.map(({ method }) => method)).not.toContain('session/new');
  });
});

describe('an agent’s sessions', () => {
  test('case 46: a list goes on to its last page', async () => {
    const { agent, connection } = await connect(everything);
    const ids: string[] = [];
    const listed = (async () => {
      for await (const { id } of connection.sessions({ cwd: '/work' })) ids.push(id);
    })();
    const first = await agent.request('session/list');
    expect(first.params).toEqual({ cwd: '/work' });
    agent.respond(first, { sessions: [{ sessionId: 'a' }, { sessionId: 'b' }], nextCursor: 'page 2' });
    const second = await agent.request('session/list');
    expect(second.params).toEqual({ cwd: '/work', cursor: 'page 2' });
    agent.respond(second, { sessions: [{ sessionId: 'c' }], nextCursor: null });
    await listed;
    expect(ids).toEqual(['a', 'b', 'c']);
  });

  test('case 46: an agent that gives the same cursor for ever is not followed', async () => {
    const { agent, connection } = await connect(everything);
    const ids: string[] = [];
    const listed = (async () => {
      for await (const { id } of connection.sessions()) ids.push(id);
    })();
    agent.respond(await agent.request('session/list'), { sessions: [{ sessionId: 'a' }], nextCursor: 'x' });
    agent.respond(await agent.request('session/list'), { sessions: [{ sessionId: 'b' }], nextCursor: 'x' });
    await listed;
    expect(ids).toEqual(['a', 'b']);
  });

  test('case 46: one page at a time', async () => {
    const { agent, connection } = await connect(everything);
    const page = connection.listSessions({ cursor: 'page 7' });
    const request = await agent.request('session/list');
    expect(request.params).toEqual({ cursor: 'page 7' });
    agent.respond(request, null);
    await expect(page).resolves.toEqual({ sessions: [], nextCursor: null });
  });

  test.each([
    [
      'an answer',
      (agent: TestClient['agent'], to: object) => {
        agent.respond(to, null);
      },
    ],
    [
      '-32002',
      (agent: TestClient['agent'], to: object) => {
        agent.fail(to, -32002, 'Gone');
      },
    ],
  ])('deleting and closing are done with %s', async (_, answer) => {
    const { agent, connection, client } = await connect(everything);
    const deleted = connection.deleteSession('old');
    const request = await agent.request('session/delete');
    expect(request.params).toEqual({ sessionId: 'old' });
    answer(agent, request);
    await deleted;
    const { session } = await client.newSession();
    const closed = session.close();
    answer(agent, await agent.request('session/close'));
    await closed;
  });

  test('any other error of delete and close is told', async () => {
    const { agent, connection, client } = await connect(everything);
    const deleted = connection.deleteSession('old');
    agent.fail(await agent.request('session/delete'), -32603, 'Disk full');
    await expect(deleted).rejects.toMatchObject({ reason: 'agent-error', message: 'Disk full' });
    const { session } = await client.newSession();
    const closed = session.close();
    agent.fail(await agent.request('session/close'), -32603, 'Busy');
    await expect(closed).rejects.toMatchObject({ message: 'Busy' });
  });

  test('closing in mid-turn cancels the turn and its questions; what still comes is nobody’s', async () => {
    const { agent, session, client, events } = await TestClient.withSession(
      {},
      { agentCapabilities: everything },
    );
    const prompted = session.prompt(textPrompt);
    agent.askPermission('p', 's1', { toolCallId: 'a' });
    await agent.settled();
    const closed = session.close();
    await agent.request('session/cancel');
    expect((await agent.answer('p')).result).toEqual({ outcome: { outcome: 'cancelled' } });
    agent.respond(await agent.request('session/close'), {});
    await closed;
    await expect(prompted).resolves.toMatchObject({ stopReason: 'cancelled' });
    const heard = events.length;
    agent.say('s1', 'ghost');
    await agent.settled();
    expect(events).toHaveLength(heard);
    expect(client.errors).toEqual([]);
  });
});
