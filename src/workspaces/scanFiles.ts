import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { eachLimited } from './eachLimited.ts';
import { gitPathOf, below, joinPaths, onDisk, splitPaths, textOf, type GitPath } from './gitPath.ts';
import type { HostGit, WorkSite } from './hostGit.ts';
import type { GitCall } from './gitCall.ts';

/** A file that a checkpoint does not hold. */
export interface SkippedFile {
  path: string;
  why: 'too-large' | 'unreadable' | 'no-plain-file' | 'name';
}

/** A site with files and an index of its own: never the user's index, which scanning would change. */
export interface ScanSite extends WorkSite {
  index: string;
}

export interface ScanOptions {
  doing: string;
  /** The folder to look at, from the top; all of it when left out. */
  within?: GitPath;
  /** A file with patterns in the syntax of `.gitignore`, in place of the user's `core.excludesFile`. */
  excludesFile?: string;
  /** Files that the index does not have yet are left out from this size on. */
  maxFileBytes: number;
  /** What becomes of repositories within: their files are taken like any others, or they are left as they are. */
  nested: 'take' | 'leave';
  /**
   * Whether it is looked up what is ignored; and whether files that the index has, and that are ignored by now, are
   * taken out of it.
   */
  ignored?: 'list' | 'drop';
  signal?: AbortSignal | undefined;
}

export interface Scanned {
  skipped: SkippedFile[];
  /** What is ignored: files, and whole folders (with a slash at the end). Empty where that is not looked up. */
  ignored: GitPath[];
}

/** Where files and index differ. */
interface Differences {
  added: GitPath[];
  changed: GitPath[];
  removed: GitPath[];
  ignored: Ignored;
}

/** What is ignored: not in the index, and in it. */
interface Ignored {
  others: GitPath[];
  tracked: GitPath[];
}

const lookAtOnce = 64;

/**
 * Brings an index up to date with the files, ignored ones left out. Files are read, and nothing else is touched. Git
 * does not look into nested repositories, where it would obey their configuration.
 */
export async function scanFiles(git: HostGit, site: ScanSite, options: ScanOptions): Promise<Scanned> {
  const closed: SkippedFile[] = [];
  const found = await differences(git, site, options, closed);
  const { take, drop, skipped } = await sort(found, site.workTree, options);
  const { doing, signal } = options;
  if (drop.length > 0) {
    const input = joinPaths(drop);
    await git.run(['update-index', '-z', '--force-remove', '--stdin'], { doing, site, input, signal });
  }
  const unread = await takeAll(git, site, take, options);
  const { others, tracked } = found.ignored;
  return { skipped: [...closed, ...skipped, ...unread], ignored: [...others, ...tracked] };
}

/** What is ignored and not in the index: files, and whole folders (with a slash at the end). */
export async function listIgnored(
  git: HostGit,
  site: ScanSite,
  options: Pick<ScanOptions, 'doing' | 'signal' | 'within' | 'excludesFile'>,
): Promise<GitPath[]> {
  return (await ignoredBy(git, site, { ...options, ignored: 'list' })).others;
}

async function ignoredBy(
  git: HostGit,
  site: ScanSite,
  options: Pick<ScanOptions, 'doing' | 'signal' | 'within' | 'excludesFile' | 'ignored'>,
): Promise<Ignored> {
  const { doing, signal, within, ignored } = options;
  if (ignored === undefined) return { others: [], tracked: [] };
  const args = [
    ...excludesBy(options),
    'ls-files',
    '-z',
    '-t',
    '--others',
    '--ignored',
    '--exclude-standard',
  ];
  const tracked = ignored === 'drop' ? ['--cached'] : [];
  const { stdout } = await git.run([...args, '--directory', ...tracked, ...pathsOf(within)], {
    doing,
    site,
    signal,
  });
  const lines = splitPaths(stdout).map((line) => [line.startsWith('? '), line.slice(2) as GitPath] as const);
  return {
    others: lines.flatMap(([isOther, file]) => (isOther ? file : [])),
    tracked: lines.flatMap(([isOther, file]) => (isOther ? [] : file)),
  };
}

function excludesBy({ excludesFile }: Pick<ScanOptions, 'excludesFile'>): string[] {
  return excludesFile === undefined ? [] : ['-c', `core.excludesFile=${excludesFile}`];
}

function pathsOf(within: GitPath | undefined): string[] {
  return within === undefined ? [] : ['--', textOf(within)];
}

/** Puts files as they are now into an index; those that are gone are taken out. */
export async function takeFiles(
  git: HostGit,
  site: ScanSite,
  paths: readonly GitPath[],
  { doing, signal }: Pick<GitCall, 'doing' | 'signal'>,
): Promise<SkippedFile[]> {
  if (paths.length === 0) return [];
  const input = joinPaths(paths);
  const args = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
  const { stderr } = await git.run(args, { doing, site, input, signal });
  return [...stderr.matchAll(/^Ignoring path (.*)$/gm)].map(([, path = '']) => ({ path, why: 'name' }));
}

