/** System packages, where this is Debian or Ubuntu and we are root. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { run } from '../processes.mts';

/** Something is missing that only the user can install. The message says what. */
export class MissingPrerequisite extends Error {
  override readonly name = 'MissingPrerequisite';
}

export function missingCommands(commands: readonly string[]): string[] {
  return commands.filter((command) => !commandExists(command));
}

function commandExists(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

let listsUpdated: Promise<unknown> | undefined;

/**
 * Installs packages with apt-get; the package lists are brought up to date once, and only when this is called.
 * @param purpose Ends the sentence "Kandev needs a, b …".
 * @throws MissingPrerequisite where that cannot be done.
 */
export async function ensureDebianPackages(packages: readonly string[], purpose: string): Promise<void> {
  if (process.getuid?.() !== 0 || !commandExists('apt-get')) {
    throw new MissingPrerequisite(
      `Kandev needs ${packages.join(', ')} ${purpose}. Please install them and try again.`,
    );
  }
  console.log(`Installing ${packages.join(', ')} with apt-get …`);
  // RUNLEVEL: where init scripts start services, a package's is not started; whoever needs it starts its own.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const aptGet = (...args: string[]) =>
    run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { env });
  listsUpdated ??= aptGet('update');
  await listsUpdated;
  await aptGet('install', '--yes', '--no-install-recommends', ...packages);
}
