/** Our client and the demo agent, whose side of the protocol is the SDK's: two implementations, over a plain pipe. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { openConnection } from '../../../src/acp/connection.ts';
import type { AcpConnection, ConnectionOptions } from '../../../src/acp/connection.ts';
import { defaultsOf } from '../../../src/acp/elicitation.ts';
import { reopenSession } from '../../../src/acp/reopen.ts';
import type { Session } from '../../../src/acp/session.ts';
import { signInCommand, withSignIn } from '../../../src/acp/signIn.ts';
import type { McpServer } from '../../../src/acp/types.ts';
import { createFileHandlers } from '../../../src/acp/workspaceFiles.ts';
import { WorkspacePaths } from '../../../src/acp/workspacePaths.ts';
import { bundleAgent, temporaryFolder } from '../demo-agent/agentProcess.ts';
import { LocalTerminals } from './localTerminals.ts';
import { recordEvents, textOf } from './pipeAgent.ts';

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;

let tools: Folder;
let bundle: string;
let folder: Folder;

beforeAll(async () => {
  tools = await temporaryFolder();
  bundle = await bundleAgent(tools.path);
});

afterAll(() => tools[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(() => folder[Symbol.asyncDispose]());

interface AgentSetup {
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  options?: Partial<ConnectionOptions>;
}

/** The demo agent as a process, and a connection to it that has every handler. */
function start({ args = [], env = {}, options = {} }: AgentSetup = {}) {
  const child = spawn(process.execPath, [bundle, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: folder.path, ...env },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const workspace = path.join(folder.path, 'project');
  const paths = new WorkspacePaths([{ agentPath: workspace, hostPath: workspace }], { realpath, lstat });
  const errors: Error[] = [];
  const addresses: string[] = [];
  const completed: string[] = [];
  const connection = openConnection({
    stdin: child.stdin,
    stdout: child.stdout,
    clientInfo: { name: 'test', version: '1.0.0' },
    terminalSignIn: true,
    onError: (error) => errors.push(error),
    handlers: {
      requestPermission: ({ options: [first] }) =>
        Promise.resolve(first ? { outcome: 'selected', optionId: first.optionId } : { outcome: 'cancelled' }),
      files: createFileHandlers(paths, {
        read: (name) => readFile(name, 'utf8'),
        write: (name, content) => writeFile(name, content),
      }),
      terminals: new LocalTerminals(),
      elicitation: {
        form: ({ fields }) => Promise.resolve({ action: 'accept', content: defaultsOf(fields) }),
        url: ({ url }) => {
          addresses.push(url);
          return Promise.resolve({ action: 'accept' });
        },
        completed: (id) => completed.push(id),
      },
    },
    ...options,
  });
  const opening = { cwd: workspace, mcpServers: [] };
  return { child, connection, opening, workspace, errors, addresses, completed };
}

async function startSession(setup: AgentSetup = {}) {
  const agent = start(setup);
  await mkdir(agent.workspace, { recursive: true });
  await agent.connection.initialize();
  const session = await agent.connection.newSession(agent.opening);
  return { ...agent, session, events: recordEvents(session) };
}

function runScript(session: Session, ...lines: string[]) {
  return session.prompt([{ type: 'text', text: `\`\`\`kandev-script\n${lines.join('\n')}\n\`\`\`` }]);
}

describe('what the agent asks of its client', () => {
  test('case 41: a command in a terminal of the client, run to its end and killed', async () => {
    const { session, events } = await startSession();
    await runScript(session, 'terminal style=client echo hello; exit 3');
    const [started] = events.flatMap((event) => (event.type === 'terminal' ? event.terminal : []));
    expect(session.state.terminal(started?.id ?? '')).toMatchObject({
      command: "sh -c 'echo hello; exit 3'",
      output: 'hello\n',
      exit: { exitCode: 3, signal: null },
    });
    const call = events.findLast((event) => event.type === 'tool_call');
    expect(call).toMatchObject({
      toolCall: { content: [{ type: 'terminal', terminalId: started?.id }], status: 'failed' },
    });

    events.length = 0;
    await runScript(session, 'terminal style=client kill-when-printed echo begun; sleep 60');
    expect(textOf(events)).toBe('terminal: killed by SIGKILL after "begun\\n"');
  });

  test('case 39: a command of the agent’s own, told as Codex does', async () => {
    const { session, events } = await startSession();
    await runScript(session, 'terminal style=meta echo hello; exit 2');
    const [shown] = events.flatMap((event) => (event.type === 'terminal' ? event.terminal : []));
    expect(shown).toMatchObject({
      output: 'hello\n',
      cwd: path.join(folder.path, 'project'),
      exit: { exitCode: 2 },
    });
  });

  test('case 42: files, in the workspace and out of it', async () => {
    const { session, events, workspace } = await startSession();
    await writeFile(path.join(workspace, 'a.txt'), 'one\ntwo\nthree\n');
    await writeFile(path.join(folder.path, 'secret'), 'secret');
    await symlink(folder.path, path.join(workspace, 'out'));
    const said = async (method: string, params: object) => {
      events.length = 0;
      await runScript(session, `request ${method} ${JSON.stringify(params)}`);
      return textOf(events).slice(method.length + 2);
    };
    const file = path.join(workspace, 'a.txt');
    expect(await said('fs/read_text_file', { path: file, line: 2, limit: 1 })).toBe(
      'result {"content":"two\\n"}',
    );
    expect(await said('fs/write_text_file', { path: file, content: 'new' })).toBe('result {}');
    expect(await readFile(file, 'utf8')).toBe('new');
    for (const outside of ['out/secret', '../secret']) {
      const answer = await said('fs/read_text_file', { path: `${workspace}/${outside}` });
      expect(answer).toMatch(/^error -32602/);
    }
  });

  test('case 47: a form with its defaults, and an address', async () => {
    const { session, events, addresses, completed } = await startSession();
    await runScript(
      session,
      'elicit form "Which?" colour:red|blue! count:integer=3 sure:boolean=true tags:a|b[]=a|b',
      'on accept elicit url "Sign in" https://example.org/sign-in?x=1',
    );
    const texts = events.flatMap((event) => (event.type === 'message' ? event.text : []));
    expect(texts).toEqual([
      'elicitation: accept {"count":3,"sure":true,"tags":["a","b"]}',
      'elicitation: accept',
    ]);
    expect(addresses).toEqual(['https://example.org/sign-in?x=1']);
    expect(completed).toHaveLength(1);
  });

  test('what fails on our side is an error for the agent, and its turn goes on', async () => {
    const { session, events, errors, workspace } = await startSession();
    const result = await runScript(
      session,
      `request fs/read_text_file {"path":"${workspace}/none"}`,
      'message on',
    );
    expect(result).toEqual({ stopReason: 'end_turn', hadOutput: true });
    expect(textOf(events)).toMatch(/error -32603 .*ENOENT.*on$/);
    expect(errors).toHaveLength(1);
  });
});

describe('signing in', () => {
  test('case 25: by the agent', async () => {
    const { connection, opening } = start({ args: ['--auth'] });
    await connection.initialize();
    const session = await withSignIn(
      () => connection.newSession(opening),
      () => connection.authenticate('demo-login').then(() => true),
    );
    expect(session.state.options).not.toEqual([]);
    await connection.logout();
    await expect(connection.newSession(opening)).rejects.toMatchObject({ reason: 'auth-required' });
  });

  test('case 25: at the prompt, once', async () => {
    const { session } = await startSession({ args: ['--auth-at-prompt'] });
    await expect(
      withSignIn(
        () => runScript(session, 'message x'),
        () => Promise.resolve(true),
      ),
    ).rejects.toMatchObject({
      reason: 'auth-required',
    });
  });

  test('case 26: by the agent’s command in a terminal, after which an agent started anew is signed in', async () => {
    const { connection, opening } = start({ args: ['--auth'] });
    const { authMethods } = await connection.initialize();
    const method = authMethods.find(({ type }) => type === 'terminal');
    if (method?.type !== 'terminal') throw new Error('There is no such method.');
    const {
      command: [program = '', ...args],
      env,
    } = signInCommand(method, [process.execPath, bundle, '--auth']);
    const login = spawn(program, args, {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, HOME: folder.path, ...env },
    });
    expect(await once(login, 'exit')).toEqual([0, null]);
    const again = start({ args: ['--auth'] });
    await again.connection.initialize();
    await expect(again.connection.newSession(opening)).resolves.toBeDefined();
  });

  test('case 26: by the environment', async () => {
    const { connection, opening } = start({ args: ['--auth-key'] });
    const { authMethods } = await connection.initialize();
    expect(authMethods).toMatchObject([
      {
        type: 'env_var',
        variables: [{ name: 'KANDEV_DEMO_KEY', label: 'Key', secret: true, optional: false }],
      },
    ]);
    await expect(connection.newSession(opening)).rejects.toMatchObject({ reason: 'auth-required' });
    const again = start({ args: ['--auth-key'], env: { KANDEV_DEMO_KEY: 'any' } });
    await again.connection.initialize();
    await expect(again.connection.newSession(opening)).resolves.toBeDefined();
  });

  test('case 27: without anybody', async () => {
    const { connection, opening } = start({ args: ['--auth'], options: { authMethod: 'demo-login' } });
    await connection.initialize();
    await expect(connection.newSession(opening)).resolves.toBeDefined();
  });
});