async function takeAll(
  git: HostGit,
  site: ScanSite,
  paths: readonly GitPath[],
  options: ScanOptions,
): Promise<SkippedFile[]> {
  try {
    return await takeFiles(git, site, paths, options);
  } catch (error) {
    // Git stops at the first file that it may not read. Looking at each beforehand would cost more than all the rest.
    options.signal?.throwIfAborted();
    const unreadable = new Set<GitPath>();
    await eachLimited(paths, lookAtOnce, async (path) => {
      if (!(await isReadable(site.workTree, path))) unreadable.add(path);
    });
    if (unreadable.size === 0) throw error;
    const readable = paths.filter((path) => !unreadable.has(path));
    const more = await takeFiles(git, site, readable, options);
    return [...more, ...[...unreadable].map((path) => skip(path, 'unreadable'))];
  }
}

async function isReadable(root: string, path: GitPath): Promise<boolean> {
  const file = onDisk(root, path);
  const stats = await lstat(file).catch(() => null);
  if (stats === null || stats.isSymbolicLink()) return true;
  return access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function differences(
  git: HostGit,
  site: ScanSite,
  options: ScanOptions,
  closed: SkippedFile[],
): Promise<Differences> {
  const { doing, signal, within } = options;
  const where = pathsOf(within);
  const [compared, others, ignored] = await Promise.all([
    git.run(['diff-files', '-z', '--name-status', '--no-renames', '--ignore-submodules=all', ...where], {
      doing,
      site,
      signal,
    }),
    untracked(git, site, { ...options, closed }, where),
    ignoredBy(git, site, options),
  ]);
  const isDropped = new Set(ignored.tracked);
  const changed: GitPath[] = [];
  const removed: GitPath[] = [];
  const fields = splitPaths(compared.stdout);
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const path = fields[at + 1];
    if (path === undefined) continue;
    if (fields[at] === 'D') removed.push(path);
    else if (!isDropped.has(path)) changed.push(path);
  }
  const isGone = new Set(removed);
  const tracked = ignored.tracked.filter((path) => !isGone.has(path));
  return {
    added: others,
    changed,
    removed: [...removed, ...tracked],
    ignored: { others: ignored.others, tracked },
  };
}

/**
 * Files that the index does not have and that nothing ignores; of nested repositories too, where they are wanted.
 * Folders that may not be looked into are added to `closed`.
 */
async function untracked(
  git: HostGit,
  site: ScanSite,
  options: ScanOptions & { closed: SkippedFile[] },
  where: readonly string[] = [],
): Promise<GitPath[]> {
  const { doing, signal, nested } = options;
  const args = [...excludesBy(options), 'ls-files', '-z', '--others', '--exclude-standard', ...where];
  const { stdout, stderr } = await git.run(args, { doing, site, signal });
  for (const [, path = ''] of stderr.matchAll(/^warning: could not open directory '(.+)\/':/gm)) {
    options.closed.push({ path, why: 'unreadable' });
  }
  const all = splitPaths(stdout);
  const files = all.filter((path) => !path.endsWith('/'));
  if (nested === 'leave') return files;
  for (const repository of all.filter((path) => path.endsWith('/'))) {
    // No process can be told of a folder whose name is no text.
    if (gitPathOf(textOf(repository)) !== repository) {
      options.closed.push(skip(repository, 'name'));
      continue;
    }
    const inside = {
      ...site,
      workTree: onDisk(site.workTree, repository).toString('utf8'),
      // One that does not exist is empty.
      index: `${site.index}.none`,
    };
    for (const path of await untracked(git, inside, options)) files.push(below(repository, path));
  }
  return files;
}

async function sort(
  { added, changed, removed }: Differences,
  root: string,
  { maxFileBytes }: ScanOptions,
): Promise<{ take: GitPath[]; drop: GitPath[]; skipped: SkippedFile[] }> {
  const isNew = new Set(added);
  const take: GitPath[] = [];
  const drop = [...removed];
  const skipped: SkippedFile[] = [];
  await eachLimited([...added, ...changed], lookAtOnce, async (path) => {
    const stats = await lstat(onDisk(root, path)).catch(() => null);
    // Gone meanwhile: git takes it out.
    if (stats === null || stats.isSymbolicLink()) take.push(path);
    else if (!stats.isFile()) {
      if (!stats.isDirectory()) skipped.push(skip(path, 'no-plain-file'));
      if (!isNew.has(path)) drop.push(path);
    } else if (isNew.has(path) && stats.size > maxFileBytes) skipped.push(skip(path, 'too-large'));
    else take.push(path);
  });
  return { take, drop, skipped };
}

function skip(path: GitPath, why: SkippedFile['why']): SkippedFile {
  return { path: textOf(path), why };
}
