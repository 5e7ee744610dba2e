import type { LiveRuns } from './liveRuns.ts';
import type { OrchestratorDependencies } from './orchestrator.ts';
import { lookAtLeft } from './runWorkspace.ts';

/** Sets right what an end of VS Code in mid-work left behind: a card is never shown running when nothing runs. */
export async function recoverRuns(deps: OrchestratorDependencies, live: LiveRuns): Promise<void> {
  const { store, permissions, tasks, agents } = deps;
  await permissions.closeAll('kandev');
  const left = await store.query('liveRuns', {});
  for (const run of left) {
    const done = run.state === 'READY';
    await store.write('run.update', {
      runId: run.id,
      to: done ? 'COMPLETED' : 'STOPPED',
      patch: { containerId: null },
      at: Date.now(),
    });
    const task = await tasks.get(run.taskId);
    if (done || task.state !== 'IN_PROGRESS') continue;
    const why = 'VS Code was closed while the agent was at work.';
    await tasks.changeState(task.id, { to: 'TODO', actor: 'kandev', why, heldBecause: why });
  }
  void lookAtLeft(left, deps);
  void agents
    .removeLeftovers((runId) => live.all().some(({ run }) => run.id === runId))
    .catch(() => undefined);
}
