import type { Failure } from '../model/failure.ts';
import { failureTable } from '../model/failureTable.ts';
import type { Retry } from '../model/task.ts';

/** By how much a pause is longer or shorter by chance, so that cards which failed together do not come back together. */
const jitter = 0.2;
const longestPauseMs = 60 * 60_000;

export interface FailedRun {
  failure: Failure;
  /** What the card says of its retries; null when its run was not begun by the queue. */
  retry: Retry | null;
  /** The agent may have changed files, or done what cannot be done twice. */
  hasActed: boolean;
}

export interface RetryRules {
  pauseSeconds: number;
  now: number;
  /** From 0 to 1. */
  random: number;
}

/** When a card whose run has failed is tried again by itself; else why not, null where that goes without saying. */
export function planRetry(
  { failure, retry, hasActed }: FailedRun,
  { pauseSeconds, now, random }: RetryRules,
): { retry: Retry } | { retry: null; why: string | null } {
  if (!failureTable[failure.reason].transient || retry === null || retry.of === 0) {
    return { retry: null, why: null };
  }
  if (retry.made >= retry.of) {
    const times = retry.of === 1 ? 'once' : `${retry.of} times`;
    return { retry: null, why: `It was tried again ${times}.` };
  }
  if (hasActed) {
    return {
      retry: null,
      why: 'It is not tried again by itself, because the agent has already changed something.',
    };
  }
  const pause = Math.min(longestPauseMs, pauseSeconds * 1000 * 2 ** retry.made);
  const at = now + Math.round(pause * (1 - jitter + 2 * jitter * random));
  return { retry: { made: retry.made + 1, of: retry.of, at } };
}
