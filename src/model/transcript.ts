import type { Picture } from './picture.ts';

/** One stored piece of what an agent said or did. Consecutive chunks of one message are one entry. */
export interface TranscriptEntry {
  /** Rises by one within a run, from 1. */
  seq: number;
  runId: string;
  taskId: string;
  /** The turn it belongs to, from 1; 0 for what came before the first prompt. */
  turn: number;
  kind:
    | 'user'
    | 'message'
    | 'thought'
    | 'tool_call'
    /** What a command of the agent has printed; the key is its terminal's id. */
    | 'terminal'
    | 'plan'
    | 'usage'
    | 'turn_end'
    | 'notice'
    | 'unknown';
  /** What identifies the thing that this entry updates, such as a tool call's id; null where each stands for itself. */
  key: string | null;
  /** Readable text: the message itself, or one line for what is structured. */
  text: string;
  /** The structured part as JSON, or null. */
  data: string | null;
  at: number;
}

/** The pictures that went with a message of the user. */
export function picturesOf({ kind, data }: Pick<TranscriptEntry, 'kind' | 'data'>): readonly Picture[] {
  if (kind !== 'user' || data === null) return [];
  return (JSON.parse(data) as { pictures?: readonly Picture[] }).pictures ?? [];
}
