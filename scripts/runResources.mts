import type { Engine } from '../src/agents/engine.ts';
import { containerLabels } from '../src/agents/labels.ts';

/**
 * Removes the containers, running or not, the volumes and the images that carry the label of one run: of a test run, or of one
 * npm start.
 */
export async function removeOfRun(engine: Engine, runId: string): Promise<void> {
  const filters = { label: [`${containerLabels.testRun}=${runId}`] };
  await engine.call(
    'removing what this run has made',
    async (docker) => {
      for (const { Id } of await docker.listContainers({ all: true, filters })) {
        await docker.getContainer(Id).remove({ force: true, v: true }).catch(unlessGone);
      }
      const { Volumes } = await docker.listVolumes({ filters });
      for (const { Name } of Volumes) await docker.getVolume(Name).remove().catch(unlessGone);
      for (const { Id } of await docker.listImages({ filters })) {
        await docker.getImage(Id).remove({ force: true }).catch(unlessGone);
      }
    },
    { limitMs: 60_000 },
  );
}

/** Somebody else may remove it at the same time: gone (404) or on its way (409). */
function unlessGone(error: unknown): void {
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== 404 && status !== 409) throw error;
}
