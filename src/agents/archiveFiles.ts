import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { pack, type Pack } from 'tar-stream';
import type { LaunchProgress } from './launchRequest.ts';
import { volumeAt } from './container.ts';
import type { FileDelivery, HostPath } from './containerFiles.ts';
import { homeFolder, type ContainerUser } from './containerUser.ts';
import type { Engine } from './engine.ts';
import { readKnown, writeKnown, type KnownFile, type KnownFiles } from './knownFiles.ts';
import { containerLabels } from './labels.ts';
import { mergeWork } from './mergeWork.ts';
import { addEntry, addParents, packFile, packFolder } from './packFolder.ts';
import { receiveWork } from './receiveWork.ts';
import { removeContainer } from './removeContainer.ts';
import { removeVolume } from './removeVolume.ts';

export interface ArchiveFilesOptions {
  engine: Engine;
  /** The name of the container that the files are for. */
  name: string;
  image: string;
  paths: readonly HostPath[];
  /** Whom the workspace belongs to in the container. */
  user: ContainerUser;
  /** Of the container; the volumes are found by them, too. */
  labels: Readonly<Record<string, string>>;
  /** A folder of this extension's own. */
  storageFolder: string;
  /** Is told what goes on, and what could not be brought back as it was. */
  say: Pick<LaunchProgress, 'activity' | 'log'>;
}

interface Volume {
  name: string;
  target: string;
  readOnly: boolean;
  /** Begins with what the image has there. */
  copiesImage: boolean;
  /** A folder that is all of the volume, or files that lie in it. */
  folder: HostPath | null;
  files: HostPath[];
}

const sendLimitMs = 15 * 60_000;
const silenceLimitMs = 60_000;
const removeLimitMs = 10_000;
const bringingBack = 'Bringing the files back from the engine';
const tellEachMs = 1_000;

/**
 * Copies files into volumes of the container's own, and the workspace back: for an engine that does not see this
 * machine's folders.
 */
export class ArchiveFiles implements FileDelivery {
  readonly kind = 'archive';
  readonly #options: ArchiveFilesOptions;
  #volumes: readonly Volume[] = [];
  #collecting: Promise<unknown> = Promise.resolve();

  private constructor(options: ArchiveFilesOptions, volumes: readonly Volume[]) {
    this.#options = options;
    this.#volumes = volumes;
  }

  static async plan(options: ArchiveFilesOptions): Promise<ArchiveFiles> {
    return new ArchiveFiles(options, await planVolumes(options.name, options.paths));
  }

  get mounts(): readonly Dockerode.MountSettings[] {
    return this.#volumes.map(({ name, target, readOnly, copiesImage }) => ({
      ...volumeAt(name, target, { copiesImage }),
      ReadOnly: readOnly,
    }));
  }

  /**
   * A container that is never started is enough to fill volumes: what is put into it is unpacked by the engine, and
   * needs nothing of the image.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    const { engine, image, name, labels, say } = this.#options;
    say.activity('Sending the files to the engine');
    const filler = `${name}-files`;
    try {
      for (const volume of this.#volumes) {
        await engine.call(
          `creating volume ${volume.name}`,
          (docker, abortSignal) =>
            docker.createVolume({ Name: volume.name, Labels: { ...labels }, abortSignal }),
          { signal },
        );
      }
      const Mounts = this.#volumes.map(({ name, target, copiesImage }) =>
        volumeAt(name, target, { copiesImage }),
      );
      const container = await engine.call(
        `creating container ${filler}`,
        (docker, abortSignal) =>
          docker.createContainer({
            name: filler,
            Image: image,
            Entrypoint: ['none'],
            Labels: { ...labels },
            HostConfig: { NetworkMode: 'none', Mounts },
            abortSignal,
          }),
        { signal, limitMs: 30_000 },
      );
      await this.#send(container.id, signal);
    } catch (error) {
      await removeContainer(engine, filler, removeLimitMs).catch(() => undefined);
      await this.remove().catch(() => undefined);
      throw error;
    }
    await removeContainer(engine, filler, removeLimitMs);
  }

  async collect(containerId: string, signal?: AbortSignal): Promise<readonly string[]> {
    // One after another: each begins with what the one before has left.
    const collected = this.#collecting.then(() => {
      signal?.throwIfAborted();
      return this.#collect(containerId, signal);
    });
    this.#collecting = collected.catch(() => undefined);
    return collected;
  }

  async remove(): Promise<void> {
    const { engine, labels } = this.#options;
    await removeVolumesOf(engine, labels[containerLabels.run] ?? '');
    for (const volume of this.#volumes) await rm(this.#knownFile(volume), { force: true });
  }

  async #send(containerId: string, signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    const archive = pack();
    const body = Readable.from(archive);
    const sent = engine.call(
      'sending the files',
      (docker, abortSignal) => docker.getContainer(containerId).putArchive(body, { path: '/', abortSignal }),
      { signal, limitMs: sendLimitMs },
    );
    try {
      await Promise.all([sent, this.#write(archive)]);
    } catch (error) {
      // Whichever of the two failed, the other would wait for ever.
      body.once('error', () => undefined).destroy(error as Error);
      signal.throwIfAborted();
      throw error;
    }
  }

  async #write(archive: Pack): Promise<void> {
    const { user } = this.#options;
    for (const volume of this.#volumes) {
      const target = volume.target.slice(1);
      if (volume.folder) {
        await addParents(archive, target);
        const known = await packFolder(archive, { source: volume.folder.source, target, owner: user });
        if (!volume.readOnly) await this.#keepKnown(volume, known);
      } else if (!volume.copiesImage) {
        await addEntry(archive, { name: `${target}/`, type: 'directory', mode: 0o700, ...user });
      }
      for (const file of volume.files) {
        const stats = await stat(file.source);
        const header = { name: file.target.slice(1), mode: stats.mode, mtime: stats.mtime };
        await packFile(archive, file.source, stats, volume.copiesImage ? header : { ...header, ...user });
      }
    }
    archive.finalize();
  }

  async #collect(containerId: string, signal: AbortSignal | undefined): Promise<string[]> {
    const problems: string[] = [];
    for (const volume of this.#volumes) {
      if (volume.folder && !volume.readOnly) {
        problems.push(...(await this.#collectFolder(containerId, volume, volume.folder.source, signal)));
      }
    }
    return problems;
  }

  async #collectFolder(
    containerId: string,
    volume: Volume,
    root: string,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const { engine, say } = this.#options;
    say.activity(bringingBack);
    const known: KnownFiles = (await readKnown(this.#knownFile(volume))) ?? new Map<string, KnownFile>();
    const staging = `${root}.receiving`;
    await rm(staging, { recursive: true, force: true });
    try {
      const stream = await engine.call(
        `reading ${volume.target}`,
        (docker, abortSignal) =>
          docker.getContainer(containerId).getArchive({ path: volume.target, abortSignal }),
        { ...(signal ? { signal } : {}), limitMs: silenceLimitMs },
      );
      const tell = (bytes: number): void => {
        say.activity(`${bringingBack}: ${Math.round(bytes / 1024 ** 2)} MB`);
      };
      const archive = Readable.from(untilSilent(stream, { limitMs: silenceLimitMs, tell, signal }));
      const received = await receiveWork(archive, { target: volume.target, root, known, staging });
      const problems = await mergeWork({ root, known, received, staging, owner: await ownerOf(root) });
      await this.#keepKnown(volume, received.now);
      const notes = [...received.leftOut, ...problems];
      for (const note of notes) say.log(note);
      return notes;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }

  async #keepKnown(volume: Volume, known: KnownFiles): Promise<void> {
    const file = this.#knownFile(volume);
    await mkdir(path.dirname(file), { recursive: true });
    await writeKnown(file, known);
  }

  /** On the disk: a window that is reloaded goes on with the container. */
  #knownFile(volume: Volume): string {
    return path.join(this.#options.storageFolder, 'copies', `${volume.name}.json`);
  }
}

