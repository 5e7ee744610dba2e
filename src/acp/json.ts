/** Readers of JSON that somebody else wrote: a value of the wrong type reads as if it were absent. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object itself, or an empty one. */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The array itself, or an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asString(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function asNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** What `read` makes of each item; items of which it makes null are left out. */
export function asList<T>(value: unknown, read: (item: unknown) => T | null): T[] {
  return asArray(value)
    .map(read)
    .filter((item) => item !== null);
}
