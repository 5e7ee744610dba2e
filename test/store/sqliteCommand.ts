import { ensureDebianPackages, missingCommands } from '../../scripts/setup/debian.mts';
import { run } from '../../scripts/processes.mts';

/** Makes sure that there is a `sqlite3` command: an SQLite that has nothing to do with ours. */
export async function ensureSqliteCommand(): Promise<void> {
  if (missingCommands(['sqlite3']).length === 0) return;
  await ensureDebianPackages(['sqlite3'], 'to look at databases with an SQLite that is not its own');
}

/** Asks a database file something, and returns the rows, each as one line. */
export async function askSqlite(path: string, sql: string): Promise<string[]> {
  const output = await run('sqlite3', ['-readonly', '-bail', path, sql]);
  return output.split('\n').filter((line) => line !== '');
}
