const minute = 60_000;
const day = 24 * 60 * minute;

/** A day of the calendar, as the number of days since 1 January 1970. */
type CalendarDay = number;

/** Whether Intl knows a time zone by this name. */
export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/**
 * When each of the last `count` weeks of a time zone began, the one of `now` last; where clocks are put forward at
 * midnight, a day begins later.
 *
 * @param now in milliseconds since the epoch, as what is returned
 * @param firstDay of a week: 1 is Monday, 7 is Sunday
 */
export function weekStarts(now: number, count: number, timeZone: string, firstDay = 1): number[] {
  const zone = new Zone(timeZone);
  const today = zone.dayOf(now);
  // 1 January 1970 was a Thursday.
  const weekday = (((today + 3) % 7) + 7) % 7;
  const first = today - ((weekday - (firstDay - 1) + 7) % 7);
  return Array.from({ length: count }, (_, index) => zone.startOf(first - 7 * (count - 1 - index)));
}

/** How many weeks there are from the one of `then` to the one of `now`, both of them counted. */
export function weeksSince(then: number, now: number, timeZone: string, firstDay = 1): number {
  const zone = new Zone(timeZone);
  const [current = now] = weekStarts(now, 1, timeZone, firstDay);
  const days = zone.dayOf(current) - zone.dayOf(Math.min(then, now));
  return Math.max(0, Math.ceil(days / 7)) + 1;
}

/** The index of the week in which something was; -1 before all of them. `starts` rise. */
export function weekOf(starts: readonly number[], at: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

class Zone {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn-hc-h23', {
      timeZone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  dayOf(at: number): CalendarDay {
    return Math.floor(this.#local(at) / day);
  }

  startOf(wanted: CalendarDay): number {
    const midnight = wanted * day;
    // Clocks differ from UTC by at most 14 hours, and are put forward or back within a day of one of these.
    const offsets = [midnight - day, midnight, midnight + day].map((at) => this.#local(at) - at);
    const starts = offsets.map((offset) => midnight - offset).filter((at) => this.dayOf(at) === wanted);
    // A day that a zone has left out has no start.
    return starts.length === 0 ? midnight - (offsets[1] ?? 0) : Math.min(...starts);
  }

  /** What the clocks of the zone show, as if that were UTC. */
  #local(at: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(at)) parts[type] = Number(value);
    const { year = 0, month = 1, day: date = 1, hour = 0, minute: minutes = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, date, hour, minutes, second);
  }
}
