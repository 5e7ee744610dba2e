import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EventData } from '../../../src/model/events.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;
let taskId = '';
const notices: EventData['run.notice']['notice'][] = [];

beforeEach(async () => {
  services = await startServices();
  notices.length = 0;
  services.kandev.subscribe('run.notice', ({ data }) => {
    notices.push((data as EventData['run.notice']).notice);
  });
  const description = '```kandev-script\nmessage Hello\ndelay 10m\n```';
  const { id } = await services.kandev.execute('task.create', {
    ...{ title: 'A card', agentTypeId: 'demo', description },
  });
  taskId = id;
  await services.kandev.execute('task.start', { taskId });
  await services.until(taskId, ({ run }) => run?.activity === 'Hello');
});

afterEach(() => services.close());

it('a stop does not wait for files that take long, says so on the card, and is not over before them', async () => {
  const arrived = Promise.withResolvers<undefined>();
  services.agents.beforeRemoval = async (activity) => {
    activity('Bringing the files back: 3 MB');
    await arrived.promise;
  };
  await services.kandev.execute('task.stop', { taskId });
  const { run } = await services.until(taskId, () => true);
  expect(run).toMatchObject({
    state: 'RUNNING',
    activity: 'Bringing the files back: 3 MB. Stop again to leave them there.',
  });
  arrived.resolve(undefined);
  await services.until(taskId, ({ run }) => run?.state === 'STOPPED');
  expect(notices).toEqual([]);
});

it('a stop once more leaves them where they are, and says what becomes of them', async () => {
  services.agents.beforeRemoval = async (activity, leave) => {
    activity('Bringing the files back: 3 MB');
    await new Promise((_resolve, reject) => {
      leave?.addEventListener('abort', () => {
        reject(leave.reason as Error);
      });
    });
  };
  await services.kandev.execute('task.stop', { taskId });
  await services.kandev.execute('task.stop', { taskId });
  const { run } = await services.until(taskId, ({ run }) => run?.state === 'STOPPED');
  const message = expect.stringMatching(
    /still on the engine, .*brought back when the board is opened/,
  ) as string;
  expect(notices).toEqual([{ severity: 'warning', message }]);
  const entries = await services.kandev.query('run.transcript', { runId: run?.id ?? '' });
  expect(entries.filter(({ kind }) => kind === 'notice').map(({ text }) => text)).toEqual([message]);
});
