import { UserError } from '../model/failure.ts';
import { appliedBase } from './appliedBase.ts';
import { wantedTree } from './chosenChanges.ts';
import { checkOut, findObstacles } from './checkOut.ts';
import { textOf, type GitPath } from './gitPath.ts';
import type { WorkSite } from './hostGit.ts';
import type { GitCall } from './gitCall.ts';
import type { MergedTree } from './mergeTrees.ts';
import { targetPlace, takeSnapshot, unsavedIn, workspacePlace, type Place } from './openWorkspace.ts';
import { commitClone, treeOf, type CloneResult } from './resultCommit.ts';
import type { FileConflict } from './revert.ts';
import { beginUndo, completeUndo, forgetUndo, newUndoId } from './reverting.ts';
import { commitTree, diffTrees, type TreeDifference } from './trees.ts';
import type { UserRepository } from './userRepository.ts';
import type { WorkspaceRecord } from './workspaceRecord.ts';
import type { ApplyChoice, ApplyOutcome } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;
type Changes = ReadonlyMap<GitPath, TreeDifference>;

/** The folder's repository. @throws UserError when it has none, or another one than the clone was made from */
export function repositoryOf(place: Place): UserRepository {
  if (place.repository) return place.repository;
  throw new UserError({
    reason: 'refused',
    message: `The .git of ${place.source.root} is not the one that this workspace was made from. Kandev leaves it alone.`,
  });
}

/**
 * Brings the change of a clone into the folder that it was made from: a three-way merge of what the agent began with,
 * what it has made of it, and the folder as it is now with all that is not committed. The result is not committed.
 * What both have changed in the same place becomes a conflict as git has it: markers in the file, and the three
 * versions in the index.
 */
export async function applyToRepository(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  choice: ApplyChoice,
  call: Call,
): Promise<ApplyOutcome> {
  const place = await targetPlace(tools, record);
  const repository = repositoryOf(place);
  await repository.assertIdle(call);
  const content = { message: 'Applied', author: 'kandev' } as const;
  const result = await commitClone(tools, record, await workspacePlace(tools, record), content, call);
  const undoId = newUndoId();
  const undo = { ...call, withRepository: true };
  await takeSnapshot(tools, place, { ...undo, ref: refNames.undoTo(undoId) });
  const apply = new Apply(tools, record, { place, repository, result }, call);
  const { applied, ...outcome } = await apply.run(choice, (paths) =>
    beginUndo(tools, record, { id: undoId, what: 'apply', place: 'folder', runId: null, paths }),
  );
  if (!outcome.done) {
    await forgetUndo(tools, undoId);
    return outcome;
  }
  await takeSnapshot(tools, place, { ...undo, ref: refNames.undoFrom(undoId) });
  await completeUndo(tools, record, undoId);
  const isAll = applied === result.tree;
  const kept = isAll
    ? result.commit
    : await repository.withIndex(call, (site) =>
        commitTree(tools.git, { tree: applied, message: 'Applied', author: 'kandev' }, { ...call, site }),
      );
  await repository.refs.update(refNames.applied(record.id), kept, { signal: call.signal });
  const taken = { tree: result.now.tree, commit: result.commit };
  // What is in conflict is not taken before the user has said how.
  const isTaken = outcome.conflicts.length === 0 && isAll;
  await tools.records.change(record.id, { applied, ...(isTaken ? { taken } : {}) });
  return { ...outcome, undoId };
}

interface Sides {
  base: string;
  ours: string;
  site: WorkSite;
  touched: Changes;
  merged: MergedTree;
}

class Apply {
  readonly #tools: WorkspaceTools;
  readonly #record: WorkspaceRecord;
  readonly #place: Place;
  readonly #repository: UserRepository;
  readonly #result: CloneResult;
  readonly #call: Call;

  constructor(
    tools: WorkspaceTools,
    record: WorkspaceRecord,
    { place, repository, result }: { place: Place; repository: UserRepository; result: CloneResult },
    call: Call,
  ) {
    this.#tools = tools;
    this.#record = record;
    this.#place = place;
    this.#repository = repository;
    this.#result = result;
    this.#call = call;
  }

  async run(
    choice: ApplyChoice,
    beforeWrite: (paths: readonly GitPath[]) => Promise<void>,
  ): Promise<ApplyOutcome & { applied: string }> {
    return this.#repository.withWorkingTree(this.#call, async (ours, site) => {
      const { tree: theirs } = this.#result;
      const base = await this.#repository.withIndex(this.#call, (own) =>
        appliedBase(
          this.#tools.git,
          { start: this.#result.startTree, applied: this.#record.applied, ours },
          { ...this.#call, site: own },
        ),
      );
      const wanted = await this.#repository.withIndex(this.#call, (own) =>
        wantedTree(
          this.#tools.git,
          { base, theirs, applied: this.#record.applied ?? this.#result.startTree },
          choice.only,
          { ...this.#call, site: own },
        ),
      );
      const label = this.#record.branch ?? 'agent';
      const merged = await this.#tools.merger.mergeTrees(
        { base, ours, theirs: wanted.tree, label },
        { ...this.#call, site },
      );
      const touched = await diffTrees(this.#tools.git, ours, merged.tree, { ...this.#call, site });
      const blocked = await this.#blocked({ base, ours, site, touched, merged }, choice);
      const { applied } = wanted;
      if (blocked.length > 0)
        return { done: false, undoId: null, paths: [], blocked, conflicts: [], applied };
      await beforeWrite([...new Set([...touched.keys(), ...merged.conflicts.keys()])]);
      await checkOut(this.#tools.git, ours, merged.tree, { ...this.#call, site });
      await this.#repository.markUnmerged(merged.conflicts, this.#call);
      return {
        done: true,
        undoId: null,
        paths: [...touched.keys()].map(textOf).sort(),
        blocked: [],
        conflicts: [...merged.conflicts.keys()].map(textOf).sort(),
        applied,
      };
    });
  }

  /** Files that hold work which is kept nowhere else: not saved, or not committed and not known to the agent. */
  async #blocked({ base, ours, site, touched, merged }: Sides, choice: ApplyChoice): Promise<FileConflict[]> {
    const trees = { ...this.#call, site };
    const { oid } = await this.#repository.refs.head(this.#call.signal);
    const [unsaved, uncommitted, unknown] = await Promise.all([
      unsavedIn(this.#tools, this.#place),
      oid === null
        ? new Map<GitPath, TreeDifference>()
        : treeOf(this.#tools, oid, site, this.#call).then((head) =>
            diffTrees(this.#tools.git, head, ours, trees),
          ),
      diffTrees(this.#tools.git, base, ours, trees),
    ]);
    const obstacles = new Set(await findObstacles(site.workTree, touched));
    const blocked: FileConflict[] = [];
    for (const path of new Set([...touched.keys(), ...merged.conflicts.keys()])) {
      if (unsaved.has(path)) blocked.push({ path: textOf(path), reason: 'unsaved' });
      else if (obstacles.has(path)) blocked.push({ path: textOf(path), reason: 'in-the-way' });
      else if (choice.uncommitted !== 'merge' && uncommitted.has(path) && unknown.has(path)) {
        blocked.push({ path: textOf(path), reason: 'uncommitted' });
      }
    }
    return blocked;
  }
}
