import { env } from 'vscode';

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "3 days ago". @param ms how long ago */
export function agoText(ms: number): string {
  const [unit, length] = steps.find((step) => ms >= step[1]) ?? ['minute', 60_000];
  const format = new Intl.RelativeTimeFormat(env.language, { numeric: 'auto' });
  return format.format(-Math.max(0, Math.floor(ms / length)), unit);
}
