import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CardView } from '../../../src/model/cardView.ts';
import type { TaskState } from '../../../src/model/task.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  await services.close();
});

const inState =
  (state: TaskState) =>
  ({ task }: CardView): boolean =>
    task.state === state;
const stalled = ({ stalledSince }: CardView): boolean => stalledSince !== null;
const goesOn = (card: CardView): boolean => !stalled(card);

/** 0.6 seconds. */
const soon = 0.01;

async function started(script: readonly string[]): Promise<string> {
  const taskId = await services.card(script);
  await services.kandev.execute('task.start', { taskId });
  return taskId;
}

async function said(card: CardView): Promise<string[]> {
  const entries = await services.kandev.query('run.transcript', { runId: card.run?.id ?? '' });
  return entries.map(({ kind, text }) => `${kind}: ${text}`);
}

/** Whether the agent of a run was given the prompt of a nudge. */
function wasAsked(runId: string): boolean {
  return services.events.some(
    ({ data }) =>
      'entry' in data &&
      data.runId === runId &&
      data.entry.kind === 'user' &&
      data.entry.text.startsWith('You have not made any progress'),
  );
}

describe('an agent that is silent in mid-turn', () => {
  beforeEach(() => {
    services.settings.runRules.stallMinutes = soon;
  });

  it('is told of, until it says something again', async () => {
    const taskId = await started([
      'message One moment',
      'delay 2s',
      'message Here I am',
      'permission "Go on"',
    ]);
    const card = await services.until(taskId, stalled);
    expect(card.stalledSince).toBeLessThan(Date.now() - 500);
    await services.until(taskId, goesOn);
    await services.until(taskId, ({ permissions }) => permissions.length > 0);
  });

  it('is not told of while it waits for its user, however long that takes', async () => {
    const taskId = await started(['permission "Go on"']);
    await services.until(taskId, ({ permissions }) => permissions.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect((await services.until(taskId, () => true)).stalledSince).toBeNull();
  });

  it('is given the same time again', async () => {
    const taskId = await started(['hang']);
    const before = await services.until(taskId, stalled);
    await services.kandev.execute('run.wait', { taskId });
    await services.until(taskId, goesOn);
    const after = await services.until(taskId, stalled);
    expect(after.stalledSince).toBeGreaterThan(before.stalledSince ?? 0);
  });

  it('is nudged: its turn is cancelled, and it goes on in the same session', async () => {
    const taskId = await started(['message Stuck', 'delay 10m']);
    const before = await services.until(taskId, stalled);
    await services.kandev.execute('run.nudge', { taskId });
    // What the demo agent does with a prompt in words takes a while; that it has been given it is enough.
    const after = await services.until(taskId, ({ run }) => run?.turns === 2 && wasAsked(run.id));
    expect(after.run?.id).toBe(before.run?.id);
    expect(await said(after)).toContain('turn_end: Cancelled');
  });

  it('goes on in a new run when it does not even react to the nudge', async () => {
    const taskId = await started(['message Stuck', 'hang']);
    const before = await services.until(taskId, stalled);
    await services.kandev.execute('run.nudge', { taskId });
    await services.until(taskId, ({ run }) => run !== null && run.id !== before.run?.id && wasAsked(run.id));
  }, 30_000);
});

describe('an agent that works for too long', () => {
  it('is stopped at the limit of a turn, and says so with the setting', async () => {
    services.settings.runRules.turnLimitMinutes = soon;
    const taskId = await started(['stream 1000 chunks every 50ms']);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(run?.failure).toMatchObject({
      reason: 'time-limit',
      action: { kind: 'openSetting', setting: 'kandev.turnLimitMinutes' },
    });
    expect(services.agents.running.size).toBe(0);
  });

  it('is stopped at the limit of a run, which goes over all its turns', async () => {
    services.settings.runRules.runLimitMinutes = 0.1;
    const taskId = await started(['delay 2s', 'message Done']);
    await services.until(taskId, inState('REVIEW'));
    const text = '```kandev-script\ndelay 10m\n```';
    await services.kandev.execute('task.prompt', { taskId, text });
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(run?.failure?.action).toEqual({ kind: 'openSetting', setting: 'kandev.runLimitMinutes' });
  });
});
