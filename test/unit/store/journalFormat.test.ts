import fc from 'fast-check';
import type { SqlValue } from 'sql.js';
import { describe, expect, it } from 'vitest';
import { encodeRecord, readJournal, type JournalRecord } from '../../../src/store/journalFormat.ts';
import type { ExecutedStatement } from '../../../src/store/sqlDatabase.ts';

const value: fc.Arbitrary<SqlValue> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.constant(null),
  fc.uint8Array(),
);
const params: fc.Arbitrary<SqlValue[] | null> = fc.option(fc.array(value, { maxLength: 5 }), { nil: null });
const statement: fc.Arbitrary<ExecutedStatement> = fc.tuple(fc.string(), params);
/** The statements of each of some records. */
const contents = fc.array(fc.array(statement, { maxLength: 4 }), { minLength: 1, maxLength: 6 });

function recordsOf(statements: readonly (readonly ExecutedStatement[])[], first = 1): JournalRecord[] {
  return statements.map((executed, index) => ({
    seq: first + index,
    at: 1_700_000_000_000 + index,
    durable: first + index - 1,
    statements: executed,
  }));
}

function encodeAll(records: readonly JournalRecord[]): Buffer {
  return Buffer.concat(records.map(encodeRecord));
}

describe('a journal', () => {
  it('gives back what was written, whatever the parameters', () => {
    fc.assert(
      fc.property(contents, fc.integer({ min: 1, max: 2 ** 50 }), (statements, first) => {
        const records = recordsOf(statements, first);
        const file = encodeAll(records);
        expect(readJournal(file)).toEqual({ records, end: file.length, beyond: [] });
      }),
    );
  });

  it('gives back what JSON has no words for', () => {
    const values = [-0, Infinity, -Infinity, NaN, Uint8Array.of(0, 255), '\u0000', null];
    const records = recordsOf([[['UPDATE', values]]]);
    expect(readJournal(encodeAll(records)).records).toEqual(records);
  });

  it('that was cut off anywhere has the records before, and nothing else', () => {
    fc.assert(
      fc.property(contents, fc.double({ min: 0, max: 1, noNaN: true }), (statements, where) => {
        const records = recordsOf(statements);
        const file = encodeAll(records);
        const cut = Math.floor(file.length * where);
        const read = readJournal(file.subarray(0, cut));
        const ends = records.map((_, index) => encodeAll(records.slice(0, index + 1)).length);
        const whole = ends.filter((end) => end <= cut).length;
        expect(read.records).toEqual(records.slice(0, whole));
        expect(read.end).toBe(ends[whole - 1] ?? 0);
        expect(read.beyond).toEqual([]);
      }),
    );
  });

  it('with any bit flipped has the records before, and finds those behind', () => {
    fc.assert(
      fc.property(
        contents,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (statements, where) => {
          const records = recordsOf(statements);
          const file = encodeAll(records);
          const bit = Math.floor(file.length * 8 * where);
          const at = bit >> 3;
          file[at] = (file[at] ?? 0) ^ (1 << (bit & 7));
          const read = readJournal(file);
          const ends = records.map((_, index) => encodeAll(records.slice(0, index + 1)).length);
          const hit = ends.filter((end) => end <= at).length;
          expect(read.records).toEqual(records.slice(0, hit));
          expect(read.beyond).toEqual(records.slice(hit + 1));
        },
      ),
    );
  });

  it('ends where the numbers do not follow one another', () => {
    const records = recordsOf([[], [], []]);
    const [first, , third] = records;
    const file = encodeAll([first, third].flatMap((record) => record ?? []));
    expect(readJournal(file).records).toEqual([first]);
    expect(readJournal(file).beyond).toEqual([third]);
  });

  it('may be empty, or end in zeros that the system has made room with', () => {
    expect(readJournal(new Uint8Array())).toEqual({ records: [], end: 0, beyond: [] });
    const records = recordsOf([[['SELECT 1', []]]]);
    const file = encodeAll(records);
    expect(readJournal(Buffer.concat([file, Buffer.alloc(4096)]))).toEqual({
      records,
      end: file.length,
      beyond: [],
    });
  });
});
