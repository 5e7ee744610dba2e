import { runOutcomes, type Figures, type Statistics } from '../../../model/statistics.ts';
import { formatDuration } from '../format.ts';
import { t } from '../l10n.ts';
import { highest, stacked, type Chart, type Column, type Series } from './chart.ts';
import { durationScale, numberScale, tickDuration } from './scale.ts';
import { compactText, costText, countText, outcomeName, runsText } from './wording.ts';

type NameOf = (agentTypeId: string) => string;

interface Week {
  start: number;
  figures: Figures;
  label: string;
  name: string;
}

/** So many agents have a fill of their own; the others share the last one. */
const agentFills = 6;

/** All charts there is something to draw of. */
export function chartsOf(statistics: Statistics, nameOf: NameOf): Chart[] {
  const weeks = weeksOf(statistics);
  return [
    runsChart(weeks),
    reviewChart(weeks),
    timeChart(weeks),
    ...(statistics.total.tokens === null ? [] : [tokensChart(statistics, weeks, nameOf)]),
    ...statistics.total.costs.map(({ currency }) => costChart(statistics, weeks, nameOf, currency)),
  ];
}

function weeksOf({ byWeek, timeZone }: Statistics): Week[] {
  const short = new Intl.DateTimeFormat(undefined, { timeZone, day: 'numeric', month: 'short' });
  const long = new Intl.DateTimeFormat(undefined, { timeZone, dateStyle: 'long' });
  return byWeek.map((week) => ({
    ...week,
    label: short.format(week.start),
    name: t('Week of {0}', long.format(week.start)),
  }));
}

function runsChart(weeks: readonly Week[]): Chart {
  const series = runOutcomes.map((key) => ({ key, name: outcomeName(key), fill: `fill-${key}` }));
  const columns = weeks.map(({ label, name, figures }) => {
    const parts = runOutcomes.map((outcome) => ({ series: outcome, value: figures.outcomes[outcome] }));
    const told = parts
      .filter(({ value }) => value > 0)
      .map(({ series: outcome, value }) => `${outcomeName(outcome)}: ${countText(value)}`);
    const text = [runsText(figures.runs), ...(told.length > 0 ? [told.join(', ')] : [])].join('. ');
    return { label, name, bars: stacked(parts), mark: null, text };
  });
  return {
    title: t('Runs'),
    summary: t('By the week in which they began, and how they ended'),
    series: usedSeries(series, columns),
    columns,
    scale: numberScale(highest(columns), true),
    format: countText,
    table: {
      head: [t('Week'), ...runOutcomes.map(outcomeName), t('All')],
      rows: weeks.map(({ name, figures }) => [
        name,
        ...runOutcomes.map((outcome) => countText(figures.outcomes[outcome])),
        countText(figures.runs),
      ]),
    },
  };
}

function reviewChart(weeks: readonly Week[]): Chart {
  const columns = weeks.map(({ label, name, figures: { toReview } }): Column => {
    if (!toReview) return { label, name, bars: [], mark: null, text: t('No run has finished') };
    const { lowerQuartile, median, upperQuartile, count } = toReview;
    return {
      label,
      name,
      bars: [{ series: 'half', from: lowerQuartile, to: upperQuartile }],
      mark: median,
      text: t(
        'Median {0}, half of them from {1} to {2}, of {3}',
        formatDuration(median),
        formatDuration(lowerQuartile),
        formatDuration(upperQuartile),
        runsText(count),
      ),
    };
  });
  return {
    title: t('Time to review'),
    summary: t('From the start of a run until its agent had first finished'),
    series: [
      { key: 'half', name: t('The middle half'), fill: 'fill-half' },
      { key: 'median', name: t('Median'), fill: 'fill-median' },
    ],
    columns,
    scale: durationScale(highest(columns)),
    format: tickDuration,
    table: {
      head: [
        t('Week'),
        t('Runs'),
        t('A quarter within'),
        t('Median'),
        t('Three quarters within'),
        t('Longest'),
      ],
      rows: weeks.map(({ name, figures: { toReview } }) =>
        toReview
          ? [
              ...[name, countText(toReview.count), formatDuration(toReview.lowerQuartile)],
              ...[formatDuration(toReview.median), formatDuration(toReview.upperQuartile)],
              formatDuration(toReview.longest),
            ]
          : [name, countText(0), '–', '–', '–', '–'],
      ),
    },
  };
}

