import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { ArchiveFiles, type ArchiveFilesOptions } from './archiveFiles.ts';
import { bindFiles, type FileDelivery, type HostPath } from './containerFiles.ts';
import { containerUser } from './containerUser.ts';
import type { Engine } from './engine.ts';
import { unseenPath } from './engineFailure.ts';
import { containerLabels } from './labels.ts';
import { removeContainer } from './removeContainer.ts';
import { targetOf } from './workspace.ts';

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
  return ArchiveFiles.plan({ ...request, paths: paths.filter(({ isMountOnly }) => !isMountOnly) });
}

/** What is asked of the files of a container that is there already. */
export interface CopyInContainer {
  engine: Engine;
  /** The container's name. */
  name: string;
  labels: Readonly<Record<string, string>>;
  storageFolder: string;
  /** As in LaunchProgress; left out where nobody looks. */
  activity?: (text: string) => void;
  log: (line: string) => void;
}

/** The files of a container that another process has launched: copies, where its label says so. */
export async function deliveredFiles({
  engine,
  name,
  labels,
  storageFolder,
  activity = () => undefined,
  log,
}: CopyInContainer): Promise<FileDelivery> {
  const folder = labels[containerLabels.copyOf];
  // A folder that is gone has nobody who waits for its files.
  const isThere = folder !== undefined && (await stat(folder).catch(() => null))?.isDirectory();
  if (!isThere) return bindFiles([]);
  return ArchiveFiles.plan({
    engine,
    name,
    image: '',
    paths: [{ source: folder, target: targetOf(folder), readOnly: false }],
    user: await containerUser(folder, false),
    labels,
    storageFolder,
    say: { activity, log },
  });
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
