import { randomUUID } from 'node:crypto';
import { ArchiveFiles, type ArchiveFilesOptions } from './archiveFiles.ts';
import { bindFiles, type FileDelivery, type HostPath } from './containerFiles.ts';
import type { Engine } from './engine.ts';
import { unseenPath } from './engineFailure.ts';
import { removeContainer } from './removeContainer.ts';

export interface DeliveryRequest extends ArchiveFilesOptions {
  /** The folder is Kandev's own, and nobody else works in it: a copy will do. */
  mayCopy: boolean;
  signal: AbortSignal;
}

const lookLimitMs = 30_000;
const removeLimitMs = 10_000;
/** Whether engines see this machine's folders, as far as that was asked. */
const known = new WeakMap<Engine, boolean>();

/**
 * Chooses how files get into a container: themselves, where the engine sees them; copies, where it does not and that is
 * allowed. Where it is not, the creation of the container fails, and says so.
 */
export async function deliverFiles(request: DeliveryRequest): Promise<FileDelivery> {
  const { engine, paths, mayCopy } = request;
  if (!mayCopy || (await seesFiles(request, paths))) return bindFiles(paths);
  known.set(engine, false);
  return ArchiveFiles.plan(request);
}

/** Asks by creating a container with these mounts: engines refuse one whose source they do not find. */
async function seesFiles(request: DeliveryRequest, paths: readonly HostPath[]): Promise<boolean> {
  const { engine, image, labels, signal } = request;
  const before = known.get(engine);
  if (before !== undefined) return before;
  const name = `kandev-look-${randomUUID()}`;
  try {
    await engine.call(
      'looking whether the engine sees the folder',
      (docker, abortSignal) =>
        docker.createContainer({
          name,
          Image: image,
          Entrypoint: ['none'],
          Labels: { ...labels },
          HostConfig: { NetworkMode: 'none', Mounts: [...bindFiles(paths).mounts] },
          abortSignal,
        }),
      { signal, limitMs: lookLimitMs },
    );
    known.set(engine, true);
    return true;
  } catch (error) {
    if (unseenPath(error) === null) throw error;
    known.set(engine, false);
    return false;
  } finally {
    await removeContainer(engine, name, removeLimitMs);
  }
}
