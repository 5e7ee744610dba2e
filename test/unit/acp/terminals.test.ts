import { describe, expect, test } from 'vitest';
import type { TerminalHandlers } from '../../../src/acp/clientHandlers.ts';
import { LocalTerminals } from './localTerminals.ts';
import { TestClient, textPrompt } from './pipeAgent.ts';
import type { RecordedEvent, WireMessage } from './pipeAgent.ts';

/** A session of a client whose terminals are real processes, and an agent that uses them. */
async function withTerminals(terminals: TerminalHandlers = new LocalTerminals()) {
  const setup = await TestClient.withSession({ handlers: { terminals } });
  const ask = (method: string, params: object = {}): Promise<WireMessage> =>
    setup.agent.ask(`terminal/${method}`, { sessionId: 's1', ...params });
  const create = async (script: string, more: object = {}): Promise<string> => {
    const { result } = await ask('create', { command: 'sh', args: ['-c', script], ...more });
    return (result as { terminalId: string }).terminalId;
  };
  return { ...setup, ask, create };
}

/** What the session was told of a terminal's output, put together. */
function printed(events: readonly RecordedEvent[]): string {
  return events.map((event) => (event.type === 'terminal' ? event.output : '')).join('');
}

describe('terminals of the client', () => {
  test('are advertised when there is a handler for them', async () => {
    const { agent } = await withTerminals();
    expect(agent.received[0]?.params?.clientCapabilities).toMatchObject({ terminal: true });
  });

  test('case 41: create, wait, output, release', async () => {
    const { ask, create, session, events } = await withTerminals();
    const terminalId = await create('echo out; echo err >&2; exit 3', { cwd: '/' });
    expect((await ask('wait_for_exit', { terminalId })).result).toEqual({ exitCode: 3, signal: null });
    expect((await ask('output', { terminalId })).result).toEqual({
      output: 'out\nerr\n',
      truncated: false,
      exitStatus: { exitCode: 3, signal: null },
    });
    expect((await ask('release', { terminalId })).result).toEqual({});
    // What was shown stays shown.
    expect(printed(events)).toBe('out\nerr\n');
    expect(session.state.terminal(terminalId)).toMatchObject({
      command: "sh -c 'echo out; echo err >&2; exit 3'",
      cwd: '/',
      output: 'out\nerr\n',
      truncated: false,
      exit: { exitCode: 3, signal: null },
    });
  });

  test('case 41: the id is there while the command runs, with the output so far', async () => {
    const { ask, create, events, session } = await withTerminals();
    const heard = new Promise<void>((resolve) => {
      session.onEvent((event) => {
        if (event.type === 'terminal' && event.output !== '') resolve();
      });
    });
    const terminalId = await create('echo begun; sleep 60');
    await heard;
    expect((await ask('output', { terminalId })).result).toEqual({ output: 'begun\n', truncated: false });
    const waiting = ask('wait_for_exit', { terminalId });
    expect((await ask('kill', { terminalId })).result).toEqual({});
    expect((await waiting).result).toEqual({ exitCode: null, signal: 'SIGKILL' });
    // A killed terminal is still valid.
    expect((await ask('output', { terminalId })).result).toEqual({
      output: 'begun\n',
      truncated: false,
      exitStatus: { exitCode: null, signal: 'SIGKILL' },
    });
    expect((await ask('kill', { terminalId })).result).toEqual({});
    expect(printed(events)).toBe('begun\n');
  });

  test('case 41: release kills what still runs; then the id is gone for all', async () => {
    const terminals = new LocalTerminals();
    const { ask, create } = await withTerminals(terminals);
    const terminalId = await create('sleep 60');
    const waiting = ask('wait_for_exit', { terminalId });
    expect((await ask('release', { terminalId })).result).toEqual({});
    expect(terminals.killed).toEqual([terminalId]);
    expect((await waiting).result).toEqual({ exitCode: null, signal: 'SIGKILL' });
    for (const method of ['output', 'wait_for_exit', 'kill', 'release']) {
      expect((await ask(method, { terminalId })).error).toMatchObject({ code: -32002 });
    }
    expect((await ask('output', { terminalId: 'never was' })).error?.code).toBe(-32002);
    expect((await ask('output')).error?.code).toBe(-32602);
  });

  test('case 41: what has ended is not killed again', async () => {
    const terminals = new LocalTerminals();
    const { ask, create } = await withTerminals(terminals);
    const terminalId = await create('true');
    await ask('wait_for_exit', { terminalId });
    await ask('kill', { terminalId });
    await ask('release', { terminalId });
    expect(terminals.killed).toEqual([]);
  });

  test('the command gets its arguments, folder and environment', async () => {
    const { ask } = await withTerminals();
    const { result } = await ask('create', {
      command: 'sh',
      args: ['-c', 'printf "%s|" "$PWD" "$COLOUR" "$0" "$1"', 'zero', 'one two'],
      cwd: '/usr',
      env: [{ name: 'COLOUR', value: 'red' }, { value: 'nameless' }],
    });
    const { terminalId } = result as { terminalId: string };
    await ask('wait_for_exit', { terminalId });
    expect((await ask('output', { terminalId })).result).toMatchObject({ output: '/usr|red|zero|one two|' });
  });

  test('a command that cannot be started is an error, which the session sees, too', async () => {
    const { ask, events } = await withTerminals();
    const { error } = await ask('create', { command: '/no/such/command' });
    expect(error).toMatchObject({ code: -32603 });
    expect(error?.message).toContain('ENOENT');
    expect(events).toMatchObject([
      { type: 'terminal', terminal: { command: '/no/such/command' } },
      { type: 'terminal', terminal: { exit: { exitCode: null, signal: null } } },
    ]);
    expect((await ask('create')).error?.code).toBe(-32602);
  });

  test.each([
    [10, '0123456789', false],
    [9, '123456789', true],
    [0, '', true],
    [null, '0123456789', false],
    [1e18, '0123456789', false],
  ])('case 40: an outputByteLimit of %j keeps the end', async (outputByteLimit, output, truncated) => {
    const { ask, create } = await withTerminals();
    const terminalId = await create('printf 0123456789', { outputByteLimit });
    await ask('wait_for_exit', { terminalId });
    expect((await ask('output', { terminalId })).result).toMatchObject({ output, truncated });
  });

  test('case 40: the beginning is dropped at a character', async () => {
    const { ask, create } = await withTerminals();
    const terminalId = await create('printf "héé🎉!"', { outputByteLimit: 6 });
    await ask('wait_for_exit', { terminalId });
    expect((await ask('output', { terminalId })).result).toMatchObject({ output: '🎉!', truncated: true });
  });

  test('a wait that the agent takes back is answered as cancelled', async () => {
    const { agent, ask, create } = await withTerminals();
    const terminalId = await create('sleep 60');
    agent.send({ id: 'w', method: 'terminal/wait_for_exit', params: { sessionId: 's1', terminalId } });
    agent.send({ method: '$/cancel_request', params: { requestId: 'w' } });
    expect((await agent.answer('w')).error?.code).toBe(-32800);
    await ask('release', { terminalId });
  });

  test('what an agent leaves behind is released with its session, or with the connection', async () => {
    const terminals = new LocalTerminals();
    const { client, create, session, ask, agent } = await withTerminals(terminals);
    const first = await create('sleep 60');
    const other = await agent.ask('terminal/create', { sessionId: 'other', command: 'sleep', args: ['60'] });
    const { terminalId } = other.result as { terminalId: string };
    await session.close();
    expect(terminals.killed).toEqual([first]);
    expect((await ask('output', { terminalId: first })).error?.code).toBe(-32002);
    client.connection.dispose();
    await client.connection.closed;
    expect(terminals.killed).toEqual([first, terminalId]);
  });

  test('a command that is still being started when the connection closes is ended, too', async () => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const local = new LocalTerminals();
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    let ended: () => void = () => undefined;
    const hasEnded = new Promise<void>((resolve) => (ended = resolve));
    const slow: TerminalHandlers = {
      async start(command, onOutput) {
        asked();
        await begun;
        const running = await local.start(command, onOutput);
        void running.exited.then(ended);
        return running;
      },
    };
    const { client, agent } = await withTerminals(slow);
    agent.send({
      id: 1,
      method: 'terminal/create',
      params: { sessionId: 's1', command: 'sleep', args: ['60'] },
    });
    await isAsked;
    client.connection.dispose();
    begin();
    await hasEnded;
    expect(local.killed).toHaveLength(1);
  });

  test('without a handler there are none', async () => {
    const { agent } = await TestClient.withSession();
    expect((await agent.ask('terminal/create', { command: 'true' })).error?.code).toBe(-32601);
  });

  test('a terminal that fails to be watched is reported, and counts as ended', async () => {
    const failing: TerminalHandlers = {
      start: () =>
        Promise.resolve({ exited: Promise.reject(new Error('engine gone')), kill: () => Promise.resolve() }),
    };
    const { client, ask, create } = await withTerminals(failing);
    const terminalId = await create('true');
    expect((await ask('wait_for_exit', { terminalId })).result).toEqual({ exitCode: null, signal: null });
    expect(client.errors.map(({ message }) => message)).toEqual(['engine gone']);
  });
});

