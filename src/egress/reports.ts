import { hostEntry } from '../model/networkAccess.ts';

/** What these programs tell on their stdout, a line of JSON each. */
export type EgressReport =
  | { kind: 'ready' }
  /** An entry for the list of hosts that would have let it through. */
  | { kind: 'blocked'; entry: string }
  | { kind: 'trouble'; text: string };

/** An agent that tries names without end is not told of without end. */
const mostTold = 100;

/** Tells of each host that was refused once. */
export class Refusals {
  readonly #told = new Set<string>();

  add(host: string, port: number): void {
    const entry = hostEntry(host.toLowerCase().slice(0, 253), port);
    if (this.#told.has(entry) || this.#told.size >= mostTold) return;
    this.#told.add(entry);
    report({ kind: 'blocked', entry });
  }

  /** With another list what was refused is news again. */
  forget(): void {
    this.#told.clear();
  }
}

export function report(message: EgressReport): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Reads a line of such a program; null for anything else. */
export function parseReport(line: string): EgressReport | null {
  try {
    const message = JSON.parse(line) as Partial<Record<string, unknown>> | null;
    if (message?.kind === 'ready') return { kind: 'ready' };
    if (message?.kind === 'blocked' && typeof message.entry === 'string') {
      return { kind: 'blocked', entry: message.entry };
    }
    if (message?.kind === 'trouble' && typeof message.text === 'string') {
      return { kind: 'trouble', text: message.text };
    }
  } catch {
    // Something that node itself has said.
  }
  return null;
}