function timeChart(weeks: readonly Week[]): Chart {
  const series = [
    { key: 'worked', name: t('Agents at work'), fill: 'fill-worked' },
    { key: 'waited', name: t('Waiting on you'), fill: 'fill-waited' },
  ];
  const columns = weeks.map(({ label, name, figures: { worked, waited } }) => ({
    label,
    name,
    bars: stacked([
      { series: 'worked', value: worked },
      { series: 'waited', value: waited },
    ]),
    mark: null,
    text: t('{0} at work, {1} waiting on you', formatDuration(worked), formatDuration(waited)),
  }));
  return {
    title: t('Time of agents'),
    summary: t('All runs together, at work and waiting for your answers'),
    series,
    columns,
    scale: durationScale(highest(columns)),
    format: tickDuration,
    table: {
      head: [t('Week'), t('Agents at work'), t('Waiting on you'), t('Runs that waited')],
      rows: weeks.map(({ name, figures: { worked, waited, waitedRuns } }) => [
        name,
        formatDuration(worked),
        formatDuration(waited),
        countText(waitedRuns),
      ]),
    },
  };
}

function tokensChart(statistics: Statistics, weeks: readonly Week[], nameOf: NameOf): Chart {
  const chart = agentChart(statistics, weeks, nameOf, ({ tokens }) => tokens, compactText);
  return {
    ...chart,
    title: t('Tokens'),
    summary: t('By agent, of those that report them'),
    scale: numberScale(highest(chart.columns), true),
  };
}

function costChart(statistics: Statistics, weeks: readonly Week[], nameOf: NameOf, currency: string): Chart {
  const amountOf = ({ costs }: Figures): number | null =>
    costs.find((cost) => cost.currency === currency)?.amount ?? null;
  const format = (amount: number): string => costText({ amount, currency });
  const chart = agentChart(statistics, weeks, nameOf, amountOf, format);
  return {
    ...chart,
    title: t('Cost in {0}', currency === '' ? t('an unnamed currency') : currency),
    summary: t('By agent, of those that report it'),
    scale: numberScale(highest(chart.columns), false),
  };
}

/** Bars of each agent upon each other; `valueOf` gives null where an agent has not told. */
function agentChart(
  { byAgent, cells }: Statistics,
  weeks: readonly Week[],
  nameOf: NameOf,
  valueOf: (figures: Figures) => number | null,
  format: (value: number) => string,
): Pick<Chart, 'series' | 'columns' | 'format' | 'table'> {
  const agents = byAgent.filter(({ figures }) => valueOf(figures) !== null);
  const series = agents.map(({ agentTypeId }, index) => ({
    key: agentTypeId,
    name: nameOf(agentTypeId),
    fill: `fill-agent-${Math.min(index, agentFills - 1)}`,
  }));
  const values = new Map(
    cells.map(({ start, agentTypeId, figures }) => [`${start} ${agentTypeId}`, valueOf(figures)]),
  );
  const partsOf = ({ start }: Week) =>
    series.map(({ key, name }) => ({ series: key, name, value: values.get(`${start} ${key}`) ?? null }));
  const columns = weeks.map((week) => {
    const parts = partsOf(week).flatMap(({ value, ...part }) => (value === null ? [] : [{ ...part, value }]));
    const told = parts.map(({ name, value }) => `${name}: ${format(value)}`);
    return {
      label: week.label,
      name: week.name,
      bars: stacked(parts),
      mark: null,
      text: told.length === 0 ? t('Not reported') : told.join(', '),
    };
  });
  return {
    series,
    columns,
    format,
    table: {
      head: [t('Week'), ...series.map(({ name }) => name)],
      rows: weeks.map((week) => [
        week.name,
        ...partsOf(week).map(({ value }) => (value === null ? t('Not reported') : format(value))),
      ]),
    },
  };
}

/** Those of which something is drawn. */
function usedSeries(series: readonly Series[], columns: readonly Column[]): Series[] {
  const used = new Set(columns.flatMap(({ bars }) => bars.map((bar) => bar.series)));
  return series.filter(({ key }) => used.has(key));
}
