import { lstat, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { HostGit } from './hostGit.ts';
import type { GitSite } from './gitCall.ts';
import { settingOf } from './repositoryRefs.ts';
import type { UserRepository } from './userRepository.ts';

const maxBytes = 1024 ** 2;

/**
 * The patterns of ignored files that stand outside `.gitignore` files: the user's own, the repository's
 * `info/exclude`, and `more`; later ones count before earlier ones.
 *
 * @param neutral a site of ours, where the user's settings alone count
 */
export async function ignorePatterns(
  git: HostGit,
  neutral: GitSite,
  repository: UserRepository | null,
  more: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const chosen = await ownFile(git, neutral, repository, signal);
  const settings =
    git.variable('XDG_CONFIG_HOME') ?? path.join(git.variable('HOME') ?? os.homedir(), '.config');
  const files = [
    chosen === ''
      ? path.join(settings, 'git', 'ignore')
      : path.resolve(repository?.paths.topLevel ?? '/', chosen),
    ...(repository ? [path.join(repository.paths.commonDir, 'info', 'exclude')] : []),
  ];
  const texts = await Promise.all(files.map(plainText));
  return [...texts, ...more.map((pattern) => `${pattern}\n`)].join('');
}

/** What `core.excludesFile` names; empty when it is not set. */
async function ownFile(
  git: HostGit,
  neutral: GitSite,
  repository: UserRepository | null,
  signal: AbortSignal | undefined,
): Promise<string> {
  const named = repository && (settingOf(await repository.settings(signal), 'core.excludesfile') ?? '');
  const home = git.variable('HOME');
  if (named?.startsWith('~/') && home !== undefined) return path.join(home, named.slice(2));
  // What else git makes of a path, such as `~ada/ignored`, git itself says.
  if (named !== null && !/^[~%]/.test(named)) return named;
  const site = repository ? await repository.site(signal) : neutral;
  const call = { doing: 'looking up what git ignores', site, signal, answers: [1] };
  const { stdout } = await git.run(['config', '--type=path', '--get', 'core.excludesFile'], call);
  return stdout.toString('utf8').trimEnd();
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
