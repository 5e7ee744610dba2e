import type { Engine } from './engine.ts';
import { pullFailure } from './pullFailure.ts';
import { parsePullLine, PullProgress } from './pullProgress.ts';
import type { RegistryAuth } from './registryAuth.ts';
import { streamLines } from './streamLines.ts';

/** A pull says something every second; a registry that is silent for this long is gone. */
const silenceLimitMs = 60_000;

/**
 * Pulls an image, and tells how far it is.
 *
 * @param auth the user's sign-in to the image's registry; null to go without
 * @param activity gets "Pulling node:22 … 43 % (31 MB)" whenever that changes
 * @throws UserError with the reason: registry-unreachable, registry-denied, image-missing, engine-disk-full; the
 *   signal's reason when it is aborted, which also ends the pull.
 */
export async function pullImage(
  engine: Engine,
  image: string,
  activity: (text: string) => void,
  signal: AbortSignal,
  auth: RegistryAuth | null = null,
): Promise<void> {
  activity(`Pulling ${image} …`);
  const progress = new PullProgress();
  const silence = () => new Error(`timeout: the pull stood still for ${silenceLimitMs / 1000} s`);
  let shown = progress.toString();
  try {
    const stream = await engine.call(
      `pulling ${image}`,
      (docker, abortSignal) => docker.createImage(auth, { fromImage: withTag(image), abortSignal }),
      { limitMs: silenceLimitMs, signal },
    );
    for await (const text of streamLines(stream, silenceLimitMs, silence)) {
      const line = parsePullLine(text);
      if (!line) continue;
      // The engine has answered 200 long before it fails.
      if (line.error !== undefined) throw new Error(line.error);
      progress.add(line);
      const now = progress.toString();
      if (now !== shown) activity(`Pulling ${image} … ${now}`);
      shown = now;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw pullFailure(image, error);
  }
}

/** Without a tag the engine would pull all of them. */
export function withTag(image: string): string {
  return image.includes('@') || image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;
}
