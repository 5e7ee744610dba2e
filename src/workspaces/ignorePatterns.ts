import { lstat, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Repository } from './findRepository.ts';
import type { GitSite, HostGit } from './hostGit.ts';

const maxBytes = 1024 ** 2;

/**
 * The patterns of ignored files that stand outside `.gitignore` files: the user's own, the repository's
 * `info/exclude`, and `more`; later ones count before earlier ones.
 *
 * @param site whose settings name the user's own file
 */
export async function ignorePatterns(
  git: HostGit,
  site: GitSite,
  repository: Repository | null,
  more: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const call = { doing: 'looking up what git ignores', site, signal, answers: [1] };
  const { stdout } = await git.run(['config', '--type=path', '--get', 'core.excludesFile'], call);
  const chosen = stdout.toString('utf8').trimEnd();
  const settings =
    git.variable('XDG_CONFIG_HOME') ?? path.join(git.variable('HOME') ?? os.homedir(), '.config');
  const files = [
    chosen === '' ? path.join(settings, 'git', 'ignore') : path.resolve(repository?.topLevel ?? '/', chosen),
    ...(repository ? [path.join(repository.commonDir, 'info', 'exclude')] : []),
  ];
  const texts = await Promise.all(files.map(plainText));
  return [...texts, ...more.map((pattern) => `${pattern}\n`)].join('');
}

async function plainText(file: string): Promise<string> {
  const stats = await lstat(file).catch(() => null);
  const isPlain = stats !== null && (stats.isSymbolicLink() || (stats.isFile() && stats.size <= maxBytes));
  if (!isPlain) return '';
  return readFile(file, 'utf8').then(
    (text) => (text.endsWith('\n') || text === '' ? text : `${text}\n`),
    () => '',
  );
}
