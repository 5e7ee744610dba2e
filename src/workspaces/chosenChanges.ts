import { UserError } from '../model/failure.ts';
import { changesAt, takeChanges } from '../model/hunks.ts';
import { lineChanges } from '../model/lineChanges.ts';
import { gitPathOf, type GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';
import { contentOf, diffTrees, setEntries, writeBlob, writeTree, type TreeEntry } from './trees.ts';

type Call = Pick<GitCall, 'doing' | 'signal'> & { site: GitSite };

/** A file whose change is taken, or only what of it is at these lines of the new text (from 0, both included). */
export interface ChosenFile {
  path: string;
  lines?: { first: number; last: number } | undefined;
}

/**
 * What of a change is taken, by its paths: how those files are when this is done to what both sides have in common, and
 * nothing else.
 * @throws UserError `refused` when nothing of it is a change
 */
async function chosenEntries(
  git: HostGit,
  { base, theirs }: { base: string; theirs: string },
  only: readonly ChosenFile[],
  call: Call,
): Promise<Map<GitPath, TreeEntry | null>> {
  const changes = await diffTrees(git, base, theirs, call);
  const chosen = new Map<GitPath, TreeEntry | null>();
  for (const { path, lines } of only) {
    const gitPath = gitPathOf(path);
    const change = changes.get(gitPath);
    if (!change) continue;
    const { before, after } = change;
    const isText = before?.mode.startsWith('100') !== false && after?.mode.startsWith('100') === true;
    if (!lines || !isText) {
      chosen.set(gitPath, after);
      continue;
    }
    // A character for each byte: what the bytes mean does not matter for lines.
    const textOf = async (entry: TreeEntry | null): Promise<string> =>
      entry ? Buffer.from(await contentOf(git, entry.oid, call)).toString('latin1') : '';
    const [old, fresh] = [await textOf(before), await textOf(after)];
    // Where too much differs to be told apart, it is all one change.
    const changed = lineChanges(old, fresh);
    const text = changed === null ? fresh : takeChanges(old, fresh, changesAt(changed, lines));
    if (text === old) continue;
    const oid = await writeBlob(git, Buffer.from(text, 'latin1'), call);
    chosen.set(gitPath, { mode: after.mode, oid });
  }
  if (chosen.size === 0) throw nothingThere();
  return chosen;
}

/**
 * What is merged into the folder, and what it then has of the agent's: all, or what is chosen of it.
 * @param applied what it has of the agent's so far; `call.site` has an index to work in
 */
export async function wantedTree(
  git: HostGit,
  { base, theirs, applied }: { base: string; theirs: string; applied: string },
  only: readonly ChosenFile[] | undefined,
  call: Call,
): Promise<{ tree: string; applied: string }> {
  if (!only) return { tree: theirs, applied: theirs };
  const entries = await chosenEntries(git, { base, theirs }, only, call);
  return {
    tree: await treeWith(git, base, entries, call),
    applied: await treeWith(git, applied, entries, call),
  };
}

async function treeWith(
  git: HostGit,
  tree: string,
  entries: ReadonlyMap<GitPath, TreeEntry | null>,
  call: Call,
): Promise<string> {
  await git.run(['read-tree', tree], call);
  await setEntries(git, entries, call);
  return writeTree(git, call);
}

function nothingThere(): UserError {
  return new UserError({
    reason: 'refused',
    message: 'There is no change of the agent there that the folder does not have already.',
  });
}
