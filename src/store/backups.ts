import {
  readDatabaseFile,
  readFacts,
  writeDatabaseFile,
  factsPath,
  type DatabaseFacts,
} from './databaseFile.ts';
import type { DatabaseFolder } from './databaseFolder.ts';
import type { Disk } from './disk.ts';
import type { Backup, BackupKind } from '../model/backup.ts';

/** How many of a kind are kept. Of those before a migration: one for each version that was left. */
const kept: Record<BackupKind, number> = { daily: 3, migration: 1, restore: 3 };

/** A backup with what the database itself needs to know of it. */
export interface StoredBackup extends Backup {
  seq: number;
  version: number;
}

/** All backups whose facts can be read, the newest first. */
export async function listBackups(disk: Disk, folder: DatabaseFolder): Promise<StoredBackup[]> {
  const backups: StoredBackup[] = [];
  for (const name of await disk.list(folder.backups)) {
    const [, id, kind] = /^((daily|migration|restore)-\d+)\.db$/.exec(name) ?? [];
    const facts = id === undefined ? null : await readFacts(disk, folder.backup(id));
    if (id === undefined || !facts) continue;
    const { at, bytes, cards, seq, version } = facts;
    backups.push({ id, kind: kind as BackupKind, at, bytes, cards, seq, version });
  }
  return backups.sort((a, b) => b.at - a.at);
}

export async function readBackup(
  disk: Disk,
  folder: DatabaseFolder,
  id: string,
): Promise<{ bytes: Uint8Array; facts: DatabaseFacts } | null> {
  return /^\w+-\d+$/.test(id) ? readDatabaseFile(disk, folder.backup(id)) : null;
}

/** Makes a backup, and removes those of its kind that are not kept any longer. */
export async function makeBackup(
  disk: Disk,
  folder: DatabaseFolder,
  kind: BackupKind,
  bytes: Uint8Array,
  facts: DatabaseFacts,
): Promise<void> {
  await disk.makeFolder(folder.backups);
  await writeDatabaseFile(disk, folder.backup(`${kind}-${facts.at}`), bytes, facts);
  for (const id of deletableBackups(await listBackups(disk, folder))) {
    await disk.remove(folder.backup(id));
    await disk.remove(factsPath(folder.backup(id)));
  }
}

/** Which of the backups, the newest first, are more than is kept. */
export function deletableBackups(backups: readonly StoredBackup[]): string[] {
  const counts = new Map<string, number>();
  return backups
    .filter(({ kind, version }) => {
      const group = kind === 'migration' ? `${kind} ${version}` : kind;
      const count = (counts.get(group) ?? 0) + 1;
      counts.set(group, count);
      return count > kept[kind];
    })
    .map(({ id }) => id);
}

/** Whether the day has no backup yet. Days are those of Greenwich: it only matters that there is one in 24 hours. */
export function isDailyBackupDue(backups: readonly Backup[], now: number): boolean {
  const day = (at: number): number => Math.floor(at / 86_400_000);
  return !backups.some(({ kind, at }) => kind === 'daily' && day(at) === day(now));
}
