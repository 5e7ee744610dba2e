import { join } from 'node:path';
import type { Notice, UserError } from '../model/failure.ts';
import { makeBackup } from './backups.ts';
import { factsOf, writeDatabaseFile } from './databaseFile.ts';
import { unfinishedIn, type DatabaseFolder } from './databaseFolder.ts';
import type { Disk } from './disk.ts';
import { JournalWriter } from './journalWriter.ts';
import { currentVersion, migrate, pendingMigrations } from './migrations.ts';
import { recover, type Recovered } from './recovery.ts';
import { copyAside, moveAside } from './setAside.ts';
import type { ExecutedStatement, SqlDatabase } from './sqlDatabase.ts';
import { reopeningError, storageError, whyNotWritten } from './storageErrors.ts';

export interface DatabaseSource {
  disk: Disk;
  folder: DatabaseFolder;
  /** A database file of the first format (one file, saved as a whole); it is imported once, and stays. */
  legacyPath: string | null;
  /** Makes a database of a file's bytes; throws when they are not those of one. */
  open: (bytes: Uint8Array | null) => SqlDatabase;
}

export interface OpenedDatabase {
  db: SqlDatabase;
  writer: JournalWriter;
  /** The number of the last change it has. */
  seq: number;
  /** Of the newest snapshot; 0 when there is none. */
  snapshotSeq: number;
  /** How much of journals was read: what a new snapshot would save the next opening. */
  journalBytes: number;
  /** What was executed while it was opened, and has to be written yet. */
  executed: (readonly ExecutedStatement[])[];
  /** Why nothing may be written; null when it may. */
  readOnly: UserError | null;
}

type Tell = (notice: Notice) => void;

/**
 * Opens the database of a board: takes it over, reads what is there, sets right what can be, and brings it up to date.
 * @throws UserError `storage` when the files cannot be read
 */
export async function openDatabase(source: DatabaseSource, tell: Tell): Promise<OpenedDatabase> {
  const { writer, found } = await takeOverAndRead(source);
  const readOnly = await makeWritable(source, found, tell);
  // In memory in any case: the queries are those of the present format.
  const executed = migrate(found.db);
  if (readOnly) {
    tell({ severity: 'warning', message: readOnly.message });
    await writer.abandon();
  }
  writer.follow(found.journals);
  const { db, seq, snapshotSeq, journalBytes } = found;
  return { db, writer, seq, snapshotSeq, journalBytes, executed, readOnly };
}

async function takeOverAndRead({ disk, folder, open }: DatabaseSource): Promise<{
  writer: JournalWriter;
  found: Recovered;
}> {
  let writer: JournalWriter | null = null;
  try {
    writer = await JournalWriter.claim(disk, folder);
    return { writer, found: await recover(disk, folder, open) };
  } catch (error) {
    await writer?.abandon();
    const { message } = error as Error;
    throw reopeningError(
      `The board's database in ${folder.path} could not be read (${message}). Set that right and reload the window.`,
      error,
    );
  }
}

/** Does what must be on the disk before anything else may be written. Returns why that cannot be, or null. */
async function makeWritable(source: DatabaseSource, found: Recovered, tell: Tell): Promise<UserError | null> {
  const { disk, folder } = source;
  try {
    if (found.isNew) await importLegacy(source, found, tell);
    const version = found.db.userVersion();
    if (version > currentVersion) return newerVersionError(version);
    if (found.missing > 0) await repair(disk, folder, found, tell);
    // Where this fails the files stay where they are, and harm nobody.
    else await setBrokenAside(disk, folder, found, tell).catch(() => undefined);
    await removeUnfinished(disk, folder).catch(() => undefined);
    if (found.seq > 0 && pendingMigrations(version).length > 0) {
      const bytes = found.db.export();
      await makeBackup(disk, folder, 'migration', bytes, factsOf(found.db, bytes, found.seq));
    }
    return null;
  } catch (error) {
    return reopeningError(
      `The board is open for reading only: its files have to be put in order first, but ${whyNotWritten(error, folder.path)}. Set that right and reload the window.`,
      error,
    );
  }
}

