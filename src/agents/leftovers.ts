import { containerName } from './container.ts';
import { deliveredFiles } from './deliverFiles.ts';
import type { Engine } from './engine.ts';
import { containerLabels, type OwnerLabels } from './labels.ts';
import { removeContainer } from './removeContainer.ts';

const removeLimitMs = 10_000;

/**
 * Removes the containers of this installation and workspace whose run is not kept, and what connected them to the
 * network. Nobody else's are touched. Work that is only in a container is brought back first.
 *
 * @returns the ids of the runs whose containers are gone
 * @throws UserError when the engine does not answer or is stuck; the others are removed all the same
 */
export async function removeLeftovers(
  engine: Engine,
  { installation, workspace }: Pick<OwnerLabels, 'installation' | 'workspace'>,
  keep: (runId: string) => boolean,
  storageFolder: string,
): Promise<string[]> {
  const label = [
    `${containerLabels.installation}=${installation}`,
    `${containerLabels.workspace}=${workspace}`,
  ];
  const containers = await engine.call('listing containers', (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: { label }, abortSignal }),
  );
  const leftovers = containers.flatMap(({ Id, Labels }) => {
    const runId = Labels[containerLabels.run] ?? Labels[containerLabels.networkOf];
    return runId !== undefined && !keep(runId) ? [{ containerId: Id, runId, labels: Labels }] : [];
  });
  const results = await Promise.allSettled(
    leftovers.map(async ({ containerId, runId, labels }) => {
      if (labels[containerLabels.copyOf] === undefined) {
        await removeContainer(engine, containerId, removeLimitMs);
        return;
      }
      const copy = { engine, name: containerName(runId), labels, storageFolder, log: () => undefined };
      const files = await deliveredFiles(copy);
      // What the agent has done is nowhere else; where it cannot be had, the container stays.
      await files.collect(containerId);
      await removeContainer(engine, containerId, removeLimitMs);
      await files.remove();
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return [...new Set(leftovers.map(({ runId }) => runId))];
}
