import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureReason } from '../../../src/model/failure.ts';
import { failureTable, withAction } from '../../../src/model/failureTable.ts';
import { planRetry } from '../../../src/orchestrator/retryPlan.ts';

const crashed: Failure = { reason: 'crashed', message: 'It crashed.' };
const rules = { pauseSeconds: 30, now: 1_000_000, random: 0.5 };
const first = { made: 0, of: 3, at: null };
const reasons = Object.keys(failureTable) as FailureReason[];

describe('the table of failures', () => {
  it('has an action for every reason, and keeps the one that a failure has', () => {
    for (const reason of reasons) {
      const failure = withAction({ reason, message: 'x' }, { taskId: 'card', agentTypeId: 'demo' });
      expect(failure.action, reason).toBeDefined();
    }
    const own = withAction(
      { ...crashed, action: { kind: 'showLog' } },
      { taskId: 'card', agentTypeId: 'demo' },
    );
    expect(own.action).toEqual({ kind: 'showLog' });
  });

  it('holds what a person has to do something about to be no passing trouble', () => {
    const needsUser: FailureReason[] = [
      'sign-in-needed',
      'quota',
      'image-missing',
      'out-of-memory',
      'engine-disk-full',
    ];
    for (const reason of needsUser) expect(failureTable[reason].transient, reason).toBe(false);
    const passing: FailureReason[] = [
      'engine-not-running',
      'provider-unavailable',
      'rate-limited',
      'exited-before-initialize',
    ];
    for (const reason of passing) expect(failureTable[reason].transient, reason).toBe(true);
  });
});

describe('a retry', () => {
  it('comes after pauses that double', () => {
    const pauses = [0, 1, 2].map((made) => {
      const plan = planRetry({ failure: crashed, retry: { made, of: 3, at: null }, hasActed: false }, rules);
      return plan.retry && { made: plan.retry.made, seconds: ((plan.retry.at ?? 0) - rules.now) / 1000 };
    });
    expect(pauses).toEqual([
      { made: 1, seconds: 30 },
      { made: 2, seconds: 60 },
      { made: 3, seconds: 120 },
    ]);
  });

  it('is spread by chance, by a fifth in either direction', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (random) => {
        const { retry } = planRetry(
          { failure: crashed, retry: first, hasActed: false },
          { ...rules, random },
        );
        const pause = (retry?.at ?? 0) - rules.now;
        expect(pause).toBeGreaterThanOrEqual(24_000);
        expect(pause).toBeLessThanOrEqual(36_000);
      }),
    );
  });

  it('is not made when they are used up, when the agent has acted, or when a person must do something', () => {
    const retry = { made: 3, of: 3, at: null };
    expect(planRetry({ failure: crashed, retry, hasActed: false }, rules)).toEqual({
      retry: null,
      why: 'It was tried again 3 times.',
    });
    expect(planRetry({ failure: crashed, retry: first, hasActed: true }, rules)).toEqual({
      retry: null,
      why: 'It is not tried again by itself, because the agent has already changed something.',
    });
    const quota: Failure = { reason: 'quota', message: 'Used up.' };
    expect(planRetry({ failure: quota, retry: first, hasActed: false }, rules)).toEqual({
      retry: null,
      why: null,
    });
    expect(planRetry({ failure: crashed, retry: null, hasActed: false }, rules)).toEqual({
      retry: null,
      why: null,
    });
  });
});
