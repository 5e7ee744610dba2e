import { splitPaths, type GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';
import { KeyedLock } from './keyedLock.ts';
import { commitTree, type TreeEntry } from './trees.ts';

/** A path that both sides have changed, and what was there: in the common state, here, and there. */
export interface MergeConflict {
  base: TreeEntry | null;
  ours: TreeEntry | null;
  theirs: TreeEntry | null;
}

export interface MergedTree {
  tree: string;
  /** By path; in the tree these files hold both sides with markers, or the one side that has the file. */
  conflicts: Map<GitPath, MergeConflict>;
}

interface Sides {
  ours: string;
  theirs: string;
  label: string;
}

type Call = Pick<GitCall, 'doing' | 'signal'> & { site: GitSite };

/** What the user's side is called in the markers of a conflict. */
const oursLabel = 'folder';

/**
 * Merges without a working tree (git 2.38 or newer). The sides are refs for a moment, so that markers name them: in the
 * site's own refs, which must be ours, and one merge at a time in each.
 */
export class Merger {
  readonly #git: HostGit;
  readonly #locks = new KeyedLock();

  constructor(git: HostGit) {
    this.#git = git;
  }

  /** Merges two commits. @param label what their side is called in the markers; a branch's name */
  async mergeCommits({ ours, theirs, label }: Sides, call: Call): Promise<MergedTree> {
    const names = [oursLabel, label];
    return this.#locks.run([call.site.commonDir ?? call.site.gitDir], async () => {
      try {
        await this.#git.run(['update-ref', `refs/heads/${oursLabel}`, ours], call);
        await this.#git.run(['update-ref', `refs/heads/${label}`, theirs], call);
        const args = ['merge-tree', '--write-tree', '-z', '--no-messages', ...names];
        const { stdout } = await this.#git.run(args, { ...call, answers: [1] });
        return parse(stdout);
      } finally {
        for (const name of names) {
          await this.#git.run(['update-ref', '-d', `refs/heads/${name}`], { ...call, signal: undefined });
        }
      }
    });
  }

  /** Merges what two sides have made of a common tree. */
  async mergeTrees({ base, ...sides }: Sides & { base: string }, call: Call): Promise<MergedTree> {
    const commit = (tree: string, parents: string[] = []): Promise<string> =>
      commitTree(this.#git, { tree, parents, message: 'merge', author: 'kandev' }, call);
    const root = await commit(base);
    const [ours, theirs] = await Promise.all([commit(sides.ours, [root]), commit(sides.theirs, [root])]);
    return this.mergeCommits({ ours, theirs, label: sides.label }, call);
  }
}

function parse(stdout: Buffer): MergedTree {
  const [tree = '', ...lines] = splitPaths(stdout);
  const conflicts = new Map<GitPath, MergeConflict>();
  for (const line of lines) {
    const [, mode, oid, stage, name] = /^(\d+) ([0-9a-f]+) ([123])\t([\s\S]+)$/.exec(line) ?? [];
    if (mode === undefined || oid === undefined || name === undefined) continue;
    const path = name as GitPath;
    const conflict = conflicts.get(path) ?? { base: null, ours: null, theirs: null };
    conflicts.set(path, conflict);
    const entry = { mode, oid };
    if (stage === '1') conflict.base = entry;
    else if (stage === '2') conflict.ours = entry;
    else conflict.theirs = entry;
  }
  return { tree, conflicts };
}
