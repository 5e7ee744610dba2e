import { access, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SetSessionConfigOptionRequest } from '@agentclientprotocol/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AgentProcess, bundleAgent, temporaryFolder } from './agentProcess.ts';

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;

let tools: Folder;
let bundle: string;
let folder: Folder;
const started: AgentProcess[] = [];

beforeAll(async () => {
  tools = await temporaryFolder();
  bundle = await bundleAgent(tools.path);
});

afterAll(() => tools[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((agent) => agent[Symbol.asyncDispose]()));
  await folder[Symbol.asyncDispose]();
});

/** An agent that is killed after the test. All agents of a test share one HOME. */
function start(...args: string[]): AgentProcess {
  const agent = new AgentProcess({ bundle, home: folder.path, args });
  started.push(agent);
  return agent;
}

describe('starting', () => {
  test('initialize tells what the agent can do', async () => {
    const result = await start().initialize();
    expect(result).toMatchObject({
      protocolVersion: 1,
      agentInfo: { name: 'kandev-demo-agent' },
      agentCapabilities: {
        loadSession: true,
        sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {}, additionalDirectories: {} },
      },
      authMethods: [],
    });
  });

  test('session/new offers modes and models, and then the slash commands', async () => {
    const agent = start();
    await agent.initialize();
    const session = await agent.agent.request('session/new', { cwd: folder.path, mcpServers: [] });
    expect(session.modes?.availableModes.map(({ id }) => id)).toEqual(['default', 'plan', 'auto']);
    expect(session.configOptions?.map(({ category }) => category)).toEqual(['mode', 'model']);
    await agent.until(() => agent.updatesOf('available_commands_update').length === 1);
    const output = Buffer.concat(agent.stdout).toString();
    expect(output.indexOf('availableModes')).toBeLessThan(output.indexOf('available_commands_update'));
  });

  test('the end of stdin ends it, SIGTERM too', async () => {
    const [first, second] = [start(), start()];
    await Promise.all([first.initialize(), second.initialize()]);
    first.child.stdin.end();
    second.child.kill('SIGTERM');
    expect(await first.exited()).toBe(0);
    expect(await second.exited()).toBe(143);
  });
});

describe('on the command line', () => {
  test('--exit-before-initialize and --stderr', async () => {
    const agent = start('--exit-before-initialize', '42', '--stderr', 'no such model');
    expect(await agent.exited()).toBe(42);
    expect(agent.stderr).toBe('no such model\n');
    expect(agent.stdout).toEqual([]);
  });

  test('--silent reads and never answers', async () => {
    const agent = start('--silent');
    const answered = agent.initialize();
    answered.catch(() => undefined);
    agent.child.stdin.end();
    expect(await agent.exited()).toBe(0);
    expect(agent.stdout).toEqual([]);
    await expect(answered).rejects.toThrow();
  });

  test('--slow-initialize answers late, --protocol-version as told', async () => {
    const agent = start('--slow-initialize', '200', '--protocol-version', '99');
    const began = performance.now();
    expect((await agent.initialize()).protocolVersion).toBe(99);
    expect(performance.now() - began).toBeGreaterThan(190);
  });

  test('--noise prints what is no message, and all goes on', async () => {
    const agent = start('--noise');
    const sessionId = await agent.begin(folder.path);
    expect(await agent.script(sessionId, 'message hello')).toBe('end_turn');
    const lines = Buffer.concat(agent.stdout).toString().split('\n');
    expect(lines).toEqual(expect.arrayContaining(['', '5', 'null', '{"not": "a message"}']));
  });

  test('--ignore-sigterm stays', async () => {
    const agent = start('--ignore-sigterm');
    const sessionId = await agent.begin(folder.path);
    agent.child.kill('SIGTERM');
    expect(await agent.script(sessionId, 'message still here')).toBe('end_turn');
    agent.child.kill('SIGKILL');
    expect(await agent.exited()).toBe('SIGKILL');
  });

  test.each([
    [['--frobnicate'], /--frobnicate/],
    [['--slow-initialize', 'long'], /--slow-initialize takes a whole number, not "long"/],
  ])('%s is refused', async (args, message) => {
    const agent = start(...args);
    expect(await agent.exited()).toBe(2);
    expect(agent.stderr).toMatch(message);
  });

  test('a KANDEV_DEMO_SPEED that is no speed is refused', async () => {
    const agent = new AgentProcess({ bundle, home: folder.path, env: { KANDEV_DEMO_SPEED: 'fast' } });
    started.push(agent);
    expect(await agent.exited()).toBe(2);
    expect(agent.stderr).toBe('KANDEV_DEMO_SPEED is a number above 0, not "fast"\n');
  });
});

