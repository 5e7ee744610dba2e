import { listBackups } from './backups.ts';
import { readDatabaseFile } from './databaseFile.ts';
import { journalsIn, snapshotsIn, type DatabaseFolder } from './databaseFolder.ts';
import type { Disk } from './disk.ts';
import { readJournal } from './journalFormat.ts';
import { planReplay, type Journal, type JournalExtent, type ReplayPlan } from './recoveryPlan.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** The database as its files have it. */
export interface Recovered {
  db: SqlDatabase;
  /** The number of the last change it has. */
  seq: number;
  /** No number up to this may be given to another change. */
  highest: number;
  /** When the last change was made that it has; null for an empty database. */
  lastChangeAt: number | null;
  /** Changes that were on the disk for certain, and could not be read. */
  missing: number;
  journals: JournalExtent[];
  /** How much of the journals was read. */
  journalBytes: number;
  /** Of the newest snapshot that is whole; 0 when there is none. */
  snapshotSeq: number;
  /** Snapshots that are not what was written. */
  brokenSnapshots: string[];
  /** The newest journal ends in something that is no record: mostly the rest of a write that a crash has cut off. */
  tornJournal: number | null;
  /** There was nothing at all. */
  isNew: boolean;
}

/** What the journals are replayed on. */
interface Base {
  db: SqlDatabase;
  seq: number;
  /** When it was made; null for the empty database. */
  at: number | null;
}

interface JournalFile extends Journal {
  size: number;
  /** It ends in something else than records and zeros. */
  torn: boolean;
}

type OpenDatabase = (bytes: Uint8Array | null) => SqlDatabase;

/**
 * Reads the newest snapshot that is whole, and does again what the journals have on top of it. Without one, the newest
 * backup that is whole stands in for it. Changes nothing on the disk.
 * @param open makes a database of a file's bytes; throws when they are not those of one
 */
export async function recover(disk: Disk, folder: DatabaseFolder, open: OpenDatabase): Promise<Recovered> {
  const names = await disk.list(folder.path);
  const snapshots = snapshotsIn(names);
  const journals = await readJournals(disk, folder, journalsIn(names));
  const planFor = (seq: number): ReplayPlan => planReplay(seq, journals, snapshots[0] ?? 0);
  const { snapshot, broken } = await newestSnapshot(disk, folder, snapshots, open);
  const base = snapshot ?? (await substitute(disk, folder, open, (seq) => planFor(seq).reached));
  const plan = planFor(base.seq);
  const { seq, at } = replay(base, plan);
  // A record that is whole and does not fit what is there is as good as lost, with all that follows.
  const promised = seq < plan.reached ? Math.max(plan.promised, plan.reached) : plan.promised;
  const newest = journals.findLast(({ size }) => size > 0);
  return {
    db: base.db,
    seq,
    highest: plan.highest,
    lastChangeAt: at,
    missing: Math.max(0, promised - seq),
    journals: journals.map(({ generation, contents }) => ({
      generation,
      firstSeq: (contents.records[0] ?? contents.beyond[0])?.seq ?? null,
    })),
    journalBytes: journals.reduce((sum, { size }) => sum + size, 0),
    snapshotSeq: snapshot?.seq ?? 0,
    brokenSnapshots: broken,
    tornJournal: newest?.torn ? newest.generation : null,
    isNew: snapshots.length === 0 && !newest,
  };
}

/** Executes the plan as far as that is possible; returns the last change the database then has. */
function replay(base: Base, plan: ReplayPlan): { seq: number; at: number | null } {
  let { seq, at } = base;
  for (const record of plan.records) {
    try {
      base.db.replay(record.statements);
    } catch {
      break;
    }
    seq = record.seq;
    at = record.at;
  }
  return { seq, at };
}

async function newestSnapshot(
  disk: Disk,
  folder: DatabaseFolder,
  snapshots: readonly number[],
  open: OpenDatabase,
): Promise<{ snapshot: Base | null; broken: string[] }> {
  const broken: string[] = [];
  for (const seq of snapshots) {
    const snapshot = await readBase(disk, folder.snapshot(seq), open);
    if (snapshot) return { snapshot, broken };
    broken.push(folder.snapshot(seq));
  }
  return { snapshot: null, broken };
}

/** The empty database, or the newest whole backup where the journals lead further from there. */
async function substitute(
  disk: Disk,
  folder: DatabaseFolder,
  open: OpenDatabase,
  reachedFrom: (seq: number) => number,
): Promise<Base> {
  for (const { id, seq } of await listBackups(disk, folder)) {
    if (reachedFrom(seq) <= reachedFrom(0)) continue;
    const backup = await readBase(disk, folder.backup(id), open);
    if (backup) return backup;
  }
  return { db: open(null), seq: 0, at: null };
}

async function readBase(disk: Disk, path: string, open: OpenDatabase): Promise<Base | null> {
  try {
    const file = await readDatabaseFile(disk, path);
    return file && { db: open(file.bytes), seq: file.facts.seq, at: file.facts.at };
  } catch (error) {
    // A bad sector is like any other broken file. What may not be read at all may be whole.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && code !== 'EIO') throw error;
    return null;
  }
}

async function readJournals(
  disk: Disk,
  folder: DatabaseFolder,
  generations: readonly number[],
): Promise<JournalFile[]> {
  const journals: JournalFile[] = [];
  for (const generation of generations) {
    const bytes = (await disk.read(folder.journal(generation))) ?? new Uint8Array();
    const contents = readJournal(bytes);
    const torn = bytes.subarray(contents.end).some((byte) => byte !== 0);
    journals.push({ generation, contents, size: bytes.length, torn });
  }
  return journals;
}
