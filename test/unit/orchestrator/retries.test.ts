import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CardView } from '../../../src/model/cardView.ts';
import type { TaskState } from '../../../src/model/task.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
  services.settings.runRules = { ...services.settings.runRules, retries: 3, retryPauseSeconds: 3600 };
});

afterEach(async () => {
  await services.close();
});

const inState =
  (state: TaskState) =>
  ({ task }: CardView): boolean =>
    task.state === state;
const waitsForRetry = ({ task, queue }: CardView): boolean =>
  typeof task.retry?.at === 'number' && queue !== null;

async function started(script: readonly string[]): Promise<string> {
  const taskId = await services.card(script);
  await services.kandev.execute('task.start', { taskId });
  return taskId;
}

describe('a run that has failed for a reason that may pass', () => {
  it('is tried again by itself until it works', async () => {
    services.settings.runRules.retryPauseSeconds = 0;
    const taskId = await started(['fail 2 times counter=~/failures exit=1', 'message Done']);
    const card = await services.until(taskId, inState('REVIEW'));
    expect(card.task.retry).toBeNull();
    const history = await services.kandev.query('task.history', { taskId });
    expect(history.map(({ to }) => to)).toEqual([
      'BACKLOG',
      ...['TODO', 'IN_PROGRESS'],
      ...['TODO', 'IN_PROGRESS'],
      ...['TODO', 'IN_PROGRESS'],
      'REVIEW',
    ]);
  });

  it('shows which retry it waits for and until when, also after a restart', async () => {
    const taskId = await started(['crash 3 out of ideas']);
    const before = await services.until(taskId, waitsForRetry);
    expect(before.task).toMatchObject({ state: 'TODO', retry: { made: 1, of: 3 } });
    expect(before.run?.failure?.reason).toBe('crashed');
    expect(before.queue?.why).toBe('Is tried again by itself, retry 1 of 3');
    await services.reopen();
    const after = await services.until(taskId, waitsForRetry);
    expect(after.task.retry).toEqual(before.task.retry);
    expect(after.queue?.until).toBe(before.task.retry?.at);
  });

  it('is tried again at once when a person wants that', async () => {
    const taskId = await started(['fail 1 times counter=~/failures exit=1', 'message Done']);
    await services.until(taskId, waitsForRetry);
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, inState('REVIEW'));
  });

  it('waits to be started when the retry is cancelled', async () => {
    const taskId = await started(['crash 3 out of ideas']);
    await services.until(taskId, waitsForRetry);
    await services.kandev.execute('task.stop', { taskId });
    const card = await services.until(taskId, ({ queue }) => queue === null);
    expect(card.task).toMatchObject({ state: 'TODO', retry: null, heldBecause: 'You cancelled the retry.' });
  });

  it('has failed when the retries are used up, and says how often it was tried', async () => {
    services.settings.runRules = { ...services.settings.runRules, retries: 1, retryPauseSeconds: 0 };
    const taskId = await started(['crash 3 out of ideas']);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect((await services.until(taskId, inState('FAILED'))).run?.failure?.message).toContain(
      'It was tried again once.',
    );
    expect(run?.failure?.reason).toBe('crashed');
  });

  it('is not tried again after the agent has used a tool that changes something, and says so', async () => {
    const taskId = await started(['write notes.md "Half done"', 'crash 3 out of ideas']);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(run?.failure?.message).toContain('the agent has already changed something');
  });
});

describe('a run that has failed for want of something', () => {
  it.each([
    ['error -32603 "You exceeded your current quota, please check your plan and billing details"', 'quota'],
    ['error -32603 "401 invalid x-api-key"', 'sign-in-needed'],
  ])('is not tried again: %s', async (script, reason) => {
    const taskId = await started([script]);
    const card = await services.until(taskId, inState('FAILED'));
    expect(card.run?.failure?.reason).toBe(reason);
  });

  it.each([
    ['error -32603 "529 overloaded_error: Overloaded"', 'provider-unavailable'],
    ['error -32603 "fetch failed: getaddrinfo EAI_AGAIN api.example.org"', 'provider-unavailable'],
    ['error -32603 "429 Too many requests, retry in 20s"', 'rate-limited'],
  ])('of the moment is tried again: %s', async (script, reason) => {
    const taskId = await started([script]);
    const card = await services.until(taskId, waitsForRetry);
    expect(card.run?.failure?.reason).toBe(reason);
  });
});
