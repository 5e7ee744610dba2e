import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { eachLimited } from './eachLimited.ts';
import { below, onDisk, textOf, type GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';

/**
 * What the git settings in a folder make a user's own git do beyond git itself. A digest of each, by what it is:
 * `sub/.git/config: core.fsmonitor`, `sub/.git/hooks/post-checkout`.
 */
export type GitPrograms = Readonly<Record<string, string>>;

type Call = Pick<GitCall, 'doing' | 'signal'> & { site: GitSite };

const maxFolders = 100_000;
const maxFileBytes = 1024 ** 2;
const atOnce = 16;
const shownPrograms = 10;
const maxSettingsSeen = 500;
/** What git has said of settings, by a digest of their text: few of them are ever another when they are looked at again. */
const settingsSeen = new Map<string, ReadonlyMap<string, string>>();

/** What git itself, a clone or a submodule writes, and what starts no program. All else is named. */
const harmless =
  /^(core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|autocrlf|eol|worktree)|remote\..*\.(url|fetch|tagopt|prune)|branch\..*|user\.(name|email)|init\.defaultbranch|submodule\.(active|.*\.(url|active|path|branch))|extensions\.(objectformat|refstorage|worktreeconfig)|(pull|push|advice)\..*)$/i;

/** The repositories in a folder. */
export interface GitInFolder {
  programs: GitPrograms;
  /** The `.git` of each one, a folder, a file or a link; not those within another `.git`. */
  repositories: GitPath[];
}

/**
 * Looks through a folder for every repository in it, bare ones too, and for what of its settings could start a program:
 * an agent that can write to a folder can make a repository below it, and no mount keeps it from that (git finds one at
 * every depth, VS Code's git extension too). So it is looked at before a run and after it, and told of.
 */
export async function lookForGit(root: string, git: HostGit, call: Call): Promise<GitInFolder> {
  const search = new Search(root, git, call);
  await search.run();
  return {
    programs: Object.fromEntries([...search.found].sort()),
    repositories: search.repositories,
  };
}

/**
 * What to tell of it after a run; null when nothing has come up. The `.git` at the top is read-only for the agent: what
 * has changed there is the user's.
 */
export function newGitPrograms(before: GitPrograms, after: GitPrograms, root: string): string | null {
  const wasGuarded = rootRepository in before;
  const fresh = Object.entries(after).filter(
    ([what, digest]) =>
      what !== rootRepository && before[what] !== digest && !(wasGuarded && what.startsWith('.git/')),
  );
  if (fresh.length === 0) return null;
  const names = fresh.slice(0, shownPrograms).map(([what]) => what);
  const more = fresh.length > names.length ? ` and ${fresh.length - names.length} more` : '';
  return `Since this run began, git in ${root} has been told to run programs or to look elsewhere: ${names.join(', ')}${more}. VS Code and your own git obey that, and may have done so already. Delete what you do not want before you use git there.`;
}

/** Stands for a `.git` at the top, which is a folder or a file. */
const rootRepository = '.git';

interface Visit {
  folder: GitPath | '';
  /** Below `.git/modules` or `.git/worktrees`, where a folder may be a repository itself. */
  isStore: boolean;
}

class Search {
  readonly found = new Map<string, string>();
  readonly repositories: GitPath[] = [];
  readonly #root: string;
  readonly #git: HostGit;
  readonly #call: Call;
  #next: Visit[] = [];
  #seen = 0;

  constructor(root: string, git: HostGit, call: Call) {
    this.#root = root;
    this.#git = git;
    this.#call = call;
  }

  async run(): Promise<void> {
    this.#next = [{ folder: '', isStore: false }];
    while (this.#next.length > 0) {
      const level = this.#next.splice(0);
      this.#seen += level.length;
      if (this.#seen > maxFolders) {
        this.found.set(`more than ${maxFolders} folders, of which not all were looked at`, '');
        return;
      }
      await eachLimited(level, atOnce, (visit) => this.#visit(visit));
    }
  }

  async #visit({ folder, isStore }: Visit): Promise<void> {
    this.#call.signal?.throwIfAborted();
    const options = { withFileTypes: true, encoding: 'buffer' } as const;
    // Gone meanwhile, or not readable: then git does not get at it either.
    const entries = await readdir(this.#disk(folder), options).catch(() => []);
    const names = entries.map((entry) => ({ entry, name: entry.name.toString('latin1') as GitPath }));
    const isRepository = isStore && names.some(({ name }) => name === 'HEAD');
    if (isRepository && folder !== '') await this.#look(folder);
    if (!isStore && isBare(names.map(({ name }) => name))) await this.#bare(folder);
    for (const { entry, name } of names) {
      const at = below(folder, name);
      // Some disks make no difference between `.git` and `.GIT`.
      if (!isStore && /^\.git$/i.test(name)) {
        this.repositories.push(at);
        await this.#repository(at, entry.isDirectory());
      } else if (entry.isDirectory() && (!isRepository || isStoreName(name))) {
        this.#next.push({ folder: at, isStore });
      }
    }
  }

  async #repository(dotGit: GitPath, isFolder: boolean): Promise<void> {
    if (dotGit === rootRepository) this.found.set(rootRepository, '');
    if (!isFolder) return this.#pointer(dotGit);
    await this.#look(dotGit);
    // In a plain `.git` it makes git take its configuration from elsewhere.
    await this.#file(below(dotGit, 'commondir' as GitPath));
    for (const name of ['modules', 'worktrees'] as GitPath[]) {
      this.#next.push({ folder: below(dotGit, name), isStore: true });
    }
  }

