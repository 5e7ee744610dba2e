import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { Store } from '../store/store.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';

/** How long the workspace of a card that is done stays to be looked at: 7 days. */
const keepFinishedMs = 7 * 24 * 60 * 60 * 1000;
/** So many runs of a card can be looked at and rolled back. */
const keptRuns = 20;

export interface WorkspaceCare {
  store: Store;
  tasks: TaskService;
  orchestrator: Orchestrator;
  workspaces: Workspaces;
}

/**
 * Keeps workspaces and checkpoints from piling up: removes those of cards that are gone for good or have long been done,
 * and forgets the checkpoints of old runs. Work that nobody has taken stays, whatever has become of its card.
 *
 * @param purged the ids of the cards that are gone for good now, and of their runs
 */
export async function careForWorkspaces(
  { store, orchestrator, workspaces }: WorkspaceCare,
  purged: { taskIds: readonly string[]; runIds: readonly string[] },
): Promise<void> {
  const cards = await store.query('allCards', {});
  const before = Date.now() - keepFinishedMs;
  const done = cards.filter(
    ({ task }) => (task.state === 'COMPLETED' || task.state === 'CANCELLED') && task.updatedAt < before,
  );
  const unneeded = new Set([...done.map(({ task }) => task.id), ...purged.taskIds]);
  const taskIds = cards.map(({ task }) => task.id);
  const old = new Set([...(await store.query('oldRuns', { taskIds, keep: keptRuns })), ...purged.runIds]);
  // A board that has nothing to tidy up does not even look for git.
  if (unneeded.size > 0) await workspaces.clear((id) => !unneeded.has(id) || orchestrator.hasRun(id));
  if (old.size > 0) await workspaces.prune((runId) => !old.has(runId));
}
