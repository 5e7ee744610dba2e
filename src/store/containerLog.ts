import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { wireRecordPath, type WireLine } from './wireRecord.ts';

/** What an agent's container wrote to stderr, and what became of it. */
export interface ContainerLog {
  /** In their order; times in milliseconds since the epoch. A piece of stderr can have several lines, or part of one. */
  entries: { at: number; kind: 'note' | 'stderr'; text: string }[];
  /** Its beginning is left out. */
  shortened: boolean;
}

/** In characters. */
const mostText = 1_000_000;

/**
 * Reads the log of a run's container out of the record of the run, which is there also when the container is gone.
 * Null when there is no record (any more).
 */
export async function readContainerLog(wireFolder: string, runId: string): Promise<ContainerLog | null> {
  const log: ContainerLog = { entries: [], shortened: false };
  let length = 0;
  try {
    const lines = createInterface({ input: createReadStream(wireRecordPath(wireFolder, runId)) });
    for await (const line of lines) {
      const entry = entryOf(line);
      if (!entry) continue;
      log.entries.push(entry);
      length += entry.text.length;
      while (length > mostText && log.entries.length > 1) {
        length -= log.entries.shift()?.text.length ?? 0;
        log.shortened = true;
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return log;
}

function entryOf(line: string): ContainerLog['entries'][number] | null {
  // Most lines are of the conversation, and can be megabytes long.
  if (!/"direction":"(?:note|stderr)"/.test(line.slice(0, 100))) return null;
  try {
    const parsed = JSON.parse(line) as WireLine;
    if (!('direction' in parsed)) return null;
    const { at, direction, line: text } = parsed;
    return direction === 'note' || direction === 'stderr' ? { at, kind: direction, text } : null;
  } catch {
    // Cut off by a crash.
    return null;
  }
}
