import type { Cost, Figures, RunOutcome } from '../../../model/statistics.ts';
import { t } from '../l10n.ts';

const whole = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });

export const countText = (count: number): string => whole.format(count);
export const compactText = (count: number): string => compact.format(count);
export const shareText = (share: number): string => percent.format(share);

export function outcomeName(outcome: RunOutcome): string {
  switch (outcome) {
    case 'finished':
      return t('Finished');
    case 'failed':
      return t('Failed');
    case 'retried':
      return t('Failed and tried again');
    case 'stopped':
      return t('Stopped');
    case 'going':
      return t('Going on');
  }
}

export function runsText(count: number): string {
  return count === 1 ? t('1 run') : t('{0} runs', countText(count));
}

/** An amount with its currency; what is no currency that Intl knows stands beside it as the agent wrote it. */
export function costText({ amount, currency }: Cost): string {
  const digits = { maximumFractionDigits: amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2 };
  try {
    return new Intl.NumberFormat(undefined, { style: 'currency', currency, ...digits }).format(amount);
  } catch {
    return `${new Intl.NumberFormat(undefined, digits).format(amount)} ${currency}`.trim();
  }
}

export function costsText({ costs }: Pick<Figures, 'costs'>): string {
  return costs.length === 0 ? t('Not reported') : costs.map(costText).join(' + ');
}

export function tokensText({ tokens }: Pick<Figures, 'tokens'>): string {
  return tokens === null ? t('Not reported') : compactText(tokens);
}
