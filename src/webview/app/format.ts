import { t } from './l10n.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** A duration in its two largest units: "8s", "2m 05s", "1h 04m", "3d 2h". A negative one counts as none. */
export function formatDuration(milliseconds: number): string {
  const total = Math.max(0, milliseconds);
  const days = Math.floor(total / day);
  const hours = Math.floor((total % day) / hour);
  const minutes = Math.floor((total % hour) / minute);
  const seconds = Math.floor((total % minute) / second);
  if (days > 0) return t('{0}d {1}h', days, hours);
  if (hours > 0) return t('{0}h {1}m', hours, twoDigits(minutes));
  if (minutes > 0) return t('{0}m {1}s', minutes, twoDigits(seconds));
  return t('{0}s', seconds);
}

/** The labels in what was typed, without blanks and repetitions. */
export function parseLabels(typed: string): string[] {
  return [...new Set(typed.split(',').map((label) => label.trim()))].filter((label) => label !== '');
}
