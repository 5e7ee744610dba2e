import type { ResultChange } from './events.ts';
import type { RunChanges, RunState } from './run.ts';
import type { TaskState } from './task.ts';

/** A state that a run has been in. Times are milliseconds since the epoch. */
export interface RunSpell {
  state: RunState;
  since: number;
  /** Null while it lasts. */
  until: number | null;
}

/** What has happened to a card, or is still happening. */
export type TimelineItem =
  /** It has come into a state; out of none when it was made. One that stays in its state was deleted or brought back. */
  | { kind: 'state'; actor: string; from: TaskState | null; to: TaskState; why: string | null }
  /** Somebody has changed some of its fields, by the names of `Task`. */
  | { kind: 'edited'; actor: string; fields: string[] }
  /** Somebody has taken, given up or taken back what its agent has made. */
  | { kind: 'result'; actor: string; what: ResultChange }
  | {
      kind: 'run';
      runId: string;
      agentTypeId: string;
      state: RunState;
      /** All but the one that it has ended in. */
      spells: RunSpell[];
      turns: number;
      /** Why it has failed. */
      failure: string | null;
      changes: RunChanges | null;
    }
  /** Its agent has asked whether it may do something. */
  | {
      kind: 'asked';
      runId: string;
      title: string;
      /** The name of the option that was chosen; null where none was. */
      answer: string | null;
      isAllowed: boolean;
      state: 'open' | 'answered' | 'closed';
      answeredBy: string | null;
      /** The rule or the preset that has answered, in words; null where a person has. */
      rule: string | null;
      resolvedAt: number | null;
    }
  /** Its agent was told something, beside the card itself. */
  | { kind: 'message'; runId: string; seq: number; text: string };

/** `key` tells entries of the same moment apart, and orders them. */
export type TimelineEntry = { key: string; at: number } & TimelineItem;

/** Where a page ends: the last entry that is on it. */
export type TimelinePlace = Pick<TimelineEntry, 'at' | 'key'>;

export interface TimelinePage {
  /** The newest first. */
  entries: TimelineEntry[];
  /** Where older ones go on; null when these are all. */
  before: TimelinePlace | null;
}

/** The newest first. */
export function compareEntries(one: TimelinePlace, other: TimelinePlace): number {
  if (one.at !== other.at) return other.at - one.at;
  return one.key < other.key ? 1 : -1;
}
