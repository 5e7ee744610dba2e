import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from '../../../src/acp/connection.ts';
import { recordEvents, textOf, textPrompt } from './pipeAgent.ts';

const rawAgent = fileURLToPath(new URL('../../agents/raw-agent.mts', import.meta.url));

/** The raw agent as a process of its own, and what it leaves behind. */
function start(behaviour: string) {
  const child = spawn(process.execPath, [rawAgent, behaviour]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  const noise: string[] = [];
  const connection = openConnection({
    stdin: child.stdin,
    stdout: child.stdout,
    clientInfo: { name: 'test', version: '1.0.0' },
    handlers: { requestPermission: () => Promise.resolve({ outcome: 'cancelled' }) },
    onNoise: (line) => noise.push(line),
  });
  return { connection, exited, noise };
}

async function startSession(behaviour: string) {
  const agent = start(behaviour);
  await agent.connection.initialize();
  const session = await agent.connection.newSession({ cwd: '/work', mcpServers: [] });
  return { ...agent, session, events: recordEvents(session) };
}

test('case 15: exit in mid-prompt; the exit code and stderr are there for whoever started it', async () => {
  const { connection, session, exited, events, noise } = await startSession('crash');
  await expect(session.prompt(textPrompt)).rejects.toMatchObject({ reason: 'closed' });
  await expect(connection.closed).resolves.toEqual({ kind: 'ended' });
  await expect(exited).resolves.toEqual({ code: 3, stderr: 'Segmentation fault, as it were\n' });
  expect(textOf(events)).toBe('Starting');
  expect(noise).toEqual(['{"jsonrpc":"2.0","meth']);
});

test('case 16: the last words before the end of the process are kept', async () => {
  const { session, events, exited } = await startSession('last-words');
  await expect(session.prompt(textPrompt)).rejects.toMatchObject({ reason: 'closed' });
  expect(textOf(events)).toBe(Array.from({ length: 500 }, (_, index) => `${index} `).join(''));
  await expect(exited).resolves.toMatchObject({ code: 0 });
});

test('case 17: silence at initialize is a time-out, a missing command is not', async () => {
  const silent = start('silent');
  await expect(silent.connection.initialize({ timeoutMs: 50 })).rejects.toMatchObject({ reason: 'timeout' });
  const missing = start('not-found');
  await expect(missing.connection.initialize({ timeoutMs: 60_000 })).rejects.toMatchObject({
    reason: 'closed',
  });
  await expect(missing.exited).resolves.toEqual({ code: 127, stderr: 'sh: 1: some-agent: not found\n' });
});

test('case 33 and 34: an agent that answers a cancel by exiting', async () => {
  const { session, exited } = await startSession('exit-on-cancel');
  const prompted = session.prompt(textPrompt);
  const lost = expect(prompted).rejects.toMatchObject({ reason: 'closed' });
  await session.cancel();
  await lost;
  await expect(exited).resolves.toMatchObject({ code: 0 });
});

test('cases 1, 2, 4 and 5: broken framing from a real pipe', async () => {
  const { session, events, noise } = await startSession('split');
  await expect(session.prompt(textPrompt)).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
  expect(textOf(events)).toBe('naïve 🎉 done!');
  expect(noise).toEqual(['Downloading model… 100%', '5', 'null', '[1,2]']);
});

test('case 49: a legacy agent', async () => {
  const { connection, session, events } = await startSession('legacy');
  await expect(session.prompt(textPrompt)).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
  expect(textOf(events)).toBe('one two');
  expect(connection.dialect).toBe('legacy');
});

test('case 49: the event stream of a wrapper', async () => {
  const { connection, session, events } = await startSession('wrapper');
  await expect(session.prompt(textPrompt)).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
  expect(events.map((event) => (event.type === 'unknown' ? event.kind : event.type))).toEqual([
    'notice',
    'notice',
    'notice',
    'message',
    'artifacts',
  ]);
  expect(connection.dialect).toBe('wrapper');
});
