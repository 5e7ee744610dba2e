import { createHash } from 'node:crypto';
import { lstat, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import type { Repository } from './findRepository.ts';
import { foldersOf, joinPaths, onDisk, splitPaths, textOf, type GitPath } from './gitPath.ts';
import type { HostGit, WorkSite } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';
import type { Isolation } from './isolation.ts';
import type { MergeConflict } from './mergeTrees.ts';
import { RepositoryRefs, type Head, type Setting } from './repositoryRefs.ts';
import { scanFiles, takeFiles, type ScanSite } from './scanFiles.ts';
import type { RepositoryState } from './snapshotStore.ts';
import { commitTree, diffTrees, setEntries, writeTree, type TreeDifference } from './trees.ts';
import type { WorkIndexes } from './workIndex.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

export interface UserRepositoryTools {
  git: HostGit;
  isolation: Isolation;
  indexes: WorkIndexes;
  maxFileBytes: number;
}

/** What git puts into its folder while the user is in the middle of something. */
const unfinished: readonly (readonly [string, string])[] = [
  ['MERGE_HEAD', 'merge'],
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
];

const maxIndexBytes = 512 * 1024 ** 2;

/** The repository that a user's folder belongs to, as git sees it: with conversions, ignored files and submodules. */
export class UserRepository {
  readonly #tools: UserRepositoryTools;
  readonly paths: Repository;
  readonly refs: RepositoryRefs;
  // For as long as one thing is done; whoever does the next asks anew.
  #settings: Promise<Setting[]> | null = null;
  #site: Promise<WorkSite> | null = null;
  #staged: Promise<Buffer> | null = null;

  constructor(tools: UserRepositoryTools, paths: Repository) {
    this.#tools = tools;
    this.paths = paths;
    this.refs = new RepositoryRefs(tools.git, paths);
  }

  /** @throws UserError when the repository's settings cannot be read */
  settings(signal?: AbortSignal): Promise<Setting[]> {
    return (this.#settings ??= this.refs.settings(signal));
  }

  /** Where commands that read and write files may run: see `Isolation`. Throws as `settings`. */
  site(signal?: AbortSignal): Promise<WorkSite> {
    return (this.#site ??= this.settings(signal).then((settings) =>
      this.#tools.isolation.siteOf(this.paths, settings),
    ));
  }

  /** HEAD and the index as they are now, to be kept with a snapshot. */
  async state(call: Call): Promise<RepositoryState> {
    this.#staged = null;
    const [head, index, staged] = await Promise.all([
      this.refs.head(call.signal),
      this.#index(),
      this.#listStaged(call),
    ]);
    return { head, index, indexDigest: createHash('sha256').update(staged).digest('hex') };
  }

  /** Files that are ignored and all the same in the index: they belong to the user's work. */
  async ignoredButTracked(call: Call): Promise<GitPath[]> {
    const site = await this.site(call.signal);
    const args = ['ls-files', '-z', '--cached', '--ignored', '--exclude-standard'];
    const files = splitPaths((await this.#tools.git.run(args, { ...call, site })).stdout);
    const present = await Promise.all(
      files.map((file) => lstat(onDisk(this.paths.topLevel, file)).catch(() => null)),
    );
    return files.filter((_file, at) => present[at]?.isFile() ?? false);
  }

  /** Whether the user's rules ignore a folder: then the repository has nothing to do with it. */
  async ignores(folder: GitPath, call: Call): Promise<boolean> {
    const site = await this.site(call.signal);
    const answer = await this.#tools.git.run(['check-ignore', '--quiet', '--no-index', '--stdin', '-z'], {
      ...call,
      site,
      input: joinPaths([`./${folder}/` as GitPath]),
      answers: [1],
      // Of paths that are read from stdin no part is a pattern, but the command refuses to be told so.
      environment: { GIT_LITERAL_PATHSPECS: '0' },
    });
    return answer.code === 0;
  }

  /**
   * The tree of all files as they are now, uncommitted and untracked ones too, ignored ones not. Index, stash, HEAD and
   * files are left as they are. What the index says of submodules and of files that a sparse checkout leaves out stays.
   */
  workingTree(call: Call): Promise<string> {
    return this.withWorkingTree(call, (tree) => Promise.resolve(tree));
  }

  /** Hands out that tree together with the index that knows its files, for as long as `use` takes. */
  async withWorkingTree<T>(call: Call, use: (tree: string, site: WorkSite) => Promise<T>): Promise<T> {
    const site = await this.site(call.signal);
    const { git, indexes, maxFileBytes } = this.#tools;
    return indexes.withCopy(this.indexFile, async (index) => {
      const own = { ...site, index, workTree: this.paths.topLevel };
      await scanFiles(git, own, { ...call, maxFileBytes, nested: 'leave' });
      return use(await writeTree(git, { ...call, site: own }), own);
    });
  }

  /** Hands out an empty index of this repository, in which a tree can be put together. */
  async withIndex<T>(call: Call, use: (site: ScanSite) => Promise<T>): Promise<T> {
    const site = await this.site(call.signal);
    return this.#tools.indexes.withCopy(null, (index) => use({ ...site, index }));
  }

  get indexFile(): string {
    return path.join(this.paths.gitDir, 'index');
  }

  /** Files that are not as a tree has them, in the folder or in the index. */
  async uncommitted(headTree: string, call: Call): Promise<Set<GitPath>> {
    const { git } = this.#tools;
    const site = await this.site(call.signal);
    const staged = await git.run(['diff-index', '-z', '--cached', '--name-only', '--no-renames', headTree], {
      ...call,
      site,
    });
    const changed = await this.withWorkingTree(call, (tree, own) =>
      diffTrees(git, headTree, tree, { ...call, site: own }),
    );
    return new Set([...splitPaths(staged.stdout), ...changed.keys()]);
  }

  /** Marks files as unmerged in the user's index, with the three versions that VS Code's merge editor shows. */
  async markUnmerged(conflicts: ReadonlyMap<GitPath, MergeConflict>, call: Call): Promise<void> {
    if (conflicts.size === 0) return;
    const site = { ...(await this.site(call.signal)), index: this.indexFile };
    const stages = [...conflicts].flatMap(([file, { base, ours, theirs }]) =>
      [base, ours, theirs].flatMap((entry, at) =>
        entry ? `${entry.mode} ${entry.oid} ${at + 1}\t${file}\0` : [],
      ),
    );
    await setEntries(this.#tools.git, new Map([...conflicts.keys()].map((file) => [file, null])), {
      ...call,
      site,
    });
    const input = Buffer.from(stages.join(''), 'latin1');
    await this.#tools.git.run(['update-index', '-z', '--index-info'], { ...call, site, input });
  }

  /** Leaves a merge for the user to finish, in the state in which `git merge` leaves one with conflicts. */
  async leaveMerging(
    commit: string,
    message: string,
    conflicts: ReadonlyMap<GitPath, MergeConflict>,
    call: Call,
  ): Promise<void> {
    const { gitDir } = this.paths;
    await this.markUnmerged(conflicts, call);
    await writeFile(path.join(gitDir, 'MERGE_MSG'), message);
    await writeFile(path.join(gitDir, 'MERGE_MODE'), '');
    await writeFile(path.join(gitDir, 'MERGE_HEAD'), `${commit}\n`);
  }

  /**
   * Keeps the files as they are now as a commit.
   *
   * @param parent where HEAD stands; null before the first commit
   */
  async checkpoint(ref: string, parent: string | null, message: string, call: Call): Promise<string> {
    const [tree, site] = await Promise.all([this.workingTree(call), this.site(call.signal)]);
    const parents = parent === null ? [] : [parent];
    const content = { tree, parents, message, author: 'kandev' } as const;
    const commit = await commitTree(this.#tools.git, content, { ...call, site });
    await this.refs.update(ref, commit, { signal: call.signal });
    return commit;
  }

  /**
   * A tree of this repository with some files as they are now in a folder, and the others as in `base`.
   *
   * @param workTree the top of the folder: the repository's own, or a clone of it
   * @returns the tree, and the files that it does not have because they lie in a submodule
   */
  async treeWith(
    base: string,
    differences: ReadonlyMap<GitPath, TreeDifference>,
    workTree: string,
    call: Call,
  ): Promise<{ tree: string; left: GitPath[] }> {
    const { git } = this.#tools;
    return this.withIndex(call, async (ownSite) => {
      const site = { ...ownSite, workTree };
      await git.run(['read-tree', base], { ...call, site });
      const submodules = new Set(submodulesOf(await this.#stagedAt(site, call)));
      const isInside = (file: GitPath): boolean => foldersOf(file).some((folder) => submodules.has(folder));
      const own = [...differences].filter(([file]) => !isInside(file));
      const gone = own.filter(([, { after }]) => after === null);
      await setEntries(git, new Map(gone.map(([file]) => [file, null])), { ...call, site });
      const there = own.flatMap(([file, { after }]) => (after === null ? [] : file));
      await takeFiles(git, site, there, call);
      return {
        tree: await writeTree(git, { ...call, site }),
        left: [...differences.keys()].filter(isInside),
      };
    });
  }

  /** The submodules that a commit names. */
  async submodulesIn(commit: string, call: Call): Promise<string[]> {
    const site = await this.site(call.signal);
    const { stdout } = await this.#tools.git.run(['ls-tree', '-r', '-z', '--full-tree', commit], {
      ...call,
      site,
    });
    return submodulesOf(stdout).map(textOf);
  }

  /**
   * Whether the user is in the middle of something that must not be mixed with a change of ours.
   *
   * @throws UserError naming it
   */
  async assertIdle(call: Call): Promise<void> {
    const site = await this.site(call.signal);
    const unmerged = await this.#tools.git.run(['ls-files', '-z', '--unmerged'], { ...call, site });
    const found = await Promise.all(
      unfinished.map(async ([name, what]) =>
        (await lstat(path.join(this.paths.gitDir, name)).catch(() => null)) ? what : null,
      ),
    );
    const what = found.find((each) => each !== null) ?? (unmerged.stdout.length > 0 ? 'merge' : null);
    if (what === null) return;
    throw new UserError({
      reason: 'refused',
      message: `A ${what} is under way in ${this.paths.topLevel}. Finish or abort it first.`,
    });
  }

  /**
   * Takes HEAD and the index back to where they were, as far as nobody has moved them since.
   *
   * @param from where they stood when what is taken back had ended
   * @param to where they go; the index as it was, byte for byte
   * @returns whether HEAD is where it should be now
   */
  async takeBack(
    from: { head: Head | null; indexDigest: string | null },
    to: { head: Head | null; indexDigest: string | null; index: Uint8Array | null },
    { movesBranch, ...call }: Call & { movesBranch: boolean },
  ): Promise<boolean> {
    const now = await this.state(call);
    const isBack = isSameHead(now.head, to.head);
    if (!isBack && movesBranch && isSameHead(now.head, from.head) && to.head) {
      await this.#moveHead(now.head, to.head, call.signal);
    }
    const mayMove = isBack || movesBranch;
    if (mayMove && now.indexDigest === from.indexDigest && now.indexDigest !== to.indexDigest && to.index) {
      await this.#replaceIndex(to.index);
    }
    return isBack || isSameHead(await this.refs.head(call.signal), to.head);
  }

  async #moveHead(now: Head, to: Head, signal: AbortSignal | undefined): Promise<void> {
    const why = 'kandev: back to before the run';
    if (to.ref === null) {
      if (now.ref === null && to.oid !== null) {
        await this.refs.update('HEAD', to.oid, { expected: now.oid, why, signal });
      }
      return;
    }
    // The branch first: until HEAD is switched nothing looks different.
    const branch = await this.refs.resolve(to.ref, signal);
    if (branch !== to.oid && branch === now.oid) {
      await this.refs.update(to.ref, to.oid, { expected: branch, why, signal });
    }
    if (now.ref !== to.ref) await this.refs.switchTo(to.ref, signal);
  }

  /** As git does it: whoever has made `index.lock` may replace the index. */
  async #replaceIndex(content: Uint8Array): Promise<void> {
    const index = this.indexFile;
    const lock = `${index}.lock`;
    const handle = await open(lock, 'wx').catch((error: unknown) => {
      throw new UserError(
        {
          reason: 'refused',
          message: `Another git command is at work in ${this.paths.topLevel}. Wait for it, or delete ${lock} if none is running.`,
        },
        { cause: error },
      );
    });
    try {
      await handle.writeFile(content);
    } catch (error) {
      await rm(lock, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await rename(lock, index);
  }

  async #index(): Promise<Uint8Array | null> {
    const stats = await lstat(this.indexFile).catch(() => null);
    return stats?.isFile() && stats.size <= maxIndexBytes ? readFile(this.indexFile) : null;
  }

  /** The submodules that the index names, whether they are checked out or not. */
  async submodulesInIndex(call: Call): Promise<GitPath[]> {
    return submodulesOf(await this.#listStaged(call));
  }

  /** The index as text; also for who asks soon after. */
  #listStaged(call: Call): Promise<Buffer> {
    return (this.#staged ??= this.site(call.signal).then((site) => this.#stagedAt(site, call)));
  }

  async #stagedAt(site: GitSite, call: Call): Promise<Buffer> {
    return (await this.#tools.git.run(['ls-files', '-z', '--stage'], { ...call, site })).stdout;
  }
}

/** In what `ls-files --stage` or `ls-tree` says. */
function submodulesOf(listing: Buffer): GitPath[] {
  const lines = splitPaths(listing).filter((line) => line.startsWith('160000 '));
  return lines.map((line) => line.slice(line.indexOf('\t') + 1) as GitPath);
}

function isSameHead(one: Head | null, other: Head | null): boolean {
  return one?.ref === other?.ref && one?.oid === other?.oid;
}
