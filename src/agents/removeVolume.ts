import type { Engine } from './engine.ts';
import { statusOf } from './engineFailure.ts';

const removeLimitMs = 10_000;

/** None of that name is fine. @throws what Engine.call throws, also while a container has it */
export async function removeVolume(engine: Engine, name: string): Promise<void> {
  try {
    await engine.call(
      `removing volume ${name}`,
      (docker, abortSignal) => docker.getVolume(name).remove({ abortSignal }),
      { limitMs: removeLimitMs },
    );
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}
