import { expect } from 'vitest';

/** How long anything may take that an agent, a container or VS Code does. */
const patienceMs = 30_000;

/** Expects something of what is read, as soon as it is so. */
export function eventually<T>(read: () => Promise<T> | T, withinMs = patienceMs) {
  return expect.poll(read, { timeout: withinMs, interval: 50 });
}
