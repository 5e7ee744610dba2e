import { lstat, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { eachLimited } from './eachLimited.ts';
import { findRepository, isSameRepository, type Repository } from './findRepository.ts';
import { textOf, type GitPath } from './gitPath.ts';
import type { GitCall } from './gitCall.ts';
import { RepositoryRefs, settingOf } from './repositoryRefs.ts';
import { UserRepository } from './userRepository.ts';
import type { GitGuard } from './workspaces.ts';
import type { WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** Each is a mount of the container. */
const maxGuards = 400;
const atOnce = 8;
const shown = 5;

/**
 * What an agent in the user's own folder must neither change nor replace, besides the folder's own `.git`:
 *
 * - the `.git` of each repository further down, and of a submodule, which is read by the next `git status` at the top;
 * - what a `.git` file leads to: in the folder as it stands; elsewhere only if that belongs to this folder, so that no
 *   file which an agent has planted has another repository of the user's mounted;
 * - the empty folder of a submodule that is not checked out: a repository made there would be read too;
 * - all folders above these, for a mount that keeps `.git` does not keep `lib/` from being renamed and made anew.
 *
 * @param repositories as `lookForGit` has found them
 * @param known the folder's own repository, with what was asked of it already
 * @returns the folders above first; and the places that cannot be held, relative to the root
 */
export async function gitGuards(
  tools: WorkspaceTools,
  {
    root,
    repositories,
    known,
  }: { root: string; repositories: readonly GitPath[]; known: UserRepository | null },
  call: Call,
): Promise<{ guards: GitGuard[]; unguarded: string[] }> {
  const search = new GuardSearch(tools, { root, realRoot: await realpath(root), known }, call);
  await search.run(repositories);
  return search.result();
}

/** What to tell of places that cannot be held; null when there are none. */
export function unguardedText(unguarded: readonly string[]): string | null {
  if (unguarded.length === 0) return null;
  const names = unguarded.slice(0, shown).join(', ');
  const more = unguarded.length > shown ? ` and ${unguarded.length - shown} more` : '';
  return `These repositories in the folder could be changed by the agent, so that your own git runs what it likes there: ${names}${more}. Let the card work in a clone if you do not trust it that far.`;
}

class GuardSearch {
  readonly #tools: WorkspaceTools;
  /** As the user has opened it, which may be by a link, and as it is in the container. */
  readonly #root: string;
  readonly #realRoot: string;
  readonly #known: UserRepository | null;
  readonly #call: Call;
  /** Paths relative to the root. */
  readonly #inside = new Set<string>();
  readonly #outside = new Set<string>();
  readonly #unguarded: string[] = [];

  constructor(
    tools: WorkspaceTools,
    { root, realRoot, known }: { root: string; realRoot: string; known: UserRepository | null },
    call: Call,
  ) {
    this.#tools = tools;
    this.#root = root;
    this.#realRoot = realRoot;
    this.#known = known;
    this.#call = call;
  }

  async run(repositories: readonly GitPath[]): Promise<void> {
    const known: Repository[] = [];
    // The folder may be a part of one: then that one's submodules lie in it.
    const around = await findRepository(this.#realRoot);
    if (around) known.push(around);
    for (const dotGit of repositories) {
      const name = textOf(dotGit);
      // The one at the top is guarded by whoever mounts the root.
      const isTop = path.dirname(name) === '.';
      // The engine takes paths as text, and mounts over what a link leads to.
      const isText = Buffer.from(name).toString('latin1') === dotGit;
      const stats = await lstat(path.join(this.#realRoot, name)).catch(() => null);
      if (!isTop && (!isText || stats?.isSymbolicLink())) {
        this.#unguarded.push(name);
        continue;
      }
      if (stats === null) continue;
      if (!isTop) this.#inside.add(name);
      const repository = await findRepository(path.join(this.#realRoot, path.dirname(name)));
      if (repository?.topLevel !== path.join(this.#realRoot, path.dirname(name))) continue;
      await this.#followPointer(repository);
      if (repository.topLevel !== around?.topLevel) known.push(repository);
    }
    await eachLimited(known, atOnce, (repository) => this.#holdSubmodules(repository));
  }

  result(): { guards: GitGuard[]; unguarded: string[] } {
    const held = [...this.#inside].sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
    const guards = new Map<string, GitGuard>();
    const unguarded = [...this.#unguarded];
    for (const name of held) {
      const above = foldersAbove(name).filter((folder) => !guards.has(folder));
      if (guards.size + above.length + 1 > maxGuards) {
        unguarded.push(name);
        continue;
      }
      for (const folder of above) {
        guards.set(folder, { path: path.join(this.#root, folder), readOnly: false });
      }
      guards.set(name, { path: path.join(this.#root, name), readOnly: true });
    }
    const outside = [...this.#outside].map((each) => ({ path: each, readOnly: true }));
    return { guards: [...guards.values(), ...outside], unguarded };
  }

  /** Of a `.git` file: what it leads to. */
  async #followPointer(repository: Repository): Promise<void> {
    const { topLevel, gitDir, commonDir } = repository;
    if (gitDir === path.join(topLevel, '.git')) return;
    for (const folder of new Set([gitDir, commonDir])) {
      const name = this.#nameOf(folder);
      if (name === null || name === '') continue;
      // What lies in another `.git` is guarded with that one.
      if (!name.split(path.sep).includes('.git')) this.#inside.add(name);
    }
    const isOutside = this.#nameOf(commonDir) === null;
    if (isOutside && topLevel === this.#realRoot && (await this.#pointsBack(repository))) {
      this.#outside.add(commonDir);
    }
  }

  /** Whether the repository knows that folder as a worktree, or as the one that it has its files in. */
  async #pointsBack(repository: Repository): Promise<boolean> {
    const { topLevel, gitDir, commonDir } = repository;
    // `findRepository` has seen that a worktree's folder leads back here.
    if (gitDir !== commonDir) return path.dirname(gitDir) === path.join(commonDir, 'worktrees');
    const settings = await new RepositoryRefs(this.#tools.git, repository)
      .settings(this.#call.signal)
      .catch(() => []);
    const own = settings.filter(({ isOwn }) => isOwn);
    const workTree = settingOf(own, 'core.worktree');
    if (workTree === null) return false;
    return (await realpath(path.resolve(gitDir, workTree)).catch(() => null)) === topLevel;
  }

  async #holdSubmodules(repository: Repository): Promise<void> {
    const { signal } = this.#call;
    const known = this.#known && isSameRepository(this.#known.paths, repository) ? this.#known : null;
    const submodules = await (known ?? new UserRepository(this.#tools, repository))
      .submodulesInIndex(this.#call)
      .catch((): GitPath[] => {
        signal?.throwIfAborted();
        // An index that git cannot read now is not read by the user's git either.
        return [];
      });
    for (const submodule of submodules) {
      const folder = path.join(repository.topLevel, textOf(submodule));
      const name = this.#nameOf(folder);
      if (name === null || name === '' || this.#inside.has(path.join(name, '.git'))) continue;
      const stats = await lstat(folder).catch(() => null);
      const isEmpty = stats?.isDirectory() && (await readdir(folder).catch(() => [])).length === 0;
      if (isEmpty) this.#inside.add(name);
      else this.#unguarded.push(name);
    }
  }

  /** Relative to the root; null for what lies outside. */
  #nameOf(file: string): string | null {
    const relative = path.relative(this.#realRoot, file);
    const isOutside = relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
    return isOutside ? null : relative;
  }
}

function depthOf(name: string): number {
  return name.split(path.sep).length;
}

/** `a` and `a/b` for `a/b/c`. */
function foldersAbove(name: string): string[] {
  const parts = name.split(path.sep).slice(0, -1);
  return parts.map((_part, at) => parts.slice(0, at + 1).join(path.sep));
}
