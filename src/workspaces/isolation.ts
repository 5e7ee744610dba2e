import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeWhole } from './writeWhole.ts';
import type { Repository } from './findRepository.ts';
import type { WorkSite } from './hostGit.ts';
import type { Setting } from './repositoryRefs.ts';

/**
 * Of a repository's own settings, those that are values and start nothing: how files are converted, compared and
 * named, who commits, and how objects are stored. Everything else is left out, whatever git will know in the future.
 */
const harmless =
  /^(core\.(autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode|longpaths|excludesfile|attributesfile)|(user|author|committer)\.(name|email)|extensions\.(objectformat|partialclone)|remote\..+\.promisor|merge\.(conflictstyle|renames|renamelimit|directoryrenames)|diff\.(renames|renamelimit|algorithm))$/;

/** A filter that the repository names itself. */
const ownFilter = /^filter\.(.+)\.(clean|smudge|process|required)$/;

/** What git reads of a repository besides its settings, objects and refs. */
const copiedFiles = ['info/attributes', 'info/exclude', 'shallow'];
const maxFileBytes = 1024 ** 2;

/**
 * Shows git a repository through settings of ours. `GIT_COMMON_DIR` points at a folder in the storage that holds
 * nothing but harmless settings and copies of the lists of ignored files and attributes: the repository's own
 * configuration, hooks, grafts and refs are not read, so that it does not matter what an agent has written there, nor
 * which settings a future git runs programs for. Files, index, HEAD and objects are the repository's.
 *
 * Commits are named by their ids here: of the refs only `RepositoryRefs` knows.
 *
 * A filter that only the repository itself defines (git-crypt, a local git-lfs) is marked as required, but without its
 * program: git then refuses a file that would have to go through it, rather than storing it unfiltered. The user's own,
 * in their global settings, are used.
 */
export class Isolation {
  readonly #folder: string;

  /** @param folder in the storage, for the settings of all repositories */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @param settings what counts in the repository (`RepositoryRefs.settings`)
   * @param ownFilters what becomes of files for a filter of the repository's own: refused, or taken as they are stored
   */
  async siteOf(
    repository: Repository,
    settings: readonly Setting[],
    ownFilters: 'refuse' | 'skip' = 'refuse',
  ): Promise<WorkSite> {
    const { gitDir, commonDir: real, topLevel } = repository;
    const own = settings.filter(({ key, isOwn }) => isOwn && !(ownFilters === 'skip' && ownFilter.test(key)));
    const name = createHash('sha256').update(`${real}\0${ownFilters}`).digest('hex').slice(0, 16);
    const commonDir = path.join(this.#folder, name);
    await Promise.all(
      ['refs', 'objects', 'info'].map((name) => mkdir(path.join(commonDir, name), { recursive: true })),
    );
    await writeWhole(path.join(commonDir, 'config'), settingsText(own, real));
    for (const name of copiedFiles) {
      const content = await plainFile(path.join(real, name));
      // An empty `shallow` would still mean that history is cut off.
      if (content === null) await rm(path.join(commonDir, name), { force: true });
      else await writeWhole(path.join(commonDir, name), content);
    }
    return { gitDir, commonDir, objects: path.join(real, 'objects'), workTree: topLevel };
  }
}

function settingsText(own: readonly { key: string; value: string }[], commonDir: string): string {
  const values = own.filter(({ key }) => harmless.test(key));
  const isExtended = values.some(({ key }) => key.startsWith('extensions.'));
  const filters = new Set(own.flatMap(({ key }) => ownFilter.exec(key)?.[1] ?? []));
  return [
    { key: 'core.repositoryformatversion', value: isExtended ? '1' : '0' },
    { key: 'core.bare', value: 'false' },
    // git-lfs keeps its files beside the objects, and would look for them in our folder.
    { key: 'lfs.storage', value: path.join(commonDir, 'lfs') },
    ...values,
    ...[...filters].map((name) => ({ key: `filter.${name}.required`, value: 'true' })),
  ]
    .map(({ key, value }) => settingText(key, value))
    .join('');
}

/** One setting as git's configuration files have it. */
export function settingText(key: string, value: string): string {
  const first = key.indexOf('.');
  const last = key.lastIndexOf('.');
  const section = key.slice(0, first);
  const subsection = first === last ? '' : ` ${quoted(key.slice(first + 1, last))}`;
  return `[${section}${subsection}]\n\t${key.slice(last + 1)} = ${quoted(value)}\n`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** The content of a plain file; null where there is none, and for what would make reading wait or never end. */
async function plainFile(file: string): Promise<Uint8Array | null> {
  const stats = await lstat(file).catch(() => null);
  return stats?.isFile() && stats.size <= maxFileBytes ? readFile(file) : null;
}
