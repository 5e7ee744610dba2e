import { UserError } from '../model/failure.ts';
import type { Engine } from './engine.ts';
import { messageOf, statusOf } from './engineFailure.ts';

/** How long the agent may take to end by itself. Together with the limits it makes the 3 s that a stop may take. */
const graceSeconds = 1;
const stopLimitMs = 1_600;
const killLimitMs = 400;

/** Asks the agent to end, then makes it; whether the engine says that it has ended. */
export async function stopContainer(engine: Engine, containerId: string): Promise<boolean> {
  const isStopped = await accepted(
    engine.call(
      `stopping container ${containerId}`,
      (docker, abortSignal) => docker.getContainer(containerId).stop({ t: graceSeconds, abortSignal }),
      { limitMs: stopLimitMs },
    ),
  );
  if (isStopped) return true;
  return accepted(
    engine.call(
      `killing container ${containerId}`,
      (docker, abortSignal) => docker.getContainer(containerId).kill({ abortSignal }),
      { limitMs: killLimitMs },
    ),
  );
}

/** A refusal says that it has ended, or never ran, or is gone. No answer is no. */
async function accepted(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    return statusOf(error) !== null;
  }
}

/**
 * Removes a container in whatever state it is, with its anonymous volumes. None of that name is fine too.
 *
 * @param container its id or its name
 * @throws UserError `engine-stuck` and what else keeps it from being removed
 */
export async function removeContainer(engine: Engine, container: string, limitMs: number): Promise<void> {
  try {
    await engine.call(
      `removing container ${container}`,
      (docker, abortSignal) => docker.getContainer(container).remove({ force: true, v: true, abortSignal }),
      { limitMs },
    );
  } catch (error) {
    // Not there, or somebody else is at it.
    if (statusOf(error) === 404 || statusOf(error) === 409) return;
    if (error instanceof UserError) throw error;
    throw new UserError(
      {
        reason: 'engine-stuck',
        message: `Docker could not remove the container ${container}. Restart Docker.`,
        detail: messageOf(error),
        action: { kind: 'checkEngine' },
      },
      { cause: error },
    );
  }
}
