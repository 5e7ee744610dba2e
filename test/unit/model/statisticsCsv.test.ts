import { expect, it } from 'vitest';
import { tabulate, type RunFacts } from '../../../src/model/statistics.ts';
import { statisticsCsv } from '../../../src/model/statisticsCsv.ts';

const start = Date.parse('2026-03-22T23:00:00Z');
const run: RunFacts = {
  agentTypeId: 'a',
  startedAt: start,
  outcome: 'finished',
  toReview: 90_000,
  worked: 60_000,
  waited: 30_000,
  tokens: null,
  costs: [{ amount: 0.1, currency: 'USD' }],
};

const lines = (runs: readonly RunFacts[], name: string): string[] => {
  const table = tabulate(runs, [start]);
  return statisticsCsv({ ...table, timeZone: 'Europe/Berlin' }, () => name).split('\r\n');
};

it('statistics become a table with a row for each week and agent; what was not told is empty', () => {
  expect(lines([run, { ...run, costs: [{ amount: 0.2, currency: 'EUR' }] }], 'Agent')).toEqual([
    'week,agent,runs,finished,failed,retried,stopped,going,review_runs,review_lower_quartile_s,review_median_s,' +
      'review_upper_quartile_s,worked_s,waiting_on_you_s,tokens,tokens_told_by_runs,cost_EUR,cost_USD,cost_told_by_runs',
    '2026-03-23,Agent,2,2,0,0,0,0,2,90,90,90,120,60,,0,0.2,0.1,2',
    '',
  ]);
});

it('names are written so that no program takes them for something else', () => {
  expect(lines([run], '=1+1, "x"')[1]).toContain(`2026-03-23,"'=1+1, ""x""",1`);
});
