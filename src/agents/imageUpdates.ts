import path from 'node:path';
import * as v from 'valibot';
import type { AgentType } from '../model/agentType.ts';
import { failureOf } from '../model/failure.ts';
import type { AgentImage } from '../model/agentImage.ts';
import { sourceHash } from './buildImage.ts';
import type { Engine } from './engine.ts';
import { findImage, type FoundImage } from './findImage.ts';
import { hostRegistryAuth } from './hostSources.ts';
import { imageLabels } from './labels.ts';
import { pullFailure } from './pullFailure.ts';
import { withTag } from './pullImage.ts';

const registryLimitMs = 20_000;
const distributionSchema = v.object({ Descriptor: v.object({ digest: v.string() }) });

/** What there is of an agent's image on the engine, without asking a registry. Throws as `findImage`. */
export async function agentImage(
  engine: Engine,
  agentType: AgentType,
  signal?: AbortSignal,
): Promise<AgentImage> {
  const found = await findImage(engine, agentType.image, signal);
  return {
    agentTypeId: agentType.id,
    image: agentType.image,
    bytes: found?.bytes ?? null,
    createdAt: found?.createdAt ?? null,
  };
}

/**
 * Whether there is a newer image for an agent: for one that is built, whether its Dockerfile has changed since; for one
 * that is pulled, whether its registry has another under this name.
 *
 * @returns null where the image is not there, or not Kandev's to update
 * @throws UserError when the registry cannot be asked; what Engine.call throws
 */
export async function hasUpdate(
  engine: Engine,
  agentType: AgentType,
  distFolder: string,
  signal: AbortSignal,
): Promise<boolean | null> {
  const found = await findImage(engine, agentType.image, signal);
  if (found === null) return null;
  const builtFrom = found.labels[imageLabels.source];
  if (agentType.buildContext !== null && builtFrom !== undefined) {
    return builtFrom !== (await sourceHash(path.resolve(distFolder, agentType.buildContext)));
  }
  return found.digests.length === 0 ? null : isOlder(engine, agentType.image, found, signal);
}

/** Has the engine ask the registry, which it can reach as for a pull. */
async function isOlder(
  engine: Engine,
  image: string,
  { digests }: FoundImage,
  signal: AbortSignal,
): Promise<boolean> {
  const authconfig = await hostRegistryAuth(image).catch(() => null);
  try {
    const said = await engine.call(
      `asking the registry for ${image}`,
      (docker) => docker.getImage(withTag(image)).distribution(authconfig ? { authconfig } : {}),
      { signal, limitMs: registryLimitMs },
    );
    const { digest } = v.parse(distributionSchema, said).Descriptor;
    return !digests.some((known) => known.endsWith(`@${digest}`));
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error).reason === 'internal' ? pullFailure(image, error) : error;
  }
}
