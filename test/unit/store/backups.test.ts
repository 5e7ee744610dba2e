import { describe, expect, it } from 'vitest';
import { deletableBackups, isDailyBackupDue, type StoredBackup } from '../../../src/store/backups.ts';
import type { BackupKind } from '../../../src/model/backup.ts';

function backup(kind: BackupKind, at: number, version = 2): StoredBackup {
  return { id: `${kind}-${at}`, kind, at, version, bytes: 1, cards: 1, seq: 1 };
}

describe('backups', () => {
  it('are kept: three days, one for each format that was left, and three states before a restore', () => {
    const backups = [
      ...[9, 8, 7, 6, 5].map((at) => backup('daily', at)),
      backup('migration', 8, 2),
      backup('migration', 7, 2),
      backup('migration', 6, 1),
      ...[9, 8, 7, 6].map((at) => backup('restore', at)),
    ];
    expect(deletableBackups(backups)).toEqual(['daily-6', 'daily-5', 'migration-7', 'restore-6']);
  });

  it('are made once a day', () => {
    const morning = Date.UTC(2026, 10, 22, 6);
    const evening = Date.UTC(2026, 10, 22, 20);
    expect(isDailyBackupDue([], morning)).toBe(true);
    expect(isDailyBackupDue([backup('daily', morning)], evening)).toBe(false);
    expect(isDailyBackupDue([backup('daily', evening)], Date.UTC(2026, 10, 23, 1))).toBe(true);
    expect(isDailyBackupDue([backup('migration', morning)], evening)).toBe(true);
  });
});