describe('case 39: terminals that the agent runs itself', () => {
  const output = (data: string) => ({ terminal_output: { terminal_id: 't', data } });

  test('output that comes before its terminal is known is there when it is', async () => {
    const { agent, session, events } = await TestClient.withSession();
    void session.prompt(textPrompt);
    const update = (fields: object) => {
      agent.update('s1', { sessionUpdate: 'tool_call_update', toolCallId: 'c', ...fields });
    };
    update({ _meta: output('one ') });
    update({ _meta: output('two') });
    update({
      title: 'npm test',
      content: [{ type: 'terminal', terminalId: 't' }],
      _meta: { terminal_info: { terminal_id: 't', cwd: '/work' } },
    });
    update({
      status: 'completed',
      _meta: { terminal_exit: { terminal_id: 't', exit_code: 1, signal: null } },
    });
    await agent.settled();
    expect(session.state.toolCall('c')?.content).toEqual([{ type: 'terminal', terminalId: 't' }]);
    expect(session.state.terminal('t')).toMatchObject({
      output: 'one two',
      cwd: '/work',
      exit: { exitCode: 1, signal: null },
    });
    // Output alone is no news of the tool call.
    expect(events.map(({ type }) => type)).toEqual([
      'tool_call',
      'terminal',
      'terminal',
      'tool_call',
      'terminal',
      'tool_call',
      'terminal',
    ]);
    expect(printed(events)).toBe('one two');
  });

  test('it is asked for only where the client shows it', async () => {
    const client = new TestClient({ terminalOutput: true });
    await client.initialize();
    expect(client.agent.received[0]?.params?.clientCapabilities).toMatchObject({
      terminal: false,
      _meta: { terminal_output: true },
    });
  });
});