async function planVolumes(name: string, paths: readonly HostPath[]): Promise<Volume[]> {
  const folders: HostPath[] = [];
  const files: HostPath[] = [];
  for (const hostPath of paths) {
    ((await stat(hostPath.source)).isDirectory() ? folders : files).push(hostPath);
  }
  // What protects the host's own files needs no place of its own in a copy.
  const isApart = ({ target }: HostPath): boolean =>
    !folders.some((folder) => target.startsWith(`${folder.target}/`));
  const volumes: Omit<Volume, 'name'>[] = folders.filter(isApart).map((folder) => ({
    target: folder.target,
    readOnly: folder.readOnly,
    copiesImage: false,
    folder,
    files: [],
  }));
  // A volume cannot be one file: it is the folder around it, with what the image has in there.
  for (const [target, inside] of groupByFolder(files.filter(isApart))) {
    const isHome = target === homeFolder;
    volumes.push({ target, readOnly: !isHome, copiesImage: !isHome, folder: null, files: inside });
  }
  return volumes.map((volume, index) => ({ ...volume, name: `${name}-${index}` }));
}

function groupByFolder(files: readonly HostPath[]): Map<string, HostPath[]> {
  const groups = new Map<string, HostPath[]>();
  for (const file of files) {
    const folder = path.posix.dirname(file.target);
    groups.set(folder, [...(groups.get(folder) ?? []), file]);
  }
  return groups;
}

/** Removes the volumes that were filled for a run. */
async function removeVolumesOf(engine: Engine, runId: string): Promise<void> {
  const filters = { label: [`${containerLabels.run}=${runId}`] };
  const { Volumes } = await engine.call('listing volumes', (docker, abortSignal) =>
    docker.listVolumes({ filters, abortSignal }),
  );
  // Podman says null where there is none.
  for (const { Name } of (Volumes as typeof Volumes | null) ?? []) await removeVolume(engine, Name);
}

/** Root works for whom the folder belongs to; everybody else for themselves. */
async function ownerOf(root: string): Promise<ContainerUser | null> {
  if (process.getuid?.() !== 0) return null;
  const { uid, gid } = await stat(root);
  return { uid, gid };
}

/**
 * What a stream gives, until nothing has come for so long, or it is called off: then it fails.
 *
 * @param tell is told every second how many bytes have come
 */
async function* untilSilent(
  stream: NodeJS.ReadableStream,
  {
    limitMs,
    tell,
    signal,
  }: { limitMs: number; tell: (bytes: number) => void; signal: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  const end = (reason: Error): void => {
    (stream as NodeJS.ReadableStream & { destroy(error: Error): void }).destroy(reason);
  };
  const callOff = (): void => {
    end(signal?.reason as Error);
  };
  const timer = setTimeout(() => {
    end(new Error(`The engine has sent nothing for ${limitMs / 1000} s.`));
  }, limitMs);
  signal?.addEventListener('abort', callOff, { once: true });
  let bytes = 0;
  let told = Date.now();
  try {
    for await (const chunk of stream) {
      timer.refresh();
      bytes += (chunk as Buffer).length;
      if (Date.now() - told >= tellEachMs) {
        tell(bytes);
        told = Date.now();
      }
      yield chunk as Buffer;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', callOff);
  }
}
