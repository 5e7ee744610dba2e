import path from 'node:path';
import type { Repository } from './findRepository.ts';
import type { GitAnswer, GitCall, GitSite, HostGit } from './hostGit.ts';

/** Where a working tree stands: on a branch (`ref`), or on a commit alone; `oid` is null before the first commit. */
export interface Head {
  /** `refs/heads/main`; null when detached. */
  ref: string | null;
  oid: string | null;
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

  /** A value of the configuration of the user or the repository; null when it is not set. */
  async configured(key: string, signal?: AbortSignal): Promise<string | null> {
    const answer = await this.#run('config', ['--get', key], { answers: [1], signal });
    return answer.code === 0 ? answer.stdout.toString('utf8').trimEnd() : null;
  }

  /** The repository's own settings, not the user's. */
  async ownSettings(signal?: AbortSignal): Promise<{ key: string; value: string }[]> {
    const { stdout } = await this.#run('config', ['--list', '-z', '--show-scope', '--includes'], { signal });
    const parts = stdout.toString('utf8').split('\0');
    const settings: { key: string; value: string }[] = [];
    for (let at = 0; at + 1 < parts.length; at += 2) {
      const scope = parts[at];
      const entry = parts[at + 1] ?? '';
      if (scope !== 'local' && scope !== 'worktree') continue;
      const end = entry.indexOf('\n');
      // A key without a value means true.
      settings.push(
        end < 0 ? { key: entry, value: 'true' } : { key: entry.slice(0, end), value: entry.slice(end + 1) },
      );
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
