import type { ResultInfo, ResultSpan } from '../api/resultContract.ts';
import type { Run } from '../model/run.ts';

/** The run that a command on a card is for, when none is named: the newest. */
export function latestRun({ runs }: Pick<ResultInfo, 'runs'>): Run | null {
  return runs[0] ?? null;
}

/** From 1, the oldest first. */
export function runNumber({ runs }: Pick<ResultInfo, 'runs'>, runId: string): number {
  return runs.length - runs.findIndex(({ id }) => id === runId);
}

/**
 * Whether the files on the disk are what came out of it, so that they can be edited while they are looked at. Those of
 * an older run have been worked on since, and those of one that was rolled back are what they were before.
 */
export function isReviewedLive(
  { runs, rolledBack }: Pick<ResultInfo, 'runs' | 'rolledBack'>,
  span: ResultSpan,
): boolean {
  if ('taskId' in span) return true;
  return runs[0]?.id === span.runId && !rolledBack.includes(span.runId);
}
