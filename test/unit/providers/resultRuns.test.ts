import { describe, expect, it } from 'vitest';
import { isReviewedLive, latestRun, runNumber } from '../../../src/providers/resultRuns.ts';
import { newRun } from '../../store/cards.ts';

const runs = ['third', 'second', 'first'].map((id) => newRun(id, 'card'));

describe('the runs of a card', () => {
  it('are counted from the oldest, and the newest is the one that is meant', () => {
    expect(latestRun({ runs })?.id).toBe('third');
    expect(latestRun({ runs: [] })).toBeNull();
    expect(runs.map(({ id }) => runNumber({ runs }, id))).toEqual([3, 2, 1]);
  });

  it('are looked at in the files on the disk only where these are what came out of them', () => {
    const rolledBack: string[] = [];
    expect(isReviewedLive({ runs, rolledBack }, { runId: 'third' })).toBe(true);
    expect(isReviewedLive({ runs, rolledBack }, { runId: 'second' })).toBe(false);
    expect(isReviewedLive({ runs, rolledBack: ['third'] }, { runId: 'third' })).toBe(false);
    expect(isReviewedLive({ runs, rolledBack: ['third'] }, { taskId: 'card' })).toBe(true);
  });
});