describe('signing in', () => {
  test('--auth: session/new is refused until authenticate, and again after logout', async () => {
    const agent = start('--auth');
    const { authMethods } = await agent.initialize();
    expect(authMethods?.map(({ id }) => id)).toEqual(['demo-login']);
    const open = () => agent.agent.request('session/new', { cwd: folder.path, mcpServers: [] });
    await expect(open()).rejects.toMatchObject({ code: -32000 });
    await expect(agent.agent.request('authenticate', { methodId: 'other' })).rejects.toMatchObject({
      code: -32602,
    });
    await agent.agent.request('authenticate', { methodId: 'demo-login' });
    const { sessionId } = await open();
    expect(await agent.script(sessionId, 'auth-required', 'message in')).toBe('end_turn');
    await agent.agent.request('logout', {});
    await expect(open()).rejects.toMatchObject({ code: -32000 });
  });

  test('--auth-at-prompt with --login in a terminal', async () => {
    const agent = start('--auth-at-prompt');
    const { authMethods } = await agent.initialize({ auth: { terminal: true } });
    const terminal = authMethods?.find((method) => 'type' in method);
    expect(terminal).toMatchObject({ type: 'terminal', args: ['--login'] });
    const { sessionId } = await agent.agent.request('session/new', { cwd: folder.path, mcpServers: [] });
    await expect(agent.prompt(sessionId, '/help')).rejects.toMatchObject({ code: -32000 });
    expect(await start('--auth-at-prompt', '--login').exited()).toBe(0);
    expect(await agent.prompt(sessionId, '/help')).toBe('end_turn');
  });
});

