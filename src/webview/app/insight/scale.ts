import { t } from '../l10n.ts';

/** Where lines of a chart are drawn, and up to what it reaches. */
export interface Scale {
  max: number;
  ticks: readonly number[];
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const niceDurations = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((count) => count * day),
];

/** At most this many steps from 0 to the top. */
const mostSteps = 4;

/** Steps of 1, 2 or 5 times a power of ten; whole ones where there are no parts of what is counted. */
export function numberScale(highest: number, isWhole: boolean): Scale {
  const raw = highest / mostSteps;
  if (!(raw > 0)) return { max: 1, ticks: [0, 1] };
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw * (1 - 1e-9)) ?? raw;
  return stepped(highest, isWhole ? Math.max(1, step) : step);
}

/** Steps that people count time in. */
export function durationScale(highest: number): Scale {
  if (!(highest > 0)) return { max: minute, ticks: [0, minute] };
  const step = niceDurations.find((each) => each * mostSteps >= highest) ?? highest / mostSteps;
  return stepped(highest, step);
}

/** As short as can be: steps are whole in their unit. */
export function tickDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  const [length, name] = units().find(([each]) => milliseconds % each === 0) ?? [second, t('{0}s')];
  return name.replace('{0}', String(Math.round(milliseconds / length)));
}

function units(): (readonly [number, string])[] {
  return [
    [day, t('{0}d')],
    [hour, t('{0}h')],
    [minute, t('{0}m')],
    [second, t('{0}s')],
  ];
}

function stepped(highest: number, step: number): Scale {
  const count = Math.max(1, Math.ceil(highest / step - 1e-9));
  return { max: count * step, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) };
}
