import { failureOf } from '../model/failure.ts';
import { ObstructedError } from './checkOut.ts';
import { gitPathOf, textOf, type GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall } from './gitCall.ts';
import { planRevert, type ConflictReason, type RevertPlan } from './planRevert.ts';
import type { Snapshot, SnapshotSource, SnapshotStore } from './snapshotStore.ts';
import { diffTrees, setEntries, writeTree } from './trees.ts';

/** A file that is left as it is, and why. */
export interface FileConflict {
  /** Relative to the workspace's root. */
  path: string;
  reason: ConflictReason | 'uncommitted';
}

export interface RevertRequest {
  /** The folder as it is now: the snapshot must have just been taken. */
  now: Snapshot;
  source: SnapshotSource;
  /** What is taken back has led to this … */
  from: Snapshot;
  /** … and began with this. */
  to: Snapshot;
  unsaved: ReadonlySet<GitPath>;
  /** What has changed while the agent was not at work, as part of what is taken back. */
  between: ReadonlySet<GitPath>;
  /**
   * What happens when files would be lost: nothing at all (`stop`); they stay and the others are taken back (`keep`);
   * those that somebody has changed are taken back too (`overwrite`), those with unsaved changes still not.
   */
  conflicts: 'stop' | 'keep' | 'overwrite';
  /** Only says what would be in conflict. */
  isRehearsal: boolean;
  /** Takes only these back. */
  only?: ReadonlySet<GitPath>;
  /** Called before the first file is touched, with all that will be. */
  beforeWrite: (paths: readonly GitPath[]) => Promise<void>;
  doing: string;
  signal?: AbortSignal | undefined;
}

export interface RevertedFiles {
  /** False when nothing was touched, because of the conflicts. */
  done: boolean;
  paths: string[];
  conflicts: FileConflict[];
  /** New since then, but ignored then: they are not removed, since nobody knows what they held. */
  kept: string[];
}

type Call = Pick<GitCall, 'doing' | 'signal'>;

/** How often a file that lies in the way is worked around before giving up. */
const attempts = 50;

/** Takes a folder's files back from one state to another, file by file, and loses nothing that came since. */
export async function revertFiles(
  git: HostGit,
  store: SnapshotStore,
  request: RevertRequest,
): Promise<RevertedFiles> {
  const call = { doing: request.doing, signal: request.signal };
  const trees = { ...call, site: store.site };
  const [reverse, drift, ignored] = await Promise.all([
    diffTrees(git, request.from.tree, request.to.tree, trees),
    diffTrees(git, request.from.tree, request.now.tree, trees),
    store.ignoredIn(request.to, request.signal),
  ]);
  const { only } = request;
  if (only) for (const path of reverse.keys()) if (!only.has(path)) reverse.delete(path);
  const inTheWay = new Set<GitPath>();
  for (let attempt = 0; ; attempt++) {
    const overwrites = request.conflicts === 'overwrite';
    const { unsaved, between } = request;
    const plan = planRevert({ reverse, drift, ignored, unsaved, between, inTheWay, overwrites });
    const stops = plan.conflicts.size > 0 && request.conflicts === 'stop';
    if (stops || request.isRehearsal) return outcome(plan, false);
    const tree = await treeOf(git, store, request.now.tree, plan, call);
    await request.beforeWrite([...plan.set.keys()]);
    try {
      await store.restore(request.source, request.now.tree, tree, call);
      return outcome(plan, true);
    } catch (error) {
      // Nothing has been touched: every file was looked at first, and one is not what the snapshot holds.
      const obstacles = obstaclesIn(error).filter((path) => !inTheWay.has(path));
      if (obstacles.length === 0 || attempt === attempts) throw error;
      for (const path of obstacles) inTheWay.add(path);
    }
  }
}

function treeOf(
  git: HostGit,
  store: SnapshotStore,
  now: string,
  { set }: RevertPlan,
  call: Call,
): Promise<string> {
  return store.withIndex(async (site) => {
    await git.run(['read-tree', now], { ...call, site });
    await setEntries(git, set, { ...call, site });
    return writeTree(git, { ...call, site });
  });
}

function obstaclesIn(error: unknown): readonly GitPath[] {
  if (error instanceof ObstructedError) return error.paths;
  // Git names the first file that has changed since the snapshot was taken.
  const said = failureOf(error).detail ?? '';
  const named =
    /Untracked working tree file '(.+)' would be/.exec(said) ??
    /Entry '(.+)' (?:not uptodate|would be overwritten)/.exec(said) ??
    /Updating '(.+)' would lose untracked files/.exec(said);
  return named?.[1] === undefined ? [] : [gitPathOf(named[1].replace(/\/$/, ''))];
}

function outcome({ set, conflicts, kept }: RevertPlan, done: boolean): RevertedFiles {
  return {
    done,
    paths: done ? [...set.keys()].map(textOf).sort() : [],
    conflicts: [...conflicts].map(([path, reason]) => ({ path: textOf(path), reason })),
    kept: kept.map(textOf),
  };
}