describe('sessions', () => {
  test('load replays the conversation, and the agent still knows it', async () => {
    const first = start();
    const sessionId = await first.begin(folder.path);
    await first.prompt(sessionId, 'Fix the login');
    await first.until(() => first.said.includes('extend the overview'));
    const conversation = first.updates.filter(
      ({ sessionUpdate }) => sessionUpdate !== 'available_commands_update',
    );
    first.child.kill('SIGKILL');

    const second = start();
    await second.initialize();
    const loaded = await second.agent.request('session/load', {
      sessionId,
      cwd: folder.path,
      mcpServers: [],
    });
    expect(loaded.modes?.currentModeId).toBe('default');
    expect(second.updates[0]).toEqual({
      sessionUpdate: 'user_message_chunk',
      content: { type: 'text', text: 'Fix the login' },
    });
    expect(second.updates.slice(1, 1 + conversation.length)).toEqual(conversation);
    await second.prompt(sessionId, 'extend the overview');
    expect(await readFile(path.join(folder.path, 'KANDEV-OVERVIEW.md'), 'utf8')).toContain(
      '## In more detail',
    );
  });

  test('resume replays nothing, and keeps mode and model', async () => {
    const first = start();
    const sessionId = await first.begin(folder.path);
    await first.script(sessionId, 'message hello', 'mode plan', 'config model brisk');
    first.child.stdin.end();
    await first.exited();

    const second = start();
    await second.initialize();
    const resumed = await second.agent.request('session/resume', {
      sessionId,
      cwd: folder.path,
      mcpServers: [],
    });
    expect(resumed.modes?.currentModeId).toBe('plan');
    expect(resumed.configOptions?.map(({ currentValue }) => currentValue)).toEqual(['plan', 'brisk']);
    await second.script(sessionId, 'message again');
    expect(second.said).toBe('again');
  });

  test('what was said before a crash is kept', async () => {
    const first = start();
    const sessionId = await first.begin(folder.path);
    await expect(first.script(sessionId, 'message hello', 'crash 1')).rejects.toThrow();
    const second = start();
    await second.initialize();
    await second.agent.request('session/load', { sessionId, cwd: folder.path, mcpServers: [] });
    expect(second.updates[0]?.sessionUpdate).toBe('user_message_chunk');
  });

  test('list goes by page and folder, newest first; delete removes', async () => {
    const agent = start();
    await agent.initialize();
    const open = async (cwd: string): Promise<string> => {
      const { sessionId } = await agent.agent.request('session/new', { cwd, mcpServers: [] });
      await agent.script(sessionId, 'title One of many');
      return sessionId;
    };
    const elsewhere = await open('/elsewhere');
    const here: string[] = [];
    for (let index = 0; index < 21; index += 1) here.push(await open(folder.path));

    const firstPage = await agent.agent.request('session/list', { cwd: folder.path });
    expect(firstPage.sessions).toHaveLength(20);
    expect(firstPage.sessions[0]).toMatchObject({ cwd: folder.path, title: 'One of many' });
    const cursor = firstPage.nextCursor ?? expect.fail('no second page');
    const secondPage = await agent.agent.request('session/list', { cwd: folder.path, cursor });
    expect(secondPage.nextCursor).toBeUndefined();
    const listed = [...firstPage.sessions, ...secondPage.sessions].map(({ sessionId }) => sessionId);
    expect(new Set(listed)).toEqual(new Set(here));

    await agent.agent.request('session/delete', { sessionId: elsewhere });
    const { sessions } = await agent.agent.request('session/list', { cwd: '/elsewhere' });
    expect(sessions).toEqual([]);
    await expect(agent.prompt(elsewhere, '/help')).rejects.toMatchObject({ code: -32002 });
  });

  test('close ends a running turn and keeps the session', async () => {
    const agent = start();
    const sessionId = await agent.begin(folder.path);
    const ended = agent.script(sessionId, 'message waiting', 'delay 10m');
    await agent.until(() => agent.said === 'waiting');
    await agent.agent.request('session/close', { sessionId });
    expect(await ended).toBe('cancelled');
    await expect(agent.prompt(sessionId, '/help')).rejects.toMatchObject({ code: -32002 });
    await agent.agent.request('session/resume', { sessionId, cwd: folder.path, mcpServers: [] });
    expect(await agent.prompt(sessionId, '/help')).toBe('end_turn');
  });

  test.each(['demo-unknown', '../outside', ''])('there is no session "%s"', async (sessionId) => {
    const first = start();
    const own = await first.begin(folder.path);
    await first.script(own, 'message hello');
    const state = path.join(folder.path, '.kandev-demo');
    await copyFile(path.join(state, 'sessions', `${own}.json`), path.join(state, 'outside.json'));
    const agent = start();
    await agent.initialize();
    const load = agent.agent.request('session/load', { sessionId, cwd: folder.path, mcpServers: [] });
    await expect(load).rejects.toMatchObject({ code: -32002, data: { sessionId } });
  });

  test('a damaged session file is no session', async () => {
    const sessions = path.join(folder.path, '.kandev-demo', 'sessions');
    await mkdir(sessions, { recursive: true });
    await writeFile(path.join(sessions, 'demo-1.json'), '{"sessionId": "demo-1"');
    const agent = start();
    await agent.initialize();
    expect((await agent.agent.request('session/list', {})).sessions).toEqual([]);
  });

  test('--state-dir keeps them elsewhere, and works without when it cannot be written', async () => {
    const state = path.join(folder.path, 'state');
    const agent = start('--state-dir', state);
    await agent.script(await agent.begin(folder.path), 'message hello');
    expect(await readdir(path.join(state, 'sessions'))).toHaveLength(1);
    await expect(access(path.join(folder.path, '.kandev-demo'))).rejects.toThrow();

    await writeFile(path.join(folder.path, 'file'), '');
    const stateless = start('--state-dir', path.join(folder.path, 'file'));
    const sessionId = await stateless.begin(folder.path);
    expect(await stateless.script(sessionId, 'message hello')).toBe('end_turn');
    expect(await stateless.script(sessionId, 'message again')).toBe('end_turn');
    stateless.child.stdin.end();
    await stateless.exited();
    expect(stateless.stderr.match(/State is not kept in/g)).toHaveLength(1);
  });

  test('modes and options can be set from outside, and unknown ones are refused', async () => {
    const agent = start();
    const sessionId = await agent.begin(folder.path);
    const request: SetSessionConfigOptionRequest = { sessionId, configId: 'mode', value: 'plan' };
    const changed = await agent.agent.request('session/set_config_option', request);
    expect(changed.configOptions.map(({ currentValue }) => currentValue)).toEqual(['plan', 'calm']);
    expect(agent.updatesOf('current_mode_update').at(-1)?.currentModeId).toBe('plan');
    await agent.agent.request('session/set_mode', { sessionId, modeId: 'auto' });
    expect(agent.updatesOf('config_option_update').at(-1)?.configOptions[0]?.currentValue).toBe('auto');
    const refused = [
      agent.agent.request('session/set_mode', { sessionId, modeId: 'yolo' }),
      agent.agent.request('session/set_config_option', { ...request, value: 'yolo' }),
      agent.agent.request('session/set_config_option', { ...request, configId: 'colour' }),
    ];
    for (const attempt of refused) await expect(attempt).rejects.toMatchObject({ code: -32602 });
  });

  test('two sessions run their turns side by side', async () => {
    const agent = start();
    const [first, second] = [await agent.begin(folder.path), await agent.begin(folder.path)];
    const waiting = agent.script(first, 'message waiting', 'delay 10m');
    await agent.until(() => agent.said === 'waiting');
    expect(await agent.script(second, 'message meanwhile')).toBe('end_turn');
    await agent.agent.notify('session/cancel', { sessionId: first });
    expect(await waiting).toBe('cancelled');
  });
});
