import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/store/journalFormat.ts';
import { deletableJournals, planReplay, type Journal } from '../../../src/store/recoveryPlan.ts';

/** A record that `writer` has made: two windows give different changes the same number. */
function record(seq: number, durable: number, writer = 'a'): JournalRecord {
  return { seq, at: seq, durable, statements: [[`${writer}${seq}`, []]] };
}

function journal(generation: number, records: JournalRecord[], beyond: JournalRecord[] = []): Journal {
  return { generation, contents: { records, end: 0, beyond } };
}

const sqlOf = (records: readonly JournalRecord[]): string[] =>
  records.flatMap(({ statements }) => statements.map(([sql]) => sql));

/** What can happen while a board is written: a batch that is saved, one that fails, and a new window. */
interface Step {
  kind: 'saved' | 'failed' | 'takeover';
  size: number;
}
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('saved', 'saved', 'failed', 'takeover'),
    size: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 25 },
);

/** The journals that come of it, and the changes that were reported as done. */
function write(history: readonly Step[]): { journals: Journal[]; done: string[] } {
  const journals: Journal[] = [journal(1, [])];
  const done: string[] = [];
  let window = 0;
  let backlog: JournalRecord[] = [];
  for (const { kind, size } of history) {
    const current = journals.at(-1)?.contents.records ?? [];
    const from = done.length + backlog.length;
    const batch = Array.from({ length: size }, (_, index) =>
      record(from + index + 1, done.length, `w${window}-`),
    );
    if (kind === 'saved') {
      current.push(...backlog, ...batch);
      done.push(...sqlOf([...backlog, ...batch]));
      backlog = [];
    } else {
      // The bytes may be in the file all the same; nobody was told, and the file is not written again.
      current.push(...backlog, ...batch);
      backlog = [...backlog, ...batch];
      journals.push(journal(journals.length + 1, []));
      if (kind === 'takeover') {
        // The new window has read what was there before the old one wrote its last.
        window++;
        backlog = [];
      }
    }
  }
  return { journals, done };
}

describe('the plan of a replay', () => {
  it('has all that was reported as done, in order, from wherever it begins', () => {
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (history, where) => {
        const { journals, done } = write(history);
        const base = Math.floor(done.length * where);
        const plan = planReplay(base, journals, base);
        expect(sqlOf(plan.records).slice(0, done.length - base)).toEqual(done.slice(base));
        expect(plan.reached).toBeGreaterThanOrEqual(done.length);
        expect(plan.promised).toBeLessThanOrEqual(plan.reached);
      }),
    );
  });

  it('notices when anything is gone that later records were written upon', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (history, pick) => {
        const { journals, done } = write(history);
        const gone = pick % Math.max(1, done.length - 1);
        const last = journals.flatMap(({ contents }) => contents.records).at(-1);
        fc.pre(last !== undefined && gone + 1 <= last.durable);
        const damaged = journals.map(({ generation, contents: { records } }) => {
          const at = records.findIndex(({ seq }) => seq === gone + 1);
          return at === -1
            ? journal(generation, records)
            : journal(generation, records.slice(0, at), records.slice(at + 1));
        });
        const plan = planReplay(0, damaged, 0);
        expect(sqlOf(plan.records)).toEqual(done.slice(0, gone));
        expect(plan.promised).toBeGreaterThan(plan.reached);
        expect(plan.highest).toBeGreaterThanOrEqual(plan.promised);
      }),
    );
  });

  it('does not take a cut-off write for a loss', () => {
    const plan = planReplay(0, [journal(1, [record(1, 0)], [record(3, 1)])], 0);
    expect(plan).toMatchObject({ reached: 1, promised: 1, highest: 3 });
  });

  it('knows from the newest snapshot, though it be unreadable, how far the board had come', () => {
    const plan = planReplay(0, [journal(1, [record(1, 0), record(2, 1)])], 5);
    expect(plan).toMatchObject({ reached: 2, promised: 5, highest: 5 });
  });
});

describe('journals', () => {
  it('are needed until the snapshot before the newest has what they have', () => {
    const journals = [
      { generation: 1, firstSeq: 1 },
      { generation: 2, firstSeq: null },
      { generation: 3, firstSeq: 10 },
      { generation: 4, firstSeq: 20 },
    ];
    expect(deletableJournals(journals, 8)).toEqual([2]);
    expect(deletableJournals(journals, 9)).toEqual([1, 2]);
    expect(deletableJournals(journals, 25)).toEqual([1, 2, 3]);
    expect(deletableJournals([{ generation: 5, firstSeq: null }], 25)).toEqual([]);
  });
});
