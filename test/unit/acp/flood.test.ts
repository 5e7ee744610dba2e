import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from '../../../src/acp/connection.ts';
import { pauseDepth } from '../../../src/acp/transport/ndjsonReader.ts';
import { TestClient, textOf, textPrompt } from './pipeAgent.ts';

const floodAgent = fileURLToPath(new URL('../../agents/flood-agent.mts', import.meta.url));
const count = 50_000;

test('a flood of 50,000 updates in one turn arrives whole and in order, and others get their turn meanwhile', async () => {
  const child = spawn(process.execPath, [floodAgent, String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const connection = openConnection({
    stdin: child.stdin,
    stdout: child.stdout,
    clientInfo: { name: 'test', version: '1.0.0' },
    handlers: { requestPermission: () => Promise.resolve({ outcome: 'cancelled' }) },
  });
  await connection.initialize();
  const session = await connection.newSession({ cwd: '/work', mcpServers: [] });

  let arrived = 0;
  let outOfOrder = 0;
  let sinceOthers = 0;
  let longestRun = 0;
  const otherWork = (): void => {
    sinceOthers = 0;
    if (arrived < count) setImmediate(otherWork);
  };
  setImmediate(otherWork);
  session.onEvent((event) => {
    if (textOf([event]) !== `${arrived}`) outOfOrder += 1;
    arrived += 1;
    sinceOthers += 1;
    longestRun = Math.max(longestRun, sinceOthers);
  });
  await expect(session.prompt(textPrompt)).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
  expect(arrived).toBe(count);
  expect(outOfOrder).toBe(0);
  expect(longestRun).toBeLessThan(10);
});

test('a flood that comes faster than it is dealt with is held back at its source', async () => {
  const { client, agent, session } = await TestClient.withSession();
  let arrived = 0;
  let mostRead = 0;
  let read = 0;
  agent.stdout.on('data', () => (read += 1));
  session.onEvent(() => {
    arrived += 1;
    mostRead = Math.max(mostRead, read - arrived);
  });
  const prompted = session.prompt(textPrompt);
  const request = await agent.request('session/prompt');
  for (let index = 0; index < 20 * pauseDepth; index += 1) agent.say('s1', `${index} `);
  agent.respond(request, { stopReason: 'end_turn' });
  await prompted;
  expect(arrived).toBe(20 * pauseDepth);
  expect(mostRead).toBeLessThan(2 * pauseDepth);
  expect(client.errors).toEqual([]);
});
