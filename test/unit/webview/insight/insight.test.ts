import { describe, expect, it } from 'vitest';
import { tabulate, type RunFacts, type Statistics } from '../../../../src/model/statistics.ts';
import type { TimelineEntry } from '../../../../src/model/timeline.ts';
import { highest } from '../../../../src/webview/app/insight/chart.ts';
import { chartsOf } from '../../../../src/webview/app/insight/charts.ts';
import { durationScale, numberScale, tickDuration } from '../../../../src/webview/app/insight/scale.ts';
import { ago, barPieces, runParts, tell } from '../../../../src/webview/app/insight/timelineText.ts';
import { readInsightMessage } from '../../../../src/webview/host/insightMessages.ts';

const minute = 60_000;
const weeks = [Date.parse('2026-03-02T00:00:00Z'), Date.parse('2026-03-09T00:00:00Z')];
const run: RunFacts = {
  agentTypeId: 'a',
  startedAt: weeks[0] ?? 0,
  outcome: 'finished',
  toReview: 5 * minute,
  worked: 4 * minute,
  waited: minute,
  tokens: null,
  costs: [],
};

function statistics(...runs: readonly RunFacts[]): Statistics {
  const table = tabulate(runs, weeks);
  return { ...table, from: 0, to: 0, timeZone: 'UTC', agentTypeIds: [], boards: [] };
}

const nameOf = (id: string): string => `Agent ${id}`;

describe('the scale of a chart', () => {
  it('reaches what is highest, in few steps that people count in', () => {
    expect(numberScale(13, true)).toEqual({ max: 15, ticks: [0, 5, 10, 15] });
    expect(numberScale(1, true).ticks).toEqual([0, 1]);
    expect(numberScale(0.3, false).ticks).toEqual([0, 0.1, 0.2, expect.closeTo(0.3)]);
    expect(durationScale(11 * minute).ticks.map(tickDuration)).toEqual(['0', '5m', '10m', '15m']);
    expect(durationScale(90 * minute).ticks.map(tickDuration)).toEqual(['0', '30m', '1h', '90m']);
    expect(numberScale(0, true).max).toBe(1);
  });
});

describe('charts', () => {
  it('are drawn of what was told, with each week in words and in a table', () => {
    const charts = chartsOf(statistics(run, { ...run, outcome: 'failed', toReview: null }), nameOf);
    expect(charts.map(({ title }) => title)).toEqual(['Runs', 'Time to review', 'Time of agents']);
    const [runs, review] = charts;
    expect(runs?.columns.map(({ text }) => text)).toEqual(['2 runs. Finished: 1, Failed: 1', '0 runs']);
    expect(runs?.series.map(({ name }) => name)).toEqual(['Finished', 'Failed']);
    expect(review?.columns[0]).toMatchObject({ mark: 5 * minute });
    expect(review?.columns[1]?.text).toBe('No run has finished');
    for (const { table, columns } of charts) {
      expect(table.rows).toHaveLength(columns.length);
      for (const row of table.rows) expect(row).toHaveLength(table.head.length);
    }
  });

  it('never add currencies, and do not show what an agent has not told as nothing', () => {
    const told: RunFacts = {
      ...run,
      tokens: 500,
      costs: [
        { amount: 2, currency: 'USD' },
        { amount: 3, currency: 'EUR' },
      ],
    };
    const charts = chartsOf(statistics(told, { ...run, agentTypeId: 'b' }), nameOf);
    expect(charts.slice(3).map(({ title }) => title)).toEqual(['Tokens', 'Cost in EUR', 'Cost in USD']);
    const [, , , tokens, euros] = charts;
    expect(tokens?.series.map(({ name }) => name)).toEqual(['Agent a']);
    expect(tokens?.columns.map(({ text }) => text)).toEqual(['Agent a: 500', 'Not reported']);
    expect(highest(euros?.columns ?? [])).toBe(3);
  });
});

describe('a timeline', () => {
  const place = { key: 'x', at: 0 };

  it('is told in plain words, with who did it where that was a person', () => {
    const told = (entry: TimelineEntry): string => {
      const { text, more } = tell(entry, nameOf);
      return more === null ? text : `${text} | ${more}`;
    };
    const state = { ...place, kind: 'state', actor: 'Ann', why: null } as const;
    expect(told({ ...state, from: null, to: 'BACKLOG' })).toBe('Ann made the card in Backlog');
    expect(told({ ...state, from: 'REVIEW', to: 'COMPLETED' })).toBe('Ann moved it to Done');
    const byItself = {
      ...state,
      actor: 'kandev',
      from: 'IN_PROGRESS',
      why: 'The agent has finished',
    } as const;
    expect(told({ ...byItself, to: 'REVIEW' })).toBe('Moved to Review | The agent has finished');
    expect(
      told({ ...place, kind: 'edited', actor: 'Ann', fields: ['title', 'branch', 'repositoryUrl'] }),
    ).toBe('Ann changed the title and where it works');
    const asked: TimelineEntry = {
      ...place,
      kind: 'asked',
      runId: 'r',
      title: 'Edit a.ts',
      answer: 'Allow',
      isAllowed: true,
      state: 'answered',
      answeredBy: 'Ann',
      rule: null,
      resolvedAt: 65_000,
    };
    expect(told(asked)).toBe('Asked: Edit a.ts | Ann answered “Allow” after 1m 05s');
    expect(told({ ...asked, rule: 'Allow edits' })).toContain('“Allow” by your rule: Allow edits');
    expect(told({ ...asked, state: 'open', answer: null })).toContain('Waits for your answer');
  });

  it('shows what a run’s time was spent with, and not how long its agent was kept afterwards', () => {
    const spells = [
      { state: 'PREPARING', since: 0, until: 5 },
      { state: 'STARTING', since: 5, until: 10 },
      { state: 'RUNNING', since: 10, until: 20 },
      { state: 'WAITING', since: 20, until: 50 },
      { state: 'RUNNING', since: 50, until: 60 },
      { state: 'READY', since: 60, until: 1000 },
      { state: 'RUNNING', since: 1000, until: null },
    ] as const;
    expect(runParts(spells, 1005)).toEqual({ preparing: 10, working: 25, waiting: 30 });
    expect(barPieces(spells, 1005)).toEqual([
      { kind: 'preparing', took: 10 },
      { kind: 'working', took: 10 },
      { kind: 'waiting', took: 30 },
      { kind: 'working', took: 15 },
    ]);
  });

  it('says how long ago something was', () => {
    expect(ago(0, 30_000)).toBe('just now');
    expect(ago(0, 5 * minute)).toBe('5 minutes ago');
    expect(ago(0, 25 * 60 * minute)).toBe('yesterday');
  });
});

describe('what a page of statistics sends', () => {
  it('is refused where it does not fit', () => {
    const ask = (name: string, input: object) => readInsightMessage({ type: 'request', id: 1, name, input });
    expect(ask('statistics', { weeks: 4, timeZone: 'Europe/Berlin' }).ok).toBe(true);
    expect(ask('statistics', { weeks: 4, timeZone: 'Nowhere' })).toMatchObject({ ok: false, requestId: 1 });
    expect(ask('statistics', { weeks: 0, timeZone: 'UTC' }).ok).toBe(false);
    expect(ask('uiCommand', { command: 'workbench.action.quit' }).ok).toBe(false);
    expect(ask('openRun', { runId: 'r', at: 5 }).ok).toBe(true);
  });
});
