import * as v from 'valibot';
import { dial } from './dial.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engineFailure.ts';
import { imageLabels } from './labels.ts';

export interface FoundImage {
  id: string;
  /** Its names; none when a newer image has taken them. */
  tags: readonly string[];
  labels: Readonly<Record<string, string>>;
  bytes: number;
  /** Milliseconds since the epoch; null where the engine does not say. */
  createdAt: number | null;
  /** As its registries know it: `node@sha256:…`. */
  digests: readonly string[];
}

/** Podman, and images that were imported, leave parts out. */
const imageSchema = v.object({
  Id: v.string(),
  RepoTags: v.nullish(v.array(v.string())),
  RepoDigests: v.nullish(v.array(v.string())),
  Size: v.fallback(v.number(), 0),
  Created: v.fallback(v.string(), ''),
  Config: v.nullish(v.object({ Labels: v.nullish(v.record(v.string(), v.string())) })),
});

/** An image by its name or id; null where the engine does not have it. */
export async function findImage(
  engine: Engine,
  image: string,
  signal?: AbortSignal,
): Promise<FoundImage | null> {
  const path = `/images/${image.split('/').map(encodeURIComponent).join('/')}/json`;
  try {
    const found = await engine.call(
      `looking for the image ${image}`,
      (docker, abortSignal) => dial(docker, { method: 'GET', path, abortSignal }),
      signal ? { signal } : {},
    );
    const { Id, RepoTags, RepoDigests, Config, Size, Created } = v.parse(imageSchema, found);
    const createdAt = Date.parse(Created);
    return {
      id: Id,
      tags: RepoTags ?? [],
      labels: Config?.Labels ?? {},
      bytes: Size,
      createdAt: Number.isNaN(createdAt) ? null : createdAt,
      digests: RepoDigests ?? [],
    };
  } catch (error) {
    const status = statusOf(error);
    // 400 is a name that cannot be one: the pull says so.
    if (status === 404 || status === 400) return null;
    throw error;
  }
}

/** Removes an image that has lost its name to a newer one, unless something still builds or runs on it. */
export async function removeReplaced(engine: Engine, { id }: FoundImage): Promise<void> {
  try {
    const now = await findImage(engine, id);
    if (now === null || now.tags.length > 0) return;
    await engine.call(`removing image ${id}`, (docker, abortSignal) =>
      docker.getImage(id).remove({ abortSignal }),
    );
  } catch {
    // It goes with what is on it, or with the user's own "docker image prune".
  }
}

/** Removes images that we have built and that have lost their names, as a build does that was cut off. */
export async function removeNameless(engine: Engine): Promise<void> {
  try {
    const filters = { dangling: ['true'], label: [imageLabels.source] };
    const found = await engine.call('listing images', (docker, abortSignal) =>
      docker.listImages({ filters, abortSignal }),
    );
    for (const { Id } of found) {
      await engine.call(`removing image ${Id}`, (docker, abortSignal) =>
        docker.getImage(Id).remove({ abortSignal }),
      );
    }
  } catch {
    // Something still builds or runs on it: the next build comes by again.
  }
}
