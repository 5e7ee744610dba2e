import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/paths.mts';
import { CommandFailed, run } from '../../scripts/processes.mts';

/** A package of its own, so that nothing but the bench ever waits for it. */
const folder = join(projectRoot, 'bench');
const name = 'better-sqlite3';

export interface Prepared {
  run(...params: unknown[]): unknown;
  all(...params: unknown[]): unknown[];
}

/** As much of better-sqlite3 as of node:sqlite. */
export interface NativeDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): Prepared;
  close(): unknown;
}

/** How to open a file with better-sqlite3. @throws what Node says when it is not installed */
export function requireBetterSqlite(): (path: string) => NativeDatabase {
  const require = createRequire(join(folder, 'package.json'));
  const Database = require(name) as new (path: string) => NativeDatabase;
  return (path) => new Database(path);
}

/**
 * Installs better-sqlite3 where it is not there yet.
 * @returns why that cannot be done; null when it can be used
 */
export async function ensureBetterSqlite(): Promise<string | null> {
  try {
    if (!(await isInstalled())) await install();
    // Its binary is loaded with the first database.
    requireBetterSqlite()(':memory:').close();
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Whether it is there in the version that is wanted. */
async function isInstalled(): Promise<boolean> {
  try {
    const wanted = await packageAt(folder);
    const present = await packageAt(join(folder, 'node_modules', name));
    return present.version === wanted.devDependencies?.[name];
  } catch {
    return false;
  }
}

interface Package {
  version?: string;
  devDependencies?: Record<string, string>;
}

async function packageAt(path: string): Promise<Package> {
  return JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Package;
}

async function install(): Promise<void> {
  console.log(`Installing ${name}, with which the database is compared …`);
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  if (npm === undefined) await run('npm', args, { cwd: folder });
  else await run(process.execPath, [npm, ...args], { cwd: folder });
}

/** The line that says most. */
function reasonOf(error: unknown): string {
  const output =
    error instanceof CommandFailed ? error.output : error instanceof Error ? error.message : String(error);
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /error/i.test(line)) ?? lines[0] ?? 'it could not be installed';
}
