import type Dockerode from 'dockerode';
import type { SharedMount } from '../credentials/shareCredentials.ts';

/** One file or folder of this machine that a container is given. */
export interface HostPath {
  /** Absolute, on this machine. It must exist. */
  source: string;
  /** Absolute, in the container. */
  target: string;
  readOnly: boolean;
  /** The container is given no copy: it goes without where the engine does not see it. Left out: false. */
  isMountOnly?: boolean;
}

/**
 * How files of this machine get into a container, and what was written to them back: the one place that knows whether
 * the engine sees this machine's folders. Whoever wants a file in the container adds a `HostPath`, and asks no more.
 */
export interface FileDelivery {
  /** `bind`: the container has the files themselves. `archive`: it has copies. */
  readonly kind: 'bind' | 'archive';
  /** For the container's creation. */
  readonly mounts: readonly Dockerode.MountSettings[];
  /** Readies what is mounted: to be called once, before the container is created. */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Brings back what was written: after each turn, and before the container is removed.
   *
   * @returns what could not be brought back as it was, in words for the user
   */
  collect(containerId: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Removes what was made for the container, when that is gone. */
  remove(): Promise<void>;
}

/** Mounts the files themselves, which an engine on this machine sees. */
export function bindFiles(paths: readonly HostPath[]): FileDelivery {
  return {
    kind: 'bind',
    mounts: paths.map(bindAt),
    prepare: () => Promise.resolve(),
    collect: () => Promise.resolve([]),
    remove: () => Promise.resolve(),
  };
}

/** Never `Binds`: those break at a colon, and make what is missing on the host, as root. */
function bindAt({ source, target, readOnly }: HostPath): Dockerode.MountSettings {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly };
}

/** What is shared is not copied to another machine, and not changed by agents. */
export function mountOnly(mount: SharedMount): HostPath {
  return { ...mount, readOnly: true, isMountOnly: true };
}
