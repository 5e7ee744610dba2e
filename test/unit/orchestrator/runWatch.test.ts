import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import type { Failure } from '../../../src/model/failure.ts';
import type { Run, RunState } from '../../../src/model/run.ts';
import { RunWatch } from '../../../src/orchestrator/runWatch.ts';
import type { WorkedTime } from '../../../src/store/runLinks.ts';

const minute = 60_000;
const rules = {
  retries: 0,
  retryPauseSeconds: 30,
  stallMinutes: 0,
  turnLimitMinutes: 60,
  runLimitMinutes: 0,
};

let events: LocalEventBus;
let stopped: Failure[];
let kept: WorkedTime[];

beforeEach(() => {
  vi.useFakeTimers();
  events = new LocalEventBus('test', (error) => {
    throw error;
  });
  stopped = [];
  kept = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function openWatch(): RunWatch {
  return new RunWatch({
    events,
    rules: () => rules,
    onLimit: (_taskId, failure) => stopped.push(failure),
    keep: (_runId, worked) => {
      kept.push(worked);
      return Promise.resolve();
    },
    log: {
      error: (_taskId, text) => {
        throw new Error(text);
      },
    },
  });
}

function runIn(state: RunState, since = Date.now()): Run {
  const created = { id: 'run', taskId: 'task', agentTypeId: 'agent', createdAt: since, containerId: null };
  const rest = { sessionId: null, activity: null, stopReason: null, failure: null, workspace: null };
  return { ...created, ...rest, state, turns: 1, changes: null, blocked: [], times: { RUNNING: since } };
}

function wasReached(): void {
  events.publish('session.changed', { taskId: 'task', runId: 'run' });
}

const last = (): WorkedTime | null => kept[kept.length - 1] ?? null;

describe('the time limit of a run that outlives the window', () => {
  it('goes on where the window before has left off', async () => {
    const before = openWatch();
    const run = runIn('RUNNING');
    events.publish('agent.running', { run });
    await vi.advanceTimersByTimeAsync(50 * minute);
    await before.dispose();
    expect(last()).toMatchObject({ turn: 1, turnMs: 50 * minute, runMs: 50 * minute });

    openWatch().continueFrom(run, last());
    wasReached();
    await vi.advanceTimersByTimeAsync(9 * minute);
    expect(stopped).toEqual([]);
    await vi.advanceTimersByTimeAsync(minute);
    expect(stopped).toMatchObject([{ reason: 'time-limit' }]);
  });

  it('counts what it has worked while nobody was there, when it still does', async () => {
    const run = runIn('RUNNING');
    await vi.advanceTimersByTimeAsync(8 * 60 * minute);
    openWatch().continueFrom(run, null);
    await vi.advanceTimersByTimeAsync(minute);
    expect(stopped, 'the engine has not answered yet').toEqual([]);
    wasReached();
    await vi.advanceTimersByTimeAsync(minute);
    expect(stopped).toHaveLength(1);
  });

  it('does not count it when the agent has waited for its user', async () => {
    const run = runIn('RUNNING');
    await vi.advanceTimersByTimeAsync(8 * 60 * minute);
    openWatch().continueFrom(run, null);
    wasReached();
    events.publish('agent.updated', { run: { ...run, state: 'WAITING' } });
    await vi.advanceTimersByTimeAsync(minute);
    events.publish('agent.running', { run });
    await vi.advanceTimersByTimeAsync(59 * minute);
    expect(stopped).toEqual([]);
    await vi.advanceTimersByTimeAsync(minute);
    expect(stopped).toHaveLength(1);
  });

  it('begins anew with another turn', async () => {
    const run = runIn('READY');
    openWatch().continueFrom(run, { turn: 1, turnMs: 59 * minute, runMs: 59 * minute, at: Date.now() });
    events.publish('agent.running', { run: { ...run, state: 'RUNNING', turns: 2 } });
    await vi.advanceTimersByTimeAsync(59 * minute);
    expect(stopped).toEqual([]);
    await vi.advanceTimersByTimeAsync(minute);
    expect(stopped).toHaveLength(1);
  });
});
