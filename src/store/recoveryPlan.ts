import type { JournalContents, JournalRecord } from './journalFormat.ts';

export interface Journal {
  /** From its name; each journal has a higher one than those before. */
  generation: number;
  contents: JournalContents;
}

export interface ReplayPlan {
  /** What to execute on top of the base, in this order. */
  records: JournalRecord[];
  /** The `seq` of the board afterwards. */
  reached: number;
  /** The highest `seq` that was on the disk for certain. Above `reached`: something that was there is gone. */
  promised: number;
  /** The highest `seq` of which there is any trace, so that no number is used twice. */
  highest: number;
}

/**
 * What has to be executed on top of a base (a snapshot, a backup, or the empty database with `seq` 0).
 *
 * A new journal is begun after everything before it was on the disk. So what an older one has beyond the beginning of
 * a newer one was never promised to anybody: it was written by a window that had lost the board, or its write failed
 * and was done again. And a journal that ends in something unreadable has merely lost an unfinished write, unless
 * any record says that more than that was on the disk.
 *
 * @param journals in the order of their generations
 * @param promised a `seq` of which it is known that it was on the disk: that of the newest snapshot, readable or not
 */
export function planReplay(baseSeq: number, journals: readonly Journal[], promised: number): ReplayPlan {
  const records: JournalRecord[] = [];
  let reached = baseSeq;
  for (const [index, { contents }] of journals.entries()) {
    const limit = beginning(journals.slice(index + 1)) - 1;
    for (const record of contents.records) {
      if (record.seq > limit) break;
      if (record.seq !== reached + 1) continue;
      records.push(record);
      reached = record.seq;
    }
  }
  const all = journals.flatMap(({ contents }) => [...contents.records, ...contents.beyond]);
  return {
    records,
    reached,
    promised: highestOf([promised, baseSeq, ...all.map(({ durable }) => durable)]),
    highest: highestOf([promised, reached, ...all.map(({ seq }) => seq)]),
  };
}

/** The first `seq` in any of the journals, as far as they can be read. */
function beginning(journals: readonly Journal[]): number {
  for (const { contents } of journals) {
    const first = contents.records[0] ?? contents.beyond[0];
    if (first) return first.seq;
  }
  return Infinity;
}

/** Not Math.max(...values): a journal has more records than a call may have arguments. */
function highestOf(values: readonly number[]): number {
  return values.reduce((highest, value) => Math.max(highest, value), 0);
}

/** What is known of a journal while the board is open. */
export interface JournalExtent {
  generation: number;
  /** Null while it has no record. */
  firstSeq: number | null;
}

/**
 * The journals that are not needed any more to get from the oldest snapshot that is kept to the present.
 * @param journals in the order of their generations; the last is the one that is being written
 */
export function deletableJournals(journals: readonly JournalExtent[], oldestSnapshotSeq: number): number[] {
  const isDeletable = ({ firstSeq }: JournalExtent, index: number): boolean => {
    if (index === journals.length - 1) return false;
    const next = journals.slice(index + 1).find((other) => other.firstSeq !== null);
    return firstSeq === null || (next?.firstSeq ?? Infinity) <= oldestSnapshotSeq + 1;
  };
  return journals.filter(isDeletable).map(({ generation }) => generation);
}