/** Makes the database of the first format the first snapshot. */
async function importLegacy(source: DatabaseSource, found: Recovered, tell: Tell): Promise<void> {
  const { disk, folder, legacyPath, open } = source;
  const bytes = legacyPath === null ? null : await disk.read(legacyPath);
  if (legacyPath === null || !bytes) return;
  let legacy: SqlDatabase;
  try {
    legacy = open(bytes);
  } catch {
    await moveAside(disk, folder, legacyPath);
    tell({
      severity: 'error',
      message: `The board's database ${legacyPath} could not be read. It was set aside in ${folder.aside}, and the board begins anew.`,
      action: { kind: 'showLog' },
    });
    return;
  }
  found.db.close();
  Object.assign(found, { db: legacy, seq: 1, snapshotSeq: 1, isNew: false });
  await disk.makeFolder(folder.path);
  await writeDatabaseFile(disk, folder.snapshot(1), bytes, factsOf(legacy, bytes, 1));
}

/**
 * Makes what could be read the new beginning, after copies of all that was there have been set aside. Its number is
 * above all that were used, so that nothing of the old files is ever taken for what follows it.
 */
async function repair(disk: Disk, folder: DatabaseFolder, found: Recovered, tell: Tell): Promise<void> {
  const journals = found.journals.map(({ generation }) => folder.journal(generation));
  for (const path of journals) await copyAside(disk, folder, path);
  const seq = found.highest + 1;
  const bytes = found.db.export();
  await writeDatabaseFile(disk, folder.snapshot(seq), bytes, factsOf(found.db, bytes, seq));
  for (const path of found.brokenSnapshots) await moveAside(disk, folder, path);
  const since =
    found.lastChangeAt === null
      ? 'The board begins anew'
      : `It is as it was at ${timeOf(found.lastChangeAt)}`;
  tell({
    severity: 'error',
    message: `A file of the board's database was damaged. ${since}; at least ${changes(found.missing)} made after that could not be read. The damaged files were set aside in ${folder.aside}; an older state can be restored from a backup.`,
    action: { kind: 'showLog' },
  });
  Object.assign(found, { seq, snapshotSeq: seq, journals: [], journalBytes: 0 });
}

/** Files that could not be read and that nothing is missing without. */
async function setBrokenAside(
  disk: Disk,
  folder: DatabaseFolder,
  found: Recovered,
  tell: Tell,
): Promise<void> {
  for (const path of found.brokenSnapshots) await moveAside(disk, folder, path);
  if (found.brokenSnapshots.length > 0) {
    tell({
      severity: 'warning',
      message: `A file of the board's database was damaged, and was set aside in ${folder.aside}. Nothing is missing: the board was rebuilt from the files before it.`,
    });
  }
  if (found.tornJournal === null) return;
  if (await copyAside(disk, folder, folder.journal(found.tornJournal))) {
    tell({
      severity: 'info',
      message: `The last write to the board's journal was cut off, as a crash does it. A copy of the journal was set aside in ${folder.aside}.`,
    });
  }
}

/** Removes what a crash has left of snapshots and backups, which would gather otherwise. */
async function removeUnfinished(disk: Disk, { path, backups }: DatabaseFolder): Promise<void> {
  for (const folder of [path, backups]) {
    const names = unfinishedIn(await disk.list(folder));
    for (const name of names) await disk.remove(join(folder, name));
  }
}

function newerVersionError(version: number): UserError {
  return storageError(
    `This board was last used with a newer version of Kandev (format ${version}; this version knows formats up to ${currentVersion}), so it is open for reading only. Update Kandev to change it.`,
  );
}

function timeOf(at: number): string {
  return new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium' });
}

function changes(count: number): string {
  return count === 1 ? 'one change' : `${count} changes`;
}
