import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  runOutcomes,
  spreadOf,
  successRate,
  tabulate,
  type Figures,
  type RunFacts,
} from '../../../src/model/statistics.ts';

const weeks = [1000, 2000, 3000, 4000];

const duration = fc.integer({ min: 0, max: 1e9 });
const run: fc.Arbitrary<RunFacts> = fc.record({
  agentTypeId: fc.constantFrom('claude', 'codex', 'demo'),
  startedAt: fc.integer({ min: 500, max: 4999 }),
  outcome: fc.constantFrom(...runOutcomes),
  toReview: fc.option(duration, { nil: null }),
  worked: duration,
  waited: duration,
  tokens: fc.option(fc.nat(1e6), { nil: null }),
  // In parts that binary fractions hold exactly, so that sums do not depend on their order.
  costs: fc.uniqueArray(
    fc.record({ amount: fc.nat(1000).map((part) => part / 8), currency: fc.constantFrom('USD', 'EUR') }),
    { selector: ({ currency }) => currency },
  ),
});

/** What of figures adds up; quartiles do not. */
function sums(figures: readonly Figures[]): object {
  const sum = (pick: (each: Figures) => number): number => figures.reduce((all, each) => all + pick(each), 0);
  const currency = (name: string): number =>
    sum(({ costs }) => costs.find((cost) => cost.currency === name)?.amount ?? 0);
  return {
    runs: sum(({ runs }) => runs),
    ...Object.fromEntries(runOutcomes.map((each) => [each, sum(({ outcomes }) => outcomes[each])])),
    reviews: sum(({ toReview }) => toReview?.count ?? 0),
    worked: sum(({ worked }) => worked),
    waited: sum(({ waited }) => waited),
    waitedRuns: sum(({ waitedRuns }) => waitedRuns),
    tokens: sum(({ tokens }) => tokens ?? 0),
    tokenRuns: sum(({ tokenRuns }) => tokenRuns),
    costRuns: sum(({ costRuns }) => costRuns),
    dollars: currency('USD'),
    euros: currency('EUR'),
  };
}

describe('statistics', () => {
  it('come to the same sums by week, by agent, and by both', () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 60 }), (runs) => {
        const table = tabulate(runs, weeks);
        const whole = sums([table.total]);
        expect(sums(table.byWeek.map(({ figures }) => figures))).toEqual(whole);
        expect(sums(table.byAgent.map(({ figures }) => figures))).toEqual(whole);
        expect(sums(table.cells.map(({ figures }) => figures))).toEqual(whole);
        expect(table.total.runs).toBe(runs.filter(({ startedAt }) => startedAt >= 1000).length);
      }),
    );
  });

  it('are the same in whatever order runs come', () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
        expect(tabulate([...runs].reverse(), weeks)).toEqual({
          ...tabulate(runs, weeks),
          cells: expect.any(Array) as unknown,
        });
      }),
    );
  });

  it('have a week also where nothing was, and an agent only where something was', () => {
    const table = tabulate([], weeks);
    expect(table.byWeek.map(({ start }) => start)).toEqual(weeks);
    expect(table).toMatchObject({ byAgent: [], cells: [], total: { runs: 0, toReview: null } });
  });

  it('do not take what was not told for nothing, nor add currencies', () => {
    const facts = {
      agentTypeId: 'a',
      startedAt: 1500,
      outcome: 'finished',
      toReview: 1,
      worked: 1,
      waited: 0,
    };
    const silent: RunFacts = { ...facts, outcome: 'finished', tokens: null, costs: [] };
    const told = tabulate([silent, silent], weeks).total;
    expect(told).toMatchObject({ tokens: null, tokenRuns: 0, costs: [], costRuns: 0 });
    const costs = [
      { amount: 1, currency: 'USD' },
      { amount: 2, currency: 'EUR' },
    ];
    const both = tabulate([silent, { ...silent, tokens: 0, costs }], weeks).total;
    expect(both).toMatchObject({
      tokens: 0,
      tokenRuns: 1,
      costRuns: 1,
      costs: [
        { amount: 2, currency: 'EUR' },
        { amount: 1, currency: 'USD' },
      ],
    });
  });

  it('judge success by what has ended by itself, and was not tried again', () => {
    const outcomes = { finished: 3, failed: 1, retried: 5, stopped: 7, going: 9 };
    expect(successRate({ outcomes })).toBe(0.75);
    expect(successRate({ outcomes: { ...outcomes, finished: 0, failed: 0 } })).toBeNull();
  });

  it('have quartiles within what there is, in their order', () => {
    expect(spreadOf([])).toBeNull();
    expect(spreadOf([4, 1, 3, 2])).toEqual({
      count: 4,
      lowerQuartile: 1.75,
      median: 2.5,
      upperQuartile: 3.25,
      longest: 4,
    });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1 }), (durations) => {
        const spread = spreadOf(durations);
        const { lowerQuartile = -1, median = -1, upperQuartile = -1, longest = -1 } = spread ?? {};
        const order = [Math.min(...durations), lowerQuartile, median, upperQuartile, longest];
        expect([...order].sort((one, other) => one - other)).toEqual(order);
        expect(longest).toBe(Math.max(...durations));
      }),
    );
  });
});
