import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, weekOf, weeksSince, weekStarts } from '../../../src/model/weeks.ts';

const at = (iso: string): number => Date.parse(iso);
const hour = 3_600_000;

/** Zones with all that clocks do: half hours, change at midnight, on both hemispheres, and not at all. */
const zones = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/Santiago', 'Asia/Beirut', 'Africa/Cairo'],
  ...['Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Kiritimati', 'Pacific/Apia', 'America/Sao_Paulo'],
];

describe('weeks', () => {
  it('begin at midnight of Monday where the user is, through both changes of the clocks', () => {
    const inSpring = weekStarts(at('2026-03-30T10:00:00Z'), 2, 'Europe/Berlin');
    expect(inSpring).toEqual([at('2026-03-22T23:00:00Z'), at('2026-03-29T22:00:00Z')]);
    const inAutumn = weekStarts(at('2026-10-26T10:00:00Z'), 2, 'Europe/Berlin');
    expect(inAutumn).toEqual([at('2026-10-18T22:00:00Z'), at('2026-10-25T23:00:00Z')]);
  });

  it('begin on Sunday where people want that', () => {
    const starts = weekStarts(at('2026-03-08T12:00:00Z'), 1, 'America/New_York', 7);
    expect(starts).toEqual([at('2026-03-08T05:00:00Z')]);
  });

  it('begin an hour late where the clocks are put forward at midnight', () => {
    // In Santiago, 6 September 2026 begins at 1 o'clock.
    const starts = weekStarts(at('2026-09-09T12:00:00Z'), 1, 'America/Santiago', 7);
    expect(starts).toEqual([at('2026-09-06T04:00:00Z')]);
  });

  const moment = fc.integer({ min: at('2013-06-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') });
  const firstDay = fc.integer({ min: 1, max: 7 });

  it('follow on each other without a gap, whatever the clocks do', () => {
    fc.assert(
      fc.property(moment, fc.constantFrom(...zones), firstDay, (now, zone, first) => {
        const starts = weekStarts(now, 60, zone, first);
        expect(starts.at(-1)).toBeLessThanOrEqual(now);
        const weekday = new Intl.DateTimeFormat('en', { timeZone: zone, weekday: 'long' });
        expect(new Set(starts.map((start) => weekday.format(start))).size).toBe(1);
        for (const [index, start] of starts.entries()) {
          // A moment before is another day.
          expect(weekday.format(start - 1)).not.toBe(weekday.format(start));
          const previous = starts[index - 1];
          if (previous !== undefined) {
            expect(Math.abs(start - previous - 168 * hour)).toBeLessThanOrEqual(2 * hour);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are found for each moment in them, and as many as lie between', () => {
    fc.assert(
      fc.property(
        moment,
        fc.integer({ min: 0, max: 59 }),
        fc.constantFrom(...zones),
        firstDay,
        (now, back, zone, first) => {
          const starts = weekStarts(now, 60, zone, first);
          const wanted = 59 - back;
          const start = starts[wanted] ?? 0;
          const end = starts[wanted + 1] ?? now + 1;
          expect(weekOf(starts, start)).toBe(wanted);
          expect(weekOf(starts, end - 1)).toBe(wanted);
          expect(weekOf(starts, start - 1)).toBe(wanted - 1);
          expect(weeksSince(start, now, zone, first)).toBe(back + 1);
          expect(weeksSince(end - 1, now, zone, first)).toBe(back + 1);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are only of zones that there are', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true);
    expect(isTimeZone('Europe/Atlantis')).toBe(false);
    expect(isTimeZone('')).toBe(false);
  });
});
