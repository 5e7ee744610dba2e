import { containerLabels } from '../../src/agents/labels.ts';
import { isBusy } from '../../src/model/run.ts';
import type { HostProcess } from '../harness/hostProcess.ts';
import { testEngine } from './agents.ts';

/** What an installation has on the engine. */
export async function onEngine(
  installation: string,
): Promise<{ containers: { runId: string; running: boolean }[]; volumes: string[] }> {
  const engine = await testEngine();
  const filters = { label: [`${containerLabels.installation}=${installation}`] };
  const [containers, volumes] = await Promise.all([
    engine.call('listing containers', (docker) => docker.listContainers({ all: true, filters })),
    engine.call('listing volumes', (docker) => docker.listVolumes({ filters })),
  ]);
  return {
    containers: containers.map(({ Labels, State }) => ({
      runId: Labels[containerLabels.run] ?? '',
      running: State === 'running',
    })),
    volumes: volumes.Volumes.map(({ Name }) => Name),
  };
}

/** In which points database and engine say different things. */
export async function disagreements(
  host: Pick<HostProcess, 'query'>,
  installation: string,
): Promise<string[]> {
  const { cards } = await host.query('boards', {});
  const { containers } = await onEngine(installation);
  const runs = new Map(cards.flatMap(({ run }) => (run === null ? [] : [[run.id, run] as const])));
  const strays = containers
    .filter(({ runId }) => {
      const run = runs.get(runId);
      return run === undefined || (!isBusy(run.state) && run.state !== 'READY');
    })
    .map(({ runId }) => `a container of ${runId}, which is over`);
  const missing = [...runs.values()]
    .filter(({ state }) => state === 'RUNNING' || state === 'WAITING' || state === 'READY')
    .filter(({ id }) => !containers.some(({ runId, running }) => runId === id && running))
    .map(({ id, state }) => `${id} is ${state} without a container`);
  const idle = cards
    .filter(({ task, run }) => task.state === 'IN_PROGRESS' && !(run && isBusy(run.state)))
    .map(({ task }) => `nothing runs for ${task.id}, which is in progress`);
  return [...strays, ...missing, ...idle];
}
