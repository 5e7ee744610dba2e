import { describe, expect, test } from 'vitest';
import { createFileHandlers } from '../../../src/acp/workspaceFiles.ts';
import { WorkspacePaths } from '../../../src/acp/workspacePaths.ts';
import { TestClient, textOf, textPrompt, type WireMessage } from './pipeAgent.ts';

/** What no agent should send, and some will. */
describe('an odd agent', () => {
  test.each([
    ['null', null],
    ['an empty object', {}],
    ['a number', 7],
    ['a stop reason that is no text', { stopReason: 5 }],
  ])('that answers a prompt with %s ends its turn, and can be prompted again', async (_what, result) => {
    const { agent, session } = await TestClient.withSession();
    const first = session.prompt(textPrompt);
    agent.respond(await agent.request('session/prompt'), result);
    await expect(first).resolves.toMatchObject({ hadOutput: false });
    const second = session.prompt(textPrompt);
    agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
    await expect(second).resolves.toMatchObject({ stopReason: 'end_turn' });
  });

  test('that says its version as a text is understood', async () => {
    const client = new TestClient();
    await expect(client.initialize({ protocolVersion: '1' })).resolves.toMatchObject({ protocolVersion: 1 });
  });

  test('that asks without options is answered, and asks no one in vain', async () => {
    const { client, agent, session } = await TestClient.withSession();
    void session.prompt(textPrompt).catch(() => undefined);
    await agent.request('session/prompt');
    agent.askPermission(1, 's1', { toolCallId: 't', title: 'Do it' }, []);
    await agent.settled();
    client.permissions.at(-1)?.answer({ outcome: 'cancelled' });
    const { result, error } = await agent.answer(1);
    expect(result ?? error).toBeDefined();
  });

  test.each([
    ['fs/read_text_file', { path: '/work/a' }],
    ['terminal/create', { command: 'ls' }],
    ['elicitation/create', { mode: 'form', message: 'What?', requestedSchema: { type: 'object' } }],
  ])('that asks %s of a session that there is not is refused', async (method, params) => {
    const { agent } = await TestClient.withSession();
    const { error } = await agent.ask(method, { ...params, sessionId: 'another' });
    expect(error?.code).toBeLessThan(0);
  });

  test('that asks for a permission in a session that there is not is told that it was cancelled', async () => {
    const { client, agent } = await TestClient.withSession();
    agent.askPermission(1, 'another', { toolCallId: 't', title: 'Do it' });
    expect((await agent.answer(1)).result).toEqual({ outcome: { outcome: 'cancelled' } });
    expect(client.permissions).toEqual([]);
  });

  test.each([
    ['no parameters', undefined],
    ['parameters that are a list', []],
    ['a session that is a number', { sessionId: 1, update: { sessionUpdate: 'plan', entries: 'none' } }],
    ['an update that is a text', { sessionId: 's1', update: 'hello' }],
    ['a tool call without an id', { sessionId: 's1', update: { sessionUpdate: 'tool_call', title: 'x' } }],
    ['a message of nothing', { sessionId: 's1', update: { sessionUpdate: 'agent_message_chunk' } }],
  ])('that sends an update with %s disturbs nothing', async (_what, params) => {
    const { agent, session, events } = await TestClient.withSession();
    const turn = session.prompt(textPrompt);
    const prompt = await agent.request('session/prompt');
    agent.send({ method: 'session/update', params });
    agent.say('s1', 'Still here.');
    agent.respond(prompt, { stopReason: 'end_turn' });
    await expect(turn).resolves.toMatchObject({ stopReason: 'end_turn', hadOutput: true });
    expect(textOf(events)).toBe('Still here.');
  });

  test('that answers what it was not asked is not believed', async () => {
    const { agent, session } = await TestClient.withSession();
    agent.send({ id: 4711, result: { stopReason: 'end_turn' } });
    const turn = session.prompt(textPrompt);
    agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
    await expect(turn).resolves.toMatchObject({ stopReason: 'end_turn' });
  });

  test('that answers twice is heard once', async () => {
    const { agent, session } = await TestClient.withSession();
    const turn = session.prompt(textPrompt);
    const prompt: WireMessage = await agent.request('session/prompt');
    agent.respond(prompt, { stopReason: 'end_turn' });
    agent.respond(prompt, { stopReason: 'refusal' });
    await expect(turn).resolves.toMatchObject({ stopReason: 'end_turn' });
    await agent.settled();
  });

  test('that asks to read from line 0, for no lines, or beyond the end gets what there is', async () => {
    const files = {
      read: () => Promise.resolve('one\ntwo\nthree\n'),
      write: () => Promise.resolve(),
    };
    const paths = new WorkspacePaths([{ agentPath: '/work', hostPath: '/work' }], {
      realpath: (path) => Promise.resolve(path),
      lstat: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })),
    });
    const { agent } = await TestClient.withSession({ handlers: { files: createFileHandlers(paths, files) } });
    const read = async (range: object) =>
      (await agent.ask('fs/read_text_file', { sessionId: 's1', path: '/work/a', ...range })).result;
    expect(await read({ line: 0 })).toEqual({ content: 'one\ntwo\nthree\n' });
    expect(await read({ line: 2, limit: 1 })).toMatchObject({
      content: expect.stringMatching(/^two\n?$/) as string,
    });
    expect(await read({ limit: 0 })).toEqual({ content: '' });
    expect(await read({ line: 99 })).toEqual({ content: '' });
    expect(await read({ line: -3, limit: -1 })).toBeDefined();
  });
});

test('case 23: the session works in the path that the container has, and its files are those of the host', async () => {
  const asked: string[] = [];
  const files = {
    read: (path: string) => {
      asked.push(path);
      return Promise.resolve('text');
    },
    write: () => Promise.resolve(),
  };
  const paths = new WorkspacePaths([{ agentPath: '/workspace', hostPath: '/home/ann/project' }], {
    realpath: (path) => Promise.resolve(path),
    lstat: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })),
  });
  const client = new TestClient({ handlers: { files: createFileHandlers(paths, files) } });
  await client.initialize();
  const opened = client.connection.newSession({ cwd: '/workspace', mcpServers: [] });
  const request = await client.agent.request('session/new');
  expect(request.params).toMatchObject({ cwd: '/workspace', mcpServers: [] });
  client.agent.respond(request, { sessionId: 's1' });
  await opened;
  await client.agent.ask('fs/read_text_file', { sessionId: 's1', path: '/workspace/src/a.ts' });
  expect(asked).toEqual(['/home/ann/project/src/a.ts']);
  const outside = await client.agent.ask('fs/read_text_file', {
    sessionId: 's1',
    path: '/home/ann/project/src/a.ts',
  });
  expect(outside.error).toBeDefined();
});
