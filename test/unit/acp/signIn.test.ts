import { describe, expect, test } from 'vitest';
import { AcpError } from '../../../src/acp/errors.ts';
import { signInCommand, withSignIn } from '../../../src/acp/signIn.ts';
import { TestClient, textPrompt } from './pipeAgent.ts';

const login = { id: 'login', name: 'Log in' };
const options = { cwd: '/work', mcpServers: [] };

function answerWith(authMethods: object[], more: object = {}) {
  return { protocolVersion: 1, authMethods, agentCapabilities: { ...more } };
}

/** What an agent is asked, in order, up to now. */
function methodsOf({ agent }: TestClient): (string | undefined)[] {
  return agent.received.map(({ method }) => method);
}

describe('case 25: -32000 asks for a sign-in, and the work is done once more', () => {
  test('at session/new', async () => {
    const client = new TestClient();
    const { agent, connection } = client;
    await client.initialize(answerWith([login]));
    const opened = withSignIn(
      () => connection.newSession(options),
      async (error) => {
        expect(error.message).toBe('Authentication required');
        await connection.authenticate('login');
        return true;
      },
    );
    agent.fail(await agent.request('session/new'), -32000, 'Authentication required');
    const request = await agent.request('authenticate');
    expect(request.params).toEqual({ methodId: 'login' });
    agent.respond(request, null);
    agent.respond(await agent.request('session/new'), { sessionId: 's1' });
    expect((await opened).id).toBe('s1');
  });

  test('at session/load', async () => {
    const client = new TestClient();
    const { agent, connection } = client;
    await client.initialize(answerWith([login], { loadSession: true }));
    const opened = withSignIn(
      () => connection.loadSession('old', { ...options, replay: 'discard' }),
      () => Promise.resolve(true),
    );
    agent.fail(await agent.request('session/load'), -32000, 'Sign in');
    agent.respond(await agent.request('session/load'), null);
    expect((await opened).id).toBe('old');
  });

  test('at the prompt, as an agent does that lets sessions be opened without', async () => {
    const { agent, session } = await TestClient.withSession();
    const prompted = withSignIn(
      () => session.prompt(textPrompt),
      () => Promise.resolve(true),
    );
    agent.fail(await agent.request('session/prompt'), -32000, 'Please run /login');
    agent.say('s1', 'Welcome');
    agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
    await expect(prompted).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
  });

  test('once and no more, and not when the user gives up', async () => {
    const { agent, session } = await TestClient.withSession();
    let signIns = 0;
    const prompted = withSignIn(
      () => session.prompt(textPrompt),
      () => Promise.resolve(++signIns > 0),
    );
    agent.fail(await agent.request('session/prompt'), -32000, 'first');
    agent.fail(await agent.request('session/prompt'), -32000, 'second');
    await expect(prompted).rejects.toMatchObject({ reason: 'auth-required', message: 'second' });
    expect(signIns).toBe(1);

    const givenUp = withSignIn(
      () => session.prompt(textPrompt),
      () => Promise.resolve(false),
    );
    agent.fail(await agent.request('session/prompt'), -32000, 'third');
    await expect(givenUp).rejects.toMatchObject({ message: 'third' });
  });

  test('no other error asks for a sign-in', async () => {
    const signIn = () => Promise.reject(new Error('must not be asked'));
    const failure = new AcpError('agent-error', 'No', { code: -32603 });
    await expect(withSignIn(() => Promise.reject(failure), signIn)).rejects.toBe(failure);
  });
});

describe('case 26: signing in by a terminal', () => {
  const method = {
    id: 'tty',
    name: 'Log in',
    description: null,
    type: 'terminal',
    args: ['--login'],
    env: { MODE: 'tty' },
    command: null,
  } as const;

  test('the agent’s own command gets more arguments, unless the method names another', () => {
    const agentCommand = ['agent', '--acp'];
    const typed = { ...method, args: [...method.args] };
    expect(signInCommand(typed, agentCommand)).toEqual({
      command: ['agent', '--acp', '--login'],
      env: { MODE: 'tty' },
    });
    expect(signInCommand({ ...typed, command: '/bin/login' }, agentCommand).command).toEqual([
      '/bin/login',
      '--login',
    ]);
  });

  test('its id is never sent to authenticate', async () => {
    const client = new TestClient({ authMethod: 'tty' });
    await client.initialize(answerWith([{ id: 'tty', name: 'Log in', type: 'terminal' }]));
    await expect(client.connection.authenticate('tty')).rejects.toMatchObject({ reason: 'not-supported' });
    await client.agent.settled();
    expect(methodsOf(client)).not.toContain('authenticate');
  });

  test('it is advertised where the client can do it, to agents of any age', async () => {
    const client = new TestClient({ terminalSignIn: true });
    await client.initialize();
    expect(client.agent.received[0]?.params?.clientCapabilities).toMatchObject({
      auth: { terminal: true },
      _meta: { 'terminal-auth': true },
    });
  });
});

describe('case 27: a sign-in that needs nobody', () => {
  test('is done right after initialize, where the agent offers it', async () => {
    const client = new TestClient({ authMethod: 'api-key' });
    const initialized = client.connection.initialize();
    client.agent.respond(
      await client.agent.request('initialize'),
      answerWith([
        { id: 'chatgpt', name: 'ChatGPT' },
        { id: 'api-key', name: 'API key' },
      ]),
    );
    const request = await client.agent.request('authenticate');
    expect(request.params).toEqual({ methodId: 'api-key' });
    client.agent.respond(request, {});
    await initialized;
    expect(methodsOf(client)).toEqual(['initialize', 'authenticate']);
  });

  test('is left out where the agent does not offer it', async () => {
    const client = new TestClient({ authMethod: 'api-key' });
    await client.initialize(answerWith([{ id: 'chatgpt', name: 'ChatGPT' }]));
    expect(methodsOf(client)).toEqual(['initialize']);
  });

  test('tells when it fails', async () => {
    const client = new TestClient({ authMethod: 'api-key' });
    const initialized = client.connection.initialize();
    client.agent.respond(await client.agent.request('initialize'), answerWith([{ id: 'api-key' }]));
    client.agent.fail(await client.agent.request('authenticate'), -32000, 'The key was refused');
    await expect(initialized).rejects.toMatchObject({ reason: 'auth-required' });
  });
});

test('signing out', async () => {
  const client = new TestClient();
  await client.initialize(answerWith([login], { auth: { logout: {} } }));
  const loggedOut = client.connection.logout();
  const request = await client.agent.request('logout');
  expect(request.params).toEqual({});
  client.agent.respond(request, {});
  await loggedOut;
});
