import { runOutcomes, type Figures, type Statistics } from './statistics.ts';

/**
 * Statistics as a table for other programs (RFC 4180): a row for each week and agent, in seconds and in the currencies
 * as they were told. What was not told is empty.
 *
 * @param nameOf the name of an agent, by its id
 */
export function statisticsCsv(
  { cells, total, timeZone }: Pick<Statistics, 'cells' | 'total' | 'timeZone'>,
  nameOf: (agentTypeId: string) => string,
): string {
  const currencies = total.costs.map(({ currency }) => currency);
  const day = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  const head = [
    ...['week', 'agent', 'runs', ...runOutcomes, 'review_runs'],
    ...['review_lower_quartile_s', 'review_median_s', 'review_upper_quartile_s'],
    ...['worked_s', 'waiting_on_you_s', 'tokens', 'tokens_told_by_runs'],
    ...currencies.map((currency) => `cost_${currency}`),
    'cost_told_by_runs',
  ];
  const rows = cells.map(({ start, agentTypeId, figures }) => [
    ...[day.format(start), nameOf(agentTypeId)],
    ...figuresRow(figures, currencies),
  ]);
  return [head, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function figuresRow(figures: Figures, currencies: readonly string[]): (number | null)[] {
  const { runs, outcomes, toReview, worked, waited, tokens, tokenRuns, costs, costRuns } = figures;
  return [
    runs,
    ...runOutcomes.map((outcome) => outcomes[outcome]),
    toReview?.count ?? 0,
    ...[toReview?.lowerQuartile, toReview?.median, toReview?.upperQuartile].map(seconds),
    ...[seconds(worked), seconds(waited), tokens, tokenRuns],
    ...currencies.map((currency) => {
      const amount = costs.find((cost) => cost.currency === currency)?.amount;
      return amount === undefined ? null : Number(amount.toFixed(6));
    }),
    costRuns,
  ];
}

function seconds(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : Math.round(milliseconds / 1000);
}

function field(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  // A table program would take it for a formula.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
