import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentProcess, bundleAgent, choose, temporaryFolder, type AgentSetup } from './agentProcess.ts';

let tools: Awaited<ReturnType<typeof temporaryFolder>>;
let bundle: string;

beforeAll(async () => {
  tools = await temporaryFolder();
  bundle = await bundleAgent(tools.path);
});

afterAll(() => tools[Symbol.asyncDispose]());

interface ProjectRun extends AsyncDisposable {
  project: string;
  agent: AgentProcess;
  sessionId: string;
}

const projectFiles = {
  'README.md': '# Webshop\n',
  'package.json': '{ "scripts": { "test": "vitest" } }\n',
  'src/index.ts': 'import { login } from "./login.ts";\n// TODO: log out again\nlogin();\n',
  'src/login.ts': 'export function login() {}\n',
};

/** A folder with a small project in it and a HOME beside it, and an agent with a session in the project. */
async function startInProject(setup: Partial<AgentSetup> = {}): Promise<ProjectRun> {
  const root = await temporaryFolder();
  const home = path.join(root.path, 'home');
  const project = path.join(root.path, 'webshop');
  await mkdir(path.join(project, 'src'), { recursive: true });
  await mkdir(home);
  for (const [name, text] of Object.entries(projectFiles)) await writeFile(path.join(project, name), text);
  const agent = new AgentProcess({ bundle, home, ...setup });
  return {
    project,
    agent,
    sessionId: await agent.begin(project),
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

const card = 'Fix the login\n\nThe **login** fails after a minute.';

describe('the tour', () => {
  test('plans, reads, searches, asks, writes and reports', async () => {
    await using run = await startInProject();
    const { agent, project } = run;
    expect(await agent.prompt(run.sessionId, card)).toBe('end_turn');

    const plans = agent.updatesOf('plan').map(({ entries }) => entries.map(({ status }) => status));
    expect(plans).toHaveLength(6);
    expect(plans[0]).toEqual(['in_progress', 'pending', 'pending', 'pending', 'pending']);
    expect(plans.at(-1)).toEqual(Array(5).fill('completed'));

    const calls = agent.updatesOf('tool_call');
    expect(calls.map(({ kind }) => kind)).toEqual([
      'search',
      'read',
      'read',
      'read',
      'read',
      'search',
      'edit',
    ]);
    const read = calls.filter(({ kind }) => kind === 'read').flatMap(({ locations }) => locations ?? []);
    expect(read.map((location) => location.path)).toContain(path.join(project, 'src/login.ts'));
    const done = agent.updatesOf('tool_call_update').filter(({ status }) => status === 'completed');
    expect(new Set(done.map(({ toolCallId }) => toolCallId)).size).toBe(calls.length);

    const file = path.join(project, 'KANDEV-OVERVIEW.md');
    const written = await readFile(file, 'utf8');
    expect(written).toContain('> The **login** fails after a minute.');
    expect(written).toContain('- `src/index.ts:2` `TODO: log out again`');
    expect(written).toContain('- `src/login.ts` (login)');

    expect(agent.permissions).toHaveLength(1);
    const [permission] = agent.permissions;
    expect(permission?.toolCall).toMatchObject({
      toolCallId: calls.at(-1)?.toolCallId,
      title: 'Write KANDEV-OVERVIEW.md',
      content: [{ type: 'diff', path: file, oldText: null, newText: written }],
    });
    expect(permission?.options.map(({ kind }) => kind)).toEqual([
      'allow_once',
      'allow_always',
      'reject_once',
    ]);

    expect(agent.said).toContain('I have written **KANDEV-OVERVIEW.md**');
    expect(agent.updatesOf('agent_thought_chunk').length).toBeGreaterThan(0);
    expect(agent.updatesOf('usage_update').at(-1)?.used).toBeGreaterThan(0);
  });

  test('asks before it writes', async () => {
    await using run = await startInProject();
    let existed: boolean | undefined;
    run.agent.onPermission = () => {
      existed = existsSync(path.join(run.project, 'KANDEV-OVERVIEW.md'));
      return choose('allow');
    };
    await run.agent.prompt(run.sessionId, card);
    expect(existed).toBe(false);
  });

  test('writes nothing when that is rejected, and says so', async () => {
    await using run = await startInProject();
    const { agent } = run;
    agent.onPermission = () => choose('reject');
    expect(await agent.prompt(run.sessionId, card)).toBe('end_turn');
    expect(await readdir(run.project)).toEqual(['README.md', 'package.json', 'src']);
    expect(agent.said).toContain('I have written nothing');
    expect(agent.updatesOf('tool_call_update').at(-1)?.status).toBe('failed');
    const plan = agent
      .updatesOf('plan')
      .at(-1)
      ?.entries.map(({ status }) => status);
    expect(plan).toEqual(['completed', 'completed', 'completed', 'pending', 'completed']);
  });

  test('takes a free name and leaves the files of the user alone', async () => {
    await using run = await startInProject();
    await writeFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'mine');
    await run.agent.prompt(run.sessionId, card);
    expect(await readFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'utf8')).toBe('mine');
    expect(await readFile(path.join(run.project, 'KANDEV-OVERVIEW-2.md'), 'utf8')).toContain('# webshop');
  });

  test('does not replace a file that appears while the user thinks', async () => {
    await using run = await startInProject();
    run.agent.onPermission = async () => {
      await writeFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'mine');
      return choose('allow');
    };
    expect(await run.agent.prompt(run.sessionId, card)).toBe('end_turn');
    expect(await readFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'utf8')).toBe('mine');
    expect(run.agent.said).toContain('a file of this name has appeared in the meantime');
  });

  test('says what is wrong when the folder is gone', async () => {
    await using run = await startInProject();
    const missing = path.join(run.project, 'gone');
    const { sessionId } = await run.agent.agent.request('session/new', { cwd: missing, mcpServers: [] });
    expect(await run.agent.prompt(sessionId, card)).toBe('end_turn');
    expect(run.agent.said).toContain('I could not write **KANDEV-OVERVIEW.md**: the folder is gone.');
  });

  test('mode plan writes nothing and mode auto does not ask', async () => {
    await using run = await startInProject();
    const { agent, sessionId } = run;
    agent.onPermission = () => expect.fail('asked');
    await agent.agent.request('session/set_mode', { sessionId, modeId: 'plan' });
    await agent.prompt(sessionId, card);
    expect(agent.said).toContain('plan mode');
    expect(await readdir(run.project)).not.toContain('KANDEV-OVERVIEW.md');
    await agent.agent.request('session/set_mode', { sessionId, modeId: 'auto' });
    await agent.prompt(sessionId, '/overview of everything');
    expect(await readdir(run.project)).toContain('KANDEV-OVERVIEW.md');
  });
});

