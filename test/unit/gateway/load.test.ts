import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';
import { loadGateway } from '../../harness/gatewayLoad.ts';

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway({ requestsPerMinute: 1_000_000_000 });
});

afterAll(async () => {
  await test.close();
});

it('200 programs ask and 50 follow while 10 agents work, and nothing is lost or doubled', async () => {
  test.services.settings.maxConcurrentRuns = 10;
  const { kandev } = test.services;
  const description = ['```kandev-script', 'stream 40 chunks every 20ms', '```'].join('\n');
  const taskIds: string[] = [];
  for (let n = 0; n < 10; n++) {
    // Of those in the folder, one would work after the other.
    const card = { title: `Works ${n}`, description, agentTypeId: 'demo', workspaceMode: 'copy' as const };
    taskIds.push((await kandev.execute('task.create', card)).id);
  }
  for (const taskId of taskIds) await kandev.execute('task.start', { taskId });
  const outcome = await loadGateway(
    { url: test.url, token: test.token, taskIds },
    { clients: 200, streams: 50, pauseMs: 200 },
  );
  expect(outcome.problems).toEqual([]);
  expect(outcome.requests).toBeGreaterThan(200);
  expect(outcome.reconnects).toBeGreaterThan(0);
  expect(test.problems).toEqual([]);
  // Ten processes are started, on a machine that does other things as well.
}, 60_000);