  /** A repository without `.git`, which git finds when it is called in there. */
  async #bare(folder: GitPath | ''): Promise<void> {
    await this.#look(folder);
    await this.#file(below(folder, 'commondir' as GitPath));
  }

  /** A `.git` that is a file or a link: what it leads to is looked at where it lies in the folder, else named. */
  async #pointer(dotGit: GitPath): Promise<void> {
    const file = this.#disk(dotGit);
    const stats = await lstat(file).catch(() => null);
    const text = stats?.isSymbolicLink()
      ? await readlink(file).catch(() => '')
      : stats?.isFile() && stats.size <= maxFileBytes
        ? /^gitdir: (.+?)\r?\n?$/.exec(await readFile(file, 'utf8').catch(() => ''))?.[1]
        : undefined;
    if (text === undefined || text === '') return;
    const top = await realpath(this.#root).catch(() => this.#root);
    const named = path.resolve(top, path.dirname(textOf(dotGit)), text);
    const target = await realpath(named).catch(() => null);
    if (target === null) return;
    const relative = path.relative(top, target);
    if (relative.startsWith('..') || path.isAbsolute(relative)) {
      this.found.set(`${textOf(dotGit)} leads to ${target}`, '');
    } else {
      await this.#look(Buffer.from(relative, 'utf8').toString('latin1') as GitPath);
      const isStored = /(^|\/)\.git\/(modules|worktrees)\//.test(relative);
      if (!isStored) await this.#file(below(relative as GitPath, 'commondir' as GitPath));
    }
  }

  async #look(gitDir: GitPath | ''): Promise<void> {
    for (const name of ['config', 'config.worktree'] as GitPath[]) await this.#config(below(gitDir, name));
    const hooks = below(gitDir, 'hooks' as GitPath);
    const names = await readdir(this.#disk(hooks), { encoding: 'buffer' }).catch(() => []);
    for (const name of names) {
      const text = name.toString('latin1') as GitPath;
      if (!text.endsWith('.sample')) await this.#file(below(hooks, text));
    }
  }

  async #config(file: GitPath): Promise<void> {
    const stats = await lstat(this.#disk(file)).catch(() => null);
    if (stats === null) return;
    if (!stats.isFile() || stats.size > maxFileBytes) return this.#file(file);
    const content = await readFile(this.#disk(file)).catch(() => '');
    const values = await this.#settingsIn(content);
    if (values === null) return this.#file(file);
    for (const [key, digest] of values) this.found.set(`${textOf(file)}: ${key}`, digest);
  }

  /** Of the settings in a file all but the harmless ones; null for what git cannot make sense of now. */
  async #settingsIn(content: string | Uint8Array): Promise<ReadonlyMap<string, string> | null> {
    const name = digestOf(content);
    const known = settingsSeen.get(name);
    if (known !== undefined) return known;
    // By stdin, since no process can be told a path that is no text.
    const args = ['config', '--file', '-', '--no-includes', '--list', '-z'];
    const answer = await this.#git.run(args, { ...this.#call, input: content, answers: [1, 128] });
    if (answer.code !== 0) return null;
    const values = new Map<string, string[]>();
    for (const item of answer.stdout.toString('utf8').split('\0').slice(0, -1)) {
      const [key = '', ...value] = item.split('\n');
      if (!harmless.test(key)) values.set(key, [...(values.get(key) ?? []), value.join('\n')]);
    }
    const digests = new Map([...values].map(([key, all]) => [key, digestOf(all.join('\0'))]));
    const [oldest] = settingsSeen.keys();
    if (oldest !== undefined && settingsSeen.size >= maxSettingsSeen) settingsSeen.delete(oldest);
    settingsSeen.set(name, digests);
    return digests;
  }

  /** Something that should not be there, with a digest of what it holds. */
  async #file(file: GitPath): Promise<void> {
    const stats = await lstat(this.#disk(file)).catch(() => null);
    if (stats === null) return;
    const content = stats.isSymbolicLink()
      ? await readlink(this.#disk(file)).catch(() => '')
      : stats.isFile() && stats.size <= maxFileBytes
        ? await readFile(this.#disk(file)).catch(() => '')
        : `${stats.size} ${stats.mtimeMs}`;
    this.found.set(textOf(file), digestOf(content));
  }

  #disk(file: GitPath | ''): Buffer {
    return file === '' ? Buffer.from(this.#root) : onDisk(this.#root, file);
  }
}

/** As git tells it, from the names in a folder. */
function isBare(names: readonly string[]): boolean {
  const has = (name: string): boolean => names.includes(name);
  return has('HEAD') && (has('commondir') || (has('objects') && has('refs')));
}

function isStoreName(name: string): boolean {
  return name === 'modules' || name === 'worktrees';
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
