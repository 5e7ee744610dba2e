import path from 'node:path';
import type { Repository } from './findRepository.ts';
import type { HostGit } from './hostGit.ts';
import type { GitAnswer, GitCall, GitSite } from './gitCall.ts';

/** Where a working tree stands: on a branch (`ref`), or on a commit alone; `oid` is null before the first commit. */
export interface Head {
  /** `refs/heads/main`; null when detached. */
  ref: string | null;
  oid: string | null;
}

/** A setting of git, as `git config --list` names it: section and name in small letters. */
export interface Setting {
  key: string;
  value: string;
  /** The repository's own, not the user's or the machine's. */
  isOwn: boolean;
}

/** What git goes by of a setting; null when it is not set. */
export function settingOf(settings: readonly Setting[], key: string): string | null {
  return settings.findLast((setting) => setting.key === key)?.value ?? null;
}

/** The commands that may see a repository's own configuration: none of them starts a program that it names. */
type RefCommand = 'config' | 'for-each-ref' | 'rev-parse' | 'symbolic-ref' | 'update-ref';

/** Looking up names takes milliseconds; a named pipe in the place of HEAD would take for ever. */
const limitMs = 30_000;

/** The names in a repository: HEAD, branches and Kandev's own refs; and what its configuration says. */
export class RepositoryRefs {
  readonly #git: HostGit;
  readonly #repository: Repository;

  constructor(git: HostGit, repository: Repository) {
    this.#git = git;
    this.#repository = repository;
  }

  async head(signal?: AbortSignal): Promise<Head> {
    const both = await this.#run('rev-parse', ['HEAD', '--symbolic-full-name', 'HEAD'], {
      answers: [1, 128],
      signal,
    });
    const [, tip, name] = /^([0-9a-f]{40,64})\n(HEAD|refs\/.+)\n$/.exec(both.stdout.toString('utf8')) ?? [];
    if (tip !== undefined) return { ref: name === 'HEAD' ? null : (name ?? null), oid: tip };
    // Before the first commit, and where a branch is called HEAD too.
    const [symbolic, oid] = await Promise.all([
      this.#run('symbolic-ref', ['--quiet', 'HEAD'], { answers: [1], signal }),
      this.resolve('HEAD', signal),
    ]);
    return { ref: symbolic.code === 0 ? symbolic.stdout.toString('utf8').trim() : null, oid };
  }

  /** The commit that a name stands for; null where there is none. */
  async resolve(name: string, signal?: AbortSignal): Promise<string | null> {
    const answer = await this.#run('rev-parse', ['--verify', '--quiet', '--end-of-options', name], {
      answers: [1, 128],
      signal,
    });
    return /^[0-9a-f]{40,64}$/m.exec(answer.stdout.toString('utf8'))?.[0] ?? null;
  }

  /**
   * Points a ref at a commit, or removes it (`oid` null).
   *
   * @param expected what it must point at now; null when it must not exist; left out when that does not matter
   */
  async update(
    ref: string,
    oid: string | null,
    {
      expected,
      why,
      signal,
    }: { expected?: string | null; why?: string; signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const old = expected === undefined ? [] : [expected ?? ''];
    const reason = why === undefined ? [] : ['--create-reflog', '-m', why];
    const args = oid === null ? ['-d', ref, ...old] : [...reason, ref, oid, ...old];
    await this.#run('update-ref', args, { signal });
  }

  /** Points HEAD at a branch, without touching a file. */
  async switchTo(ref: string, signal?: AbortSignal): Promise<void> {
    await this.#run('symbolic-ref', ['-m', 'kandev: back to before the run', 'HEAD', ref], { signal });
  }

  /** Refs below a prefix (`refs/kandev/`), with their commits. */
  async list(prefix: string, signal?: AbortSignal): Promise<Map<string, string>> {
    const { stdout } = await this.#run(
      'for-each-ref',
      ['--format=%(objectname) %(refname)', prefix.replace(/\/$/, '')],
      { signal },
    );
    const lines = stdout
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    return new Map(
      lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]),
    );
  }

  /** Removes several refs at once. */
  async remove(refs: readonly string[], signal?: AbortSignal): Promise<void> {
    if (refs.length === 0) return;
    const input = refs.map((ref) => `delete ${ref}\n`).join('');
    await this.#run('update-ref', ['--stdin'], { input, signal });
  }

  /** All that counts in the repository, in the order in which later ones stand above earlier ones. */
  async settings(signal?: AbortSignal): Promise<Setting[]> {
    const { stdout } = await this.#run('config', ['--list', '-z', '--show-scope', '--includes'], { signal });
    const parts = stdout.toString('utf8').split('\0');
    const settings: Setting[] = [];
    for (let at = 0; at + 1 < parts.length; at += 2) {
      const scope = parts[at];
      const entry = parts[at + 1] ?? '';
      const isOwn = scope === 'local' || scope === 'worktree';
      const end = entry.indexOf('\n');
      // A key without a value means true.
      if (end < 0) settings.push({ key: entry, value: 'true', isOwn });
      else settings.push({ key: entry.slice(0, end), value: entry.slice(end + 1), isOwn });
    }
    return settings;
  }

  #run(
    command: RefCommand,
    args: readonly string[],
    more: Pick<GitCall, 'answers' | 'input' | 'signal'>,
  ): Promise<GitAnswer> {
    const { topLevel, gitDir, commonDir } = this.#repository;
    const site: GitSite = { gitDir, commonDir };
    const doing = `looking at the repository of ${path.normalize(topLevel)}`;
    return this.#git.run([command, ...args], { doing, site, limitMs, ...more });
  }
}
