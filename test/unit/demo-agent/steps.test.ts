import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stepNames } from '../../../agents/demo/script.ts';
import { AgentProcess, bundleAgent, choose, temporaryFolder } from './agentProcess.ts';

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;

let tools: Folder;
let bundle: string;
let folder: Folder;
let agent: AgentProcess;
let sessionId: string;

const everything = { terminal: true, elicitation: { form: {}, url: {} } };
/** The first words of all lines that the scripts of this file have run: step names, also those behind `on`. */
const covered = new Set<string>();

beforeAll(async () => {
  tools = await temporaryFolder();
  bundle = await bundleAgent(tools.path);
});

afterAll(async () => {
  await tools[Symbol.asyncDispose]();
});

beforeEach(async () => {
  folder = await temporaryFolder();
  agent = new AgentProcess({ bundle, home: folder.path, env: { SECRET: 'do not tell' } });
  sessionId = await agent.begin(folder.path, everything);
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function run(...lines: string[]): ReturnType<AgentProcess['script']> {
  for (const line of lines) for (const word of line.split(' ', 3)) covered.add(word);
  return agent.script(sessionId, ...lines);
}

describe('a script', () => {
  test('with mistakes is not run and answered with all of them', async () => {
    expect(await run('message before', 'shout', 'delay long')).toBe('end_turn');
    expect(agent.said).not.toContain('before');
    expect(agent.said).toContain('- line 2: there is no step "shout"');
    expect(agent.said).toContain('- line 3: delay: a duration looks like 250ms');
  });

  test('speaks, thinks and plans', async () => {
    const lines = ['message "Hello\\nthere "', 'prompt', 'thought Let me see', 'plan [x] a | b'];
    expect(await run(...lines)).toBe('end_turn');
    expect(agent.said).toBe('Hello\nthere prompt: text only');
    expect(agent.updatesOf('agent_thought_chunk')[0]?.content).toEqual({ type: 'text', text: 'Let me see' });
    expect(agent.updatesOf('plan')[0]?.entries.map(({ status }) => status)).toEqual(['completed', 'pending']);
  });

  test.each(['end_turn', 'max_tokens', 'refusal', 'from_the_future'])('stops with %s', async (reason) => {
    expect(await run('message a', `stop ${reason}`, 'message b')).toBe(reason);
    expect(agent.said).toBe('a');
  });

  test('reports usage, mode, options, commands and title', async () => {
    await run(
      'usage 1200 200000 cost=0.02 tokens=900',
      'mode plan',
      'config model brisk',
      'commands deploy',
      'title Better',
      'update {"sessionUpdate":"session_info_update","title":"as is"}',
    );
    const [usage] = agent.updatesOf('usage_update');
    expect(usage).toMatchObject({ used: 1200, size: 200_000, cost: { amount: 0.02 } });
    expect(agent.lastMeta).toEqual({ quota: { token_count: { input_tokens: 900, output_tokens: 0 } } });
    expect(agent.updatesOf('current_mode_update')[0]?.currentModeId).toBe('plan');
    const options = agent.updatesOf('config_option_update')[0]?.configOptions;
    expect(options?.map(({ id, currentValue }) => [id, currentValue])).toEqual([
      ['mode', 'plan'],
      ['model', 'brisk'],
    ]);
    const commands = agent.updatesOf('available_commands_update').at(-1)?.availableCommands;
    expect(commands?.at(-1)?.name).toBe('deploy');
    expect(agent.updatesOf('session_info_update').map(({ title }) => title)).toEqual(['Better', 'as is']);
  });

  test('tells whether a variable is set, and not its value', async () => {
    await run('env SECRET', 'env NO_SUCH_VARIABLE');
    expect(agent.said).toBe('SECRET is setNO_SUCH_VARIABLE is not set');
    expect(Buffer.concat(agent.stdout).toString()).not.toContain('do not tell');
  });

  test('can contain the tour', async () => {
    await run('speed 5000', 'tour', 'message Done.');
    expect(await readFile(path.join(folder.path, 'KANDEV-OVERVIEW.md'), 'utf8')).toContain('## At a glance');
    expect(agent.said.endsWith('Done.')).toBe(true);
  });
});

describe('tool calls', () => {
  test('read shows the file, edit a diff, and failed fails', async () => {
    const file = path.join(folder.path, 'a.txt');
    await writeFile(file, 'content');
    await run(
      'tool read a.txt line=1',
      'tool edit a.txt old="x" new="y"',
      'tool search needle failed',
      'tool read b',
    );
    expect(agent.updatesOf('tool_call').map(({ kind, locations }) => [kind, locations])).toEqual([
      ['read', [{ path: file, line: 1 }]],
      ['edit', [{ path: file }]],
      ['search', undefined],
      ['read', [{ path: path.join(folder.path, 'b') }]],
    ]);
    const ends = agent.updatesOf('tool_call_update');
    expect(ends.map(({ status }) => status)).toEqual(['completed', 'completed', 'failed', 'failed']);
    expect(ends[0]?.content).toEqual([{ type: 'content', content: { type: 'text', text: 'content' } }]);
    expect(ends[1]?.content).toEqual([{ type: 'diff', path: file, oldText: 'x', newText: 'y' }]);
    expect(await readFile(file, 'utf8')).toBe('content');
  });

  test('write makes folders and replaces files', async () => {
    await run('write deep/a.txt "one\\n"', 'write deep/a.txt two');
    expect(await readFile(path.join(folder.path, 'deep/a.txt'), 'utf8')).toBe('two');
    expect(agent.updatesOf('tool_call').at(-1)?.content).toMatchObject([
      { oldText: 'one\n', newText: 'two' },
    ]);
  });

  test('write fails where it cannot write', async () => {
    await run('write a.txt file', 'write a.txt/b.txt below');
    expect(agent.updatesOf('tool_call_update').map(({ status }) => status)).toEqual(['completed', 'failed']);
  });

  test('session says what it was opened with, and there are no tools without a server', async () => {
    await run('session', 'tools', 'call create_card {"title":"Later"}', 'on refused message refused');
    expect(agent.said).toContain(`"cwd":"${folder.path}"`);
    expect(agent.said).toMatch(/tools: create_card: There is no tool "create_card".\nrefused$/);
  });

  test('terminal runs a command and shows its output and exit', async () => {
    await run('terminal echo hello; exit 3');
    const end = agent.updatesOf('tool_call_update').at(-1);
    expect(end).toMatchObject({ status: 'failed', rawOutput: { exitCode: 3 } });
    expect(JSON.stringify(agent.updatesOf('tool_call_update').at(-2)?.content)).toContain('hello\\n');
  });

  test('terminal style=meta shows it as Codex does', async () => {
    await run('terminal style=meta echo hello');
    const [call] = agent.updatesOf('tool_call');
    const [content] = call?.content ?? [];
    const terminalId = content?.type === 'terminal' ? content.terminalId : expect.fail('no terminal');
    const metas = agent.updatesOf('tool_call_update').map(({ _meta }) => _meta);
    expect(metas[0]).toEqual({ terminal_output: { terminal_id: terminalId, data: 'hello\n' } });
    expect(metas.at(-1)).toMatchObject({ terminal_exit: { terminal_id: terminalId, exit_code: 0 } });
  });

  test.runIf(process.platform === 'linux')('terminal and all it started are killed by a cancel', async () => {
    const ended = run('terminal sleep 600 & echo $!; wait');
    await agent.until(() => agent.updatesOf('tool_call_update').length > 0);
    const pid = /\d+/.exec(JSON.stringify(agent.updatesOf('tool_call_update')[0]?.content))?.[0];
    expect(await isRunning(Number(pid))).toBe(true);
    await agent.agent.notify('session/cancel', { sessionId });
    expect(await ended).toBe('cancelled');
    await expect.poll(() => isRunning(Number(pid))).toBe(false);
  });
});

/** Whether a process lives; one that has ended but was not waited for does not. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '(gone) Z');
  return !status.includes(') Z');
}

describe('questions', () => {
  test('permission: the answer decides how it goes on', async () => {
    const script = ['permission "Run it" command="npm test"', 'on allow message yes', 'on reject message no'];
    await run(...script);
    agent.onPermission = () => choose('reject_once');
    await run(...script);
    agent.onPermission = () => ({ outcome: { outcome: 'cancelled' } });
    await run(...script, 'on cancelled message closed');
    expect(agent.said).toBe('yesnoclosed');
    expect(agent.permissions[0]?.toolCall).toMatchObject({
      title: 'Run it',
      rawInput: { command: 'npm test' },
    });
    const ends = agent.updatesOf('tool_call_update').map(({ status }) => status);
    expect(ends).toEqual(['completed', 'failed', 'failed']);
  });

  test('permission without-tool-call: the request is the first that is heard of it', async () => {
    await run(
      'permission "Index" without-tool-call options=allow_once:yes:Yes path=a.ts new="b"',
      'on yes message ok',
    );
    expect(agent.updatesOf('tool_call')).toEqual([]);
    expect(agent.permissions[0]?.options).toEqual([{ kind: 'allow_once', optionId: 'yes', name: 'Yes' }]);
    expect(agent.permissions[0]?.toolCall.content).toEqual([
      { type: 'diff', path: path.join(folder.path, 'a.ts'), oldText: null, newText: 'b' },
    ]);
    expect(agent.said).toBe('ok');
  });

  test('permission background: two are open at once, and wait waits for both', async () => {
    let answer: (() => void) | undefined;
    const bothAsked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    agent.onPermission = async () => {
      if (agent.permissions.length === 2) answer?.();
      await bothAsked;
      return choose('allow_once');
    };
    await run(
      'permission "A" background',
      'permission "B" background',
      'message asked',
      'wait',
      'message done',
    );
    expect(agent.permissions.map(({ toolCall }) => toolCall.title)).toEqual(['A', 'B']);
    expect(agent.updates.at(-1)).toMatchObject({ content: { text: 'done' } });
    expect(agent.said).toBe('askeddone');
  });

  test('permission cancel-after: the agent withdraws its question', async () => {
    agent.onPermission = (_request, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve({ outcome: { outcome: 'cancelled' } });
        });
      });
    await run('permission "Run it" cancel-after=20ms', 'on cancelled message withdrawn');
    expect(agent.said).toBe('withdrawn');
  });

  test('permission: an error of the client is told', async () => {
    agent.onPermission = () => Promise.reject(new Error('no'));
    await run('permission "Run it"', 'on error message told');
    expect(agent.said).toMatch(/^permission: error -32603 .*told$/);
  });

  test('elicit form asks for values and says them', async () => {
    agent.onElicitation = (request) => {
      expect(request).toMatchObject({
        mode: 'form',
        requestedSchema: { required: ['count'], properties: { count: { type: 'integer', default: 3 } } },
      });
      return { action: 'accept', content: { count: 4 } };
    };
    await run('elicit form "How many?" count:integer!=3', 'on accept message fine');
    expect(agent.said).toBe('elicitation: accept {"count":4}fine');
  });

  test('elicit url completes after consent', async () => {
    agent.onElicitation = () => ({ action: 'accept' });
    await run('elicit url "Sign in" https://example.org/sign-in');
    await agent.until(() => agent.notifications.length > 0);
    expect(agent.notifications[0]?.method).toBe('elicitation/complete');
  });

  test('elicit is not sent to a client that does not know it', async () => {
    await using plain = new AgentProcess({ bundle, home: folder.path });
    const session = await plain.begin(folder.path);
    plain.onElicitation = () => expect.fail('asked');
    await plain.script(session, 'elicit form "How many?" count:integer', 'on unsupported message fine');
    expect(plain.said).toBe('elicitation: the client does not support formfine');
  });

  test('request says the answer, notify needs none', async () => {
    await run('request _demo/unknown {"a":1}', 'notify _demo/hello {"to":"you"}');
    expect(agent.said).toMatch(/^_demo\/unknown: error -32601 /);
    await agent.until(() => agent.notifications.length > 0);
    expect(agent.notifications).toEqual([{ method: '_demo/hello', params: { sessionId, to: 'you' } }]);
  });
});

describe('traffic', () => {
  test('stream and delay take their time and can be cancelled', async () => {
    await run('stream 3 chunks every 1ms', 'delay 1ms');
    expect(agent.said).toBe('chunk 1 of 3\nchunk 2 of 3\nchunk 3 of 3\n');
    const ended = run('message waiting', 'delay 10m');
    await agent.until(() => agent.said.endsWith('waiting'));
    await agent.agent.notify('session/cancel', { sessionId });
    expect(await ended).toBe('cancelled');
  });

  test('burst arrives complete and in order', async () => {
    await run('burst 1000');
    const expected = Array.from({ length: 1000 }, (_, index) => `update ${index + 1} of 1000\n`);
    await agent.until(() => agent.said.length >= expected.join('').length);
    expect(agent.said).toBe(expected.join(''));
  });

  test('late comes after the end of the turn', async () => {
    expect(await run('late 20ms "One more thing"')).toBe('end_turn');
    await agent.until(() => agent.said === 'One more thing');
    const output = Buffer.concat(agent.stdout).toString();
    expect(output.indexOf('stopReason')).toBeLessThan(output.indexOf('One more thing'));
  });

  test('noise stands on stdout where it was sent, stderr on stderr', async () => {
    await run('message before', 'noise Debugger attached.', 'message after', 'stderr logged');
    const lines = Buffer.concat(agent.stdout).toString().split('\n');
    const noise = lines.indexOf('Debugger attached.');
    expect(lines[noise - 1]).toContain('before');
    expect(lines[noise + 1]).toContain('after');
    await expect.poll(() => agent.stderr).toBe('logged\n');
  });

  test('line is one line of that size', async () => {
    await run('line 1MB');
    await agent.until(() => agent.said.length === 1024 ** 2);
    const longest = Math.max(
      ...Buffer.concat(agent.stdout)
        .toString()
        .split('\n')
        .map((line) => line.length),
    );
    expect(longest).toBeGreaterThan(1024 ** 2);
  });

  test('split-utf8 arrives whole', async () => {
    await run('split-utf8 Grüße 👋', 'message .');
    expect(agent.said).toBe('Grüße 👋.');
  });
});

describe('faults', () => {
  test('error and auth-required answer the prompt with an error', async () => {
    await expect(run('error -32603 "model overloaded"')).rejects.toMatchObject({
      code: -32603,
      message: 'model overloaded',
    });
    await expect(run('auth-required')).rejects.toMatchObject({ code: -32000 });
    expect(await run('message still here')).toBe('end_turn');
  });

  test('fail fails so often and then succeeds', async () => {
    const script = ['fail 2 times counter=.failures error="try again"', 'message done'];
    await expect(run(...script)).rejects.toThrow('try again');
    await expect(run(...script)).rejects.toThrow('try again');
    expect(await run(...script)).toBe('end_turn');
    expect(agent.said).toBe('done');
  });

  test('fail counts on after a crash', async () => {
    const script = ['fail 1 times counter=~/state/failures exit=7', 'message done'];
    await expect(run(...script)).rejects.toThrow();
    expect(await agent.exited()).toBe(7);
    expect(agent.stderr).toContain('failure 1 of 1');
    await using again = new AgentProcess({ bundle, home: folder.path });
    expect(await again.script(await again.begin(folder.path), ...script)).toBe('end_turn');
  });

  test('crash exits with the code and the text on stderr, what came before is heard', async () => {
    await expect(run('message last words', 'crash 3 "out of ideas"')).rejects.toThrow();
    expect(await agent.exited()).toBe(3);
    expect(agent.stderr).toBe('out of ideas\n');
    expect(agent.said).toBe('last words');
  });

  test('hang ignores a cancel, and ends with stdin', async () => {
    const ended = run('message hanging', 'hang');
    ended.catch(() => undefined);
    await agent.until(() => agent.said === 'hanging');
    await agent.agent.notify('session/cancel', { sessionId });
    // Answered after the cancel was read, and the turn still goes on.
    await expect(agent.prompt(sessionId, 'hello?')).rejects.toThrow('a turn is already running');
    agent.child.stdin.end();
    expect(await agent.exited()).toBe(0);
  });

  test.each([
    ['end_turn', 'end_turn'],
    ['error', 'Internal error: cancelled'],
  ])('when-cancelled answers %s', async (answer, expected) => {
    const ended = run(`when-cancelled ${answer}`, 'message waiting', 'delay 10m').catch((error: unknown) =>
      error instanceof Error ? error.message : undefined,
    );
    await agent.until(() => agent.said === 'waiting');
    await agent.agent.notify('session/cancel', { sessionId });
    expect(await ended).toBe(expected);
  });

  test.runIf(process.platform === 'linux')('memory is really taken', async () => {
    await run('memory 64MB', `terminal awk '/VmHWM/ {print $2}' /proc/$PPID/status`);
    expect(agent.said).toBe('holding 67108864 bytes');
    const shown = JSON.stringify(agent.updatesOf('tool_call_update')[0]?.content);
    expect(Number(/\d+/.exec(shown)?.[0])).toBeGreaterThan(64 * 1024);
  });
});

test('every step was run by a test above', () => {
  expect(stepNames.filter((name) => !covered.has(name))).toEqual([]);
});