describe('sessions', () => {
  test('case 22 and 24: what the agent is given, and what not', async () => {
    const { connection, opening } = start();
    await connection.initialize();
    const http: McpServer = { type: 'http', name: 'remote', url: 'http://localhost', headers: [] };
    const session = await connection.newSession({
      ...opening,
      additionalDirectories: ['/more'],
      mcpServers: [{ name: 'local', command: 'mcp', args: [], env: [] }, http],
    });
    expect(session.leftOut).toEqual({ mcpServers: [http], additionalDirectories: [] });
    const events = recordEvents(session);
    await runScript(session, 'session');
    expect(JSON.parse(textOf(events).slice('session: '.length))).toEqual({
      cwd: opening.cwd,
      additionalDirectories: ['/more'],
      mcpServers: ['local'],
    });
  });

  test('case 43: options, of which modes are one and some are on or off', async () => {
    const { session } = await startSession();
    const values = () =>
      session.state.options.map(({ id, currentValue, origin }) => [id, currentValue, origin]);
    expect(values()).toEqual([
      ['mode', 'default', 'config'],
      ['model', 'calm', 'config'],
      ['aloud', true, 'config'],
    ]);
    await session.setOption('mode', 'plan');
    await session.setOption('aloud', false);
    expect(values().map(([, value]) => value)).toEqual(['plan', 'calm', false]);
    await runScript(session, 'config model brisk', 'mode auto');
    expect(values().map(([, value]) => value)).toEqual(['auto', 'brisk', false]);
    await expect(session.setOption('mode', 'yolo')).rejects.toMatchObject({
      reason: 'agent-error',
      code: -32602,
    });
  });

  test('case 44: modes and models of an agent without options', async () => {
    const { session } = await startSession({ args: ['--older-settings'] });
    expect(session.state.options.map(({ id, origin }) => [id, origin])).toEqual([
      ['mode', 'mode'],
      ['model', 'model'],
    ]);
    await session.setOption('model', 'brisk');
    await session.setOption('mode', 'plan');
    expect(session.state.options.map(({ currentValue }) => currentValue)).toEqual(['plan', 'brisk']);
    await expect(session.setOption('model', 'huge')).rejects.toMatchObject({ code: -32602 });
  });

  test.each([
    ['at once', []],
    ['late, as Gemini does', ['--late-replay']],
  ])('case 45: a load that repeats %s is not told twice; a resume repeats nothing', async (_, args) => {
    const first = await startSession();
    await runScript(first.session, 'message Done', 'plan [x] Do it', 'tool edit a.txt new=x');
    first.child.kill('SIGKILL');

    const second = start({ args });
    await second.connection.initialize();
    const loaded = await second.connection.loadSession(first.session.id, {
      ...second.opening,
      replay: 'discard',
    });
    const events = recordEvents(loaded);
    await runScript(loaded, 'message New');
    expect(events.flatMap((event) => (event.type === 'commands' ? [] : event.type))).toEqual(['message']);
    expect(textOf(events)).toBe('New');
    expect(loaded.state.plan).toHaveLength(1);

    const third = start();
    await third.connection.initialize();
    const marked = await third.connection.loadSession(first.session.id, third.opening);
    expect(
      recordEvents(marked)
        .filter(({ turn }) => turn.replayed)
        .map(({ type }) => type),
    ).toEqual(['message', 'message', 'plan', 'tool_call', 'tool_call', 'message', 'message']);

    const resumed = await reopenSession(third.connection, first.session.id, third.opening);
    expect(resumed.how).toBe('resumed');
    const unknown = await reopenSession(third.connection, 'demo-none', third.opening);
    expect(unknown).toMatchObject({ how: 'new', reason: { reason: 'session-not-found' } });
  });

  test('case 46: a list of more than one page, close and delete', async () => {
    const { connection, opening, session } = await startSession();
    const ids = [session.id];
    await runScript(session, 'title First');
    for (let index = 0; index < 20; index += 1) {
      const another = await connection.newSession(opening);
      await runScript(another, 'message x');
      ids.push(another.id);
    }
    expect((await connection.listSessions()).sessions).toHaveLength(20);
    expect(new Set(await listed(connection, opening.cwd))).toEqual(new Set(ids));
    expect(await listed(connection, '/elsewhere')).toEqual([]);
    await session.close();
    await session.close();
    await connection.deleteSession(session.id);
    await connection.deleteSession(session.id);
    expect(await listed(connection, opening.cwd)).not.toContain(session.id);
  });
});

async function listed(connection: AcpConnection, cwd: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of connection.sessions({ cwd })) ids.push(id);
  return ids;
}
