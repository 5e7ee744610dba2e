import { crc32 } from 'node:zlib';
import type { SqlValue } from 'sql.js';
import type { ExecutedStatement } from './sqlDatabase.ts';

/** One transaction, as the journal keeps it. */
export interface JournalRecord {
  /** Rises by one with every transaction of the board, from 1. */
  seq: number;
  /** When it was executed, in milliseconds since the epoch. */
  at: number;
  /** Up to which `seq` everything was on the disk when this was written: that far nothing may be missing. */
  durable: number;
  statements: readonly ExecutedStatement[];
}

export interface JournalContents {
  /** From the beginning, one following the other. */
  records: JournalRecord[];
  /** Where the records end: at the end of the file, or at something that is no record. */
  end: number;
  /** Records that can be read again behind such a place. */
  beyond: JournalRecord[];
}

/** Begins every record, with the version of the format, so that the next one is found behind a broken one. */
const mark = Buffer.from('KJ\u00011', 'latin1');
/** Mark, length of the body, and CRC-32 of length and body; four bytes each, little-endian. */
const headBytes = 12;

/** The bytes of a record: a head, and a body of JSON. */
export function encodeRecord(record: JournalRecord): Uint8Array {
  const { seq, at, durable, statements } = record;
  const body = Buffer.from(JSON.stringify([seq, at, durable, statements.map(packStatement)]), 'utf8');
  const bytes = Buffer.allocUnsafe(headBytes + body.length);
  mark.copy(bytes, 0);
  bytes.writeUInt32LE(body.length, 4);
  body.copy(bytes, headBytes);
  bytes.writeUInt32LE(checksum(bytes, 0, body.length), 8);
  return bytes;
}

/** Reads a journal file as far as it goes, and looks for more behind a place that cannot be read. */
export function readJournal(file: Uint8Array): JournalContents {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const records: JournalRecord[] = [];
  let end = 0;
  for (let found = recordAt(bytes, end); found; found = recordAt(bytes, end)) {
    const last = records.at(-1);
    if (last && found.record.seq !== last.seq + 1) break;
    records.push(found.record);
    end = found.end;
  }
  return { records, end, beyond: recordsBeyond(bytes, end) };
}

function recordsBeyond(bytes: Buffer, from: number): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (let at = bytes.indexOf(mark, from); at !== -1;) {
    const found = recordAt(bytes, at);
    if (found) records.push(found.record);
    at = bytes.indexOf(mark, found ? found.end : at + 1);
  }
  return records;
}

function recordAt(bytes: Buffer, at: number): { record: JournalRecord; end: number } | null {
  if (at + headBytes > bytes.length || bytes.compare(mark, 0, mark.length, at, at + mark.length) !== 0) {
    return null;
  }
  const length = bytes.readUInt32LE(at + 4);
  const end = at + headBytes + length;
  if (end > bytes.length || bytes.readUInt32LE(at + 8) !== checksum(bytes, at, length)) return null;
  const body = bytes.toString('utf8', at + headBytes, end);
  const [seq, recordedAt, durable, statements] = JSON.parse(body) as [
    number,
    number,
    number,
    PackedStatement[],
  ];
  return { record: { seq, at: recordedAt, durable, statements: statements.map(unpackStatement) }, end };
}

/** Of the length and the body of the record that begins at `at`. */
function checksum(bytes: Buffer, at: number, length: number): number {
  const body = bytes.subarray(at + headBytes, at + headBytes + length);
  return crc32(body, crc32(bytes.subarray(at + 4, at + 8)));
}

/** What JSON cannot say of a parameter is said in an object: bytes as base64, and numbers such as Infinity and -0. */
type PackedValue = string | number | null | { bytes: string } | { number: string };
type PackedStatement = [sql: string, params: PackedValue[] | null];

function packStatement([sql, params]: ExecutedStatement): PackedStatement {
  return [sql, params?.map(packValue) ?? null];
}

function unpackStatement([sql, params]: PackedStatement): ExecutedStatement {
  return [sql, params?.map(unpackValue) ?? null];
}

function packValue(value: SqlValue): PackedValue {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (Object.is(value, -0)) return { number: '-0' };
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
  return value;
}

function unpackValue(value: PackedValue): SqlValue {
  if (value === null || typeof value !== 'object') return value;
  return 'bytes' in value ? new Uint8Array(Buffer.from(value.bytes, 'base64')) : Number(value.number);
}