describe('a cancel', () => {
  test.each(['plan', 'tool_call'] as const)('ends the tour at its first %s', async (kind) => {
    await using run = await startInProject({ env: { KANDEV_DEMO_SPEED: '4' } });
    const { agent, sessionId } = run;
    const ended = agent.prompt(sessionId, card);
    await agent.until(() => agent.updatesOf(kind).length > 0);
    await agent.agent.notify('session/cancel', { sessionId });
    expect(await ended).toBe('cancelled');
    expect(agent.permissions).toEqual([]);
  });

  test('ends a turn that waits for an answer, without one', async () => {
    await using run = await startInProject();
    const { agent, sessionId } = run;
    agent.onPermission = () => new Promise(() => undefined);
    const ended = agent.prompt(sessionId, card);
    await agent.until(() => agent.permissions.length > 0);
    await agent.agent.notify('session/cancel', { sessionId });
    expect(await ended).toBe('cancelled');
    expect(await readdir(run.project)).not.toContain('KANDEV-OVERVIEW.md');
  });

  test('leaves the session usable', async () => {
    await using run = await startInProject({ env: { KANDEV_DEMO_SPEED: '0.01' } });
    const { agent, sessionId } = run;
    const ended = agent.prompt(sessionId, card);
    await agent.until(() => agent.said !== '');
    await expect(agent.prompt(sessionId, 'at the same time')).rejects.toThrow('a turn is already running');
    await agent.agent.notify('session/cancel', { sessionId });
    expect(await ended).toBe('cancelled');
    expect(await agent.script(sessionId, 'message still here')).toBe('end_turn');
    expect(agent.said).toContain('still here');
  });
});

describe('a follow-up', () => {
  test('extends the overview of the first turn', async () => {
    await using run = await startInProject();
    const { agent, sessionId } = run;
    await agent.prompt(sessionId, card);
    const before = await readFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'utf8');
    await agent.prompt(sessionId, 'Please extend the overview');
    const after = await readFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'utf8');
    expect(after.startsWith(before)).toBe(true);
    expect(after).toContain('> Please extend the overview');
    expect(agent.permissions.at(-1)?.toolCall.content).toEqual([
      { type: 'diff', path: path.join(run.project, 'KANDEV-OVERVIEW.md'), oldText: before, newText: after },
    ]);
  });

  test('keeps what the user has edited while thinking', async () => {
    await using run = await startInProject();
    const { agent, sessionId } = run;
    await agent.prompt(sessionId, card);
    agent.onPermission = async () => {
      await writeFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'edited');
      return choose('allow');
    };
    await agent.prompt(sessionId, '/extend');
    expect(await readFile(path.join(run.project, 'KANDEV-OVERVIEW.md'), 'utf8')).toBe('edited');
    expect(agent.said).toContain('has changed in the meantime');
  });

  test('does not ask again after "always"', async () => {
    await using run = await startInProject();
    const { agent, sessionId } = run;
    agent.onPermission = () => choose('always');
    await agent.prompt(sessionId, card);
    await agent.prompt(sessionId, '/extend with folders');
    expect(agent.permissions).toHaveLength(1);
  });

  test('lists TODO comments, and otherwise says what it did and can do', async () => {
    await using run = await startInProject();
    const { agent, sessionId } = run;
    await agent.prompt(sessionId, card);
    await agent.prompt(sessionId, 'Which TODOs are there?');
    expect(agent.said).toContain('- `src/index.ts:2` `TODO: log out again`');
    await agent.prompt(sessionId, 'How are you?');
    expect(agent.said).toContain('I wrote **KANDEV-OVERVIEW.md** for the task "Fix the login"');
  });

  test('before any tour, /help explains and writes nothing', async () => {
    await using run = await startInProject();
    await run.agent.prompt(run.sessionId, '/help');
    expect(run.agent.said).toContain('`/overview`');
    expect(run.agent.permissions).toEqual([]);
  });
});
