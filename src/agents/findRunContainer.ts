import { UserError } from '../model/failure.ts';
import { containerName } from './container.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engineFailure.ts';
import { containerLabels } from './labels.ts';

export interface RunContainer {
  id: string;
  /** Without the slash that engines put before it. */
  name: string;
  /** The folder that the agent works in, by its path in the container. */
  workingDirectory: string;
}

/**
 * The running container of a run.
 *
 * @throws UserError `no-run` when there is none; what Engine.call throws
 */
export async function findRunContainer(engine: Engine, runId: string): Promise<RunContainer> {
  const name = containerName(runId);
  const found = await engine
    .call(`looking at container ${name}`, (docker, abortSignal) =>
      docker.getContainer(name).inspect({ abortSignal }),
    )
    .catch((error: unknown) => {
      if (statusOf(error) === 404) return null;
      throw error;
    });
  if (!found?.State.Running || found.Config.Labels[containerLabels.run] !== runId) {
    throw new UserError({
      reason: 'no-run',
      message: "The agent's container does not run any more. Start the card again.",
    });
  }
  return { id: found.Id, name, workingDirectory: found.Config.WorkingDir };
}
