import { foldersOf, type GitPath } from './gitPath.ts';
import { isSameEntry, type TreeDifference, type TreeEntry } from './trees.ts';

/** Why a file is not written: it holds something that would be lost. */
export type ConflictReason =
  /** Somebody has changed it since. */
  | 'changed'
  /** Somebody has changed it while the agent was not at work, between two of the turns that are taken back. */
  | 'between-turns'
  /** It is open in an editor, with changes that are not saved. */
  | 'unsaved'
  /** Its place is taken by something that no checkpoint holds. */
  | 'in-the-way';

export interface RevertInput {
  /** What is taken back: `before` is what it has led to, `after` is where it goes. */
  reverse: ReadonlyMap<GitPath, TreeDifference>;
  /** What has changed since: `after` is how it is now. */
  drift: ReadonlyMap<GitPath, TreeDifference>;
  /** What was ignored in the state that it goes to: files, and folders with a slash at the end. */
  ignored: readonly GitPath[];
  unsaved: ReadonlySet<GitPath>;
  /** What has changed while the agent was not at work. */
  between: ReadonlySet<GitPath>;
  /** What turned out to be in the way of an earlier attempt. */
  inTheWay: ReadonlySet<GitPath>;
  /** Files that somebody has changed since are taken back too. */
  overwrites: boolean;
}

export interface RevertPlan {
  /** What is written (null: removed). */
  set: Map<GitPath, TreeEntry | null>;
  conflicts: Map<GitPath, ConflictReason>;
  /** Was there before, but ignored: nobody knows with what content, so it stays as it is. */
  kept: GitPath[];
}

/** Decides file by file what taking a change back means, without losing what has been done since. */
export function planRevert(input: RevertInput): RevertPlan {
  const plan: RevertPlan = { set: new Map(), conflicts: new Map(), kept: [] };
  const isIgnored = ignoredTest(input.ignored);
  for (const [path, { before, after }] of input.reverse) {
    const drifted = input.drift.get(path);
    if (isSameEntry(drifted ? drifted.after : before, after)) continue;
    if ([path, ...foldersOf(path)].some((each) => input.inTheWay.has(each))) {
      plan.conflicts.set(path, 'in-the-way');
    } else if (input.unsaved.has(path)) plan.conflicts.set(path, 'unsaved');
    else if (drifted && !input.overwrites) plan.conflicts.set(path, 'changed');
    else if (input.between.has(path) && !input.overwrites) plan.conflicts.set(path, 'between-turns');
    else if (after === null && isIgnored(path)) plan.kept.push(path);
    else plan.set.set(path, after);
  }
  removeObstructed(plan, input);
  return plan;
}

/** A file cannot come where a folder stays, nor a folder where a file stays: those join the conflicts. */
function removeObstructed(plan: RevertPlan, { reverse, drift }: RevertInput): void {
  const obstacles: GitPath[] = [...plan.kept];
  for (const [path, { after }] of drift) if (after && !plan.set.has(path)) obstacles.push(path);
  for (const path of plan.conflicts.keys()) {
    if (!drift.has(path) && reverse.get(path)?.before) obstacles.push(path);
  }
  // It grows while it is gone through.
  const standing = new Set(obstacles);
  const give = (path: GitPath): void => {
    plan.set.delete(path);
    plan.conflicts.set(path, 'in-the-way');
    // It stays as it is, and may be in the way of others.
    const now = drift.has(path) ? drift.get(path)?.after : reverse.get(path)?.before;
    if (now) standing.add(path);
  };
  const within = pathsByFolder(plan.set);
  for (const obstacle of standing) {
    for (const path of [...foldersOf(obstacle), ...(within.get(obstacle) ?? [])]) {
      if (plan.set.get(path)) give(path);
    }
  }
}

/** The paths that are written, by each folder that they lie in. */
function pathsByFolder(set: ReadonlyMap<GitPath, TreeEntry | null>): Map<GitPath, GitPath[]> {
  const within = new Map<GitPath, GitPath[]>();
  for (const [path, entry] of set) {
    if (!entry) continue;
    for (const folder of foldersOf(path)) {
      const paths = within.get(folder);
      if (paths) paths.push(path);
      else within.set(folder, [path]);
    }
  }
  return within;
}

function ignoredTest(ignored: readonly GitPath[]): (path: GitPath) => boolean {
  const files = new Set<string>(ignored);
  return (path) => files.has(path) || foldersOf(path).some((folder) => files.has(`${folder}/`));
}
