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

describe('signing in by the environment', () => {
  test('--auth-key: whoever has the key is in', async () => {
    const agent = start('--auth-key');
    const { authMethods } = await agent.initialize();
    expect(authMethods).toMatchObject([{ type: 'env_var', vars: [{ name: 'KANDEV_DEMO_KEY' }] }]);
    const opening = { cwd: folder.path, mcpServers: [] };
    await expect(agent.agent.request('session/new', opening)).rejects.toMatchObject({ code: -32000 });
    const withKey = new AgentProcess({
      bundle,
      home: folder.path,
      args: ['--auth-key'],
      env: { KANDEV_DEMO_KEY: 'any' },
    });
    started.push(withKey);
    expect(await withKey.script(await withKey.begin(folder.path), 'message in')).toBe('end_turn');
  });
});

describe('what a session is opened with', () => {
  test('session says it', async () => {
    const agent = start();
    await agent.initialize();
    const { sessionId } = await agent.agent.request('session/new', {
      cwd: folder.path,
      additionalDirectories: ['/more'],
      mcpServers: [{ name: 'files', command: 'mcp', args: [], env: [] }],
    });
    await agent.script(sessionId, 'session');
    const opening = { cwd: folder.path, additionalDirectories: ['/more'], mcpServers: ['files'] };
    expect(agent.said).toBe(`session: ${JSON.stringify(opening)}`);
  });

  test('an option that is on or off is for clients that know such', async () => {
    const agent = start();
    await agent.initialize({ session: { configOptions: { boolean: {} } } });
    const session = await agent.agent.request('session/new', { cwd: folder.path, mcpServers: [] });
    expect(session.configOptions?.at(-1)).toMatchObject({ id: 'aloud', type: 'boolean', currentValue: true });
    const { sessionId } = session;
    const request: SetSessionConfigOptionRequest = {
      sessionId,
      configId: 'aloud',
      type: 'boolean',
      value: false,
    };
    const { configOptions } = await agent.agent.request('session/set_config_option', request);
    expect(configOptions.at(-1)).toMatchObject({ currentValue: false });
    await agent.script(sessionId, 'thought Hm', 'message done');
    expect(agent.updatesOf('agent_thought_chunk')).toEqual([]);
  });

  test('--older-settings has modes and models, and no options', async () => {
    const agent = start('--older-settings');
    await agent.initialize();
    const session = await agent.agent.request('session/new', { cwd: folder.path, mcpServers: [] });
    expect(session).toMatchObject({
      modes: { currentModeId: 'default' },
      models: { currentModelId: 'calm' },
    });
    expect(session.configOptions).toBeUndefined();
    const { sessionId } = session;
    await agent.agent.request('session/set_model', { sessionId, modelId: 'brisk' });
    await agent.agent.request('session/set_mode', { sessionId, modeId: 'plan' });
    expect(agent.updatesOf('config_option_update')).toEqual([]);
    const refused = [
      agent.agent.request('session/set_model', { sessionId, modelId: 'enormous' }),
      agent.agent.request('session/set_model', { sessionId }),
    ];
    for (const attempt of refused) await expect(attempt).rejects.toMatchObject({ code: -32602 });
  });

  test('--late-replay repeats after it has answered', async () => {
    const first = start();
    const sessionId = await first.begin(folder.path);
    await first.script(sessionId, 'message hello');
    const second = start('--late-replay');
    await second.initialize();
    await second.agent.request('session/load', { sessionId, cwd: folder.path, mcpServers: [] });
    await second.until(() => second.said === 'hello');
    const output = Buffer.concat(second.stdout).toString();
    expect(output.indexOf('currentModeId')).toBeLessThan(output.indexOf('user_message_chunk'));
  });
});
