import { textOf, type GitPath } from './gitPath.ts';
import type { GitCall } from './gitCall.ts';
import { shown, takeSnapshot, workspacePlace } from './openWorkspace.ts';
import { diffTrees } from './trees.ts';
import type { BetweenTurns, WorkspaceRecord } from './workspaceRecord.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

type Call = Pick<GitCall, 'doing' | 'signal'>;

/**
 * Takes the checkpoint before another turn of a run, and notes what has changed since the last one, while the agent was
 * not at work: most likely the user has done that. It stays a part of the run's change, for an agent may have left
 * something running; but it is not taken back without a word.
 *
 * @returns what has changed since the last turn, as paths are shown
 */
export async function checkpointTurn(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  runId: string,
  call: Call,
): Promise<string[]> {
  const [before, last] = await Promise.all([
    tools.store.read(refNames.before(runId), call.signal),
    tools.store.read(refNames.after(runId), call.signal),
  ]);
  // The first turn has the checkpoint of the run; where that is gone nothing can be taken back.
  if (!before || !last) return [];
  const place = await workspacePlace(tools, record);
  const now = await takeSnapshot(tools, place, {
    ...call,
    ref: refNames.turn(runId),
    excludes: await tools.store.excludesOf(before, call.signal),
    withRepository: record.kind === 'folder',
  });
  const site = tools.store.site;
  const changed = [...(await diffTrees(tools.git, last.tree, now.tree, { ...call, site })).keys()];
  const movesRepository =
    now.indexDigest !== last.indexDigest ||
    now.head?.ref !== last.head?.ref ||
    now.head?.oid !== last.head?.oid;
  if (changed.length === 0 && !movesRepository) return [];
  const known = betweenTurnsOf(record, runId);
  const between = {
    paths: [...new Set([...known.paths, ...changed])],
    movesRepository: known.movesRepository || movesRepository,
  };
  const { betweenTurns } = tools.records.get(record.id);
  await tools.records.change(record.id, { betweenTurns: { ...betweenTurns, [runId]: between } });
  return changed.map((path) => shown(textOf(path), place));
}

export function betweenTurnsOf({ betweenTurns }: WorkspaceRecord, runId: string): BetweenTurns {
  return betweenTurns[runId] ?? { paths: [], movesRepository: false };
}

/** What has changed in a workspace of its own while no agent was at work there, in all its runs and after them. */
export async function changedByOthers(
  tools: WorkspaceTools,
  record: WorkspaceRecord,
  nowTree: string,
  call: Call,
): Promise<Set<GitPath>> {
  const found = new Set(Object.values(record.betweenTurns).flatMap(({ paths }) => paths as GitPath[]));
  let last: string | null = null;
  const add = async (tree: string): Promise<void> => {
    if (last === null || last === tree) return;
    const differences = await diffTrees(tools.git, last, tree, { ...call, site: tools.store.site });
    for (const path of differences.keys()) found.add(path);
  };
  for (const runId of record.runs) {
    const [before, after] = await Promise.all([
      tools.store.read(refNames.before(runId), call.signal),
      tools.store.read(refNames.after(runId), call.signal),
    ]);
    if (before) await add(before.tree);
    last = after?.tree ?? null;
  }
  await add(nowTree);
  return found;
}
