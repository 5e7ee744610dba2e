import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDebianPackages, missingCommands } from '../../scripts/setup/debian.mts';
import { withLock } from '../../scripts/setup/lock.mts';
import { run } from '../../scripts/processes.mts';

/**
 * Makes sure that there is a command, whose Debian package has the same name. Several files of tests may want one at the
 * same time, and apt-get works for one only.
 * @param purpose ends the sentence "Kandev needs a …"
 * @throws MissingPrerequisite where it is missing and cannot be installed
 */
export async function ensureCommand(command: string, purpose: string): Promise<void> {
  if (missingCommands([command]).length === 0) return;
  await withLock(join(tmpdir(), 'kandev-apt.lock'), async () => {
    if (missingCommands([command]).length > 0) await ensureDebianPackages([command], purpose);
  });
}

/** Makes sure that there is a `sqlite3` command: an SQLite that has nothing to do with ours. */
export function ensureSqliteCommand(): Promise<void> {
  return ensureCommand('sqlite3', 'to look at databases with an SQLite that is not its own');
}

/** Asks a database file something, and returns the rows, each as one line. */
export async function askSqlite(path: string, sql: string): Promise<string[]> {
  const output = await run('sqlite3', ['-readonly', '-bail', path, sql]);
  return output.split('\n').filter((line) => line !== '');
}
