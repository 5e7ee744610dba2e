import path from 'node:path';
import { RefusedError, errorCodes } from './errors.ts';

/** One folder of the workspace, by the two names it has. */
export interface WorkspaceFolder {
  /** In the agent's container: absolute, with slashes. */
  agentPath: string;
  /** On this machine: absolute, as the user opened it, which may be through a link. */
  hostPath: string;
}

/** What must be asked of the disk; `node:fs/promises` has it. Both reject with ENOENT for what is not there. */
export interface LinkReader {
  realpath(path: string): Promise<string>;
  /** Finds a link even if what it leads to is not there. */
  lstat(path: string): Promise<unknown>;
}

/**
 * Where a path of the agent lies on this machine, if that is in the workspace: a client that reads and writes for a
 * container must not reach further than the container does.
 *
 * What the disk looks like may change between the answer and its use: whoever opens the path follows no link in it.
 */
export class WorkspacePaths {
  readonly #first: WorkspaceFolder | undefined;
  /** The innermost first, where the agent has one inside another. */
  readonly #folders: readonly WorkspaceFolder[];
  readonly #disk: LinkReader;
  readonly #host: path.PlatformPath;

  /** Relative paths, which agents should not send, are taken to begin in the first folder. */
  constructor(folders: readonly WorkspaceFolder[], disk: LinkReader, host: path.PlatformPath = path) {
    this.#first = folders[0];
    this.#folders = [...folders].sort((a, b) => b.agentPath.length - a.agentPath.length);
    this.#disk = disk;
    this.#host = host;
  }

  /**
   * The path on this machine, without links but for those that lead to the workspace itself.
   * @throws RefusedError for what lies outside, by `..` or by a link, and for writing to where git keeps its own:
   * what is planted there would run on this machine.
   */
  async toHost(agentPath: string, access: 'read' | 'write'): Promise<string> {
    const { folder, segments } = this.#locate(agentPath);
    this.#checkSegments(agentPath, segments, access);
    const real = await this.#resolve(this.#host.join(folder.hostPath, ...segments), agentPath);
    for (const { hostPath } of this.#folders) {
      // One of several folders may be gone.
      const root = await this.#disk.realpath(hostPath).catch(() => null);
      const rest = root === null ? null : this.#host.relative(root, real);
      if (rest === null || !this.#isInside(rest)) continue;
      this.#checkSegments(agentPath, rest.split(this.#host.sep), access);
      return this.#host.join(hostPath, rest);
    }
    throw refused(`${agentPath} leads out of the workspace by a link.`);
  }

  /** A path of this machine as the agent knows it, or null if it is not in the workspace. */
  toAgent(hostPath: string): string | null {
    for (const folder of this.#folders) {
      const rest = this.#host.relative(folder.hostPath, hostPath);
      if (this.#isInside(rest)) return path.posix.join(folder.agentPath, ...rest.split(this.#host.sep));
    }
    return null;
  }

  #locate(agentPath: string): { folder: WorkspaceFolder; segments: string[] } {
    const absolute = path.posix.resolve(this.#first?.agentPath ?? '/', agentPath);
    for (const folder of this.#folders) {
      const rest = path.posix.relative(folder.agentPath, absolute);
      if (rest !== '..' && !rest.startsWith('../')) {
        return { folder, segments: rest.split('/').filter((segment) => segment !== '') };
      }
    }
    throw refused(`${agentPath} is outside of the workspace.`);
  }

  #checkSegments(agentPath: string, segments: readonly string[], access: 'read' | 'write'): void {
    // A backslash or a colon is an ordinary character for the agent, but not on Windows.
    const isStrange = (segment: string): boolean =>
      segment.includes('\0') || (this.#host.sep === '\\' && /[\\:]/.test(segment));
    if (segments.some(isStrange)) throw refused(`${agentPath} is no path on this machine.`);
    if (access === 'write' && segments.some(isGitFolder)) {
      throw refused(`${agentPath} belongs to git, and may only be read.`);
    }
  }

  #isInside(relative: string): boolean {
    const { sep } = this.#host;
    return relative !== '..' && !relative.startsWith(`..${sep}`) && !this.#host.isAbsolute(relative);
  }

  /** The path without links. Of what is yet to be created, the part that is there already. */
  async #resolve(hostPath: string, agentPath: string): Promise<string> {
    const missing: string[] = [];
    let current = hostPath;
    for (;;) {
      try {
        return this.#host.join(await this.#disk.realpath(current), ...missing);
      } catch (error) {
        if (!isMissing(error)) throw refused(`${agentPath} cannot be found out about.`, error);
      }
      // A link to nothing would be followed by whoever creates the file.
      if (await this.#exists(current)) throw refused(`${agentPath} leads nowhere by a link.`);
      missing.unshift(this.#host.basename(current));
      const parent = this.#host.dirname(current);
      if (parent === current) throw refused(`${agentPath} is on no disk of this machine.`);
      current = parent;
    }
  }

  async #exists(hostPath: string): Promise<boolean> {
    try {
      await this.#disk.lstat(hostPath);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

/** Also by the other names that Windows and macOS find it by. */
function isGitFolder(segment: string): boolean {
  const plain = segment.replaceAll(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '');
  return /^(\.git|git~\d+)[. ]*$/i.test(plain);
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function refused(message: string, cause?: unknown): RefusedError {
  return new RefusedError(errorCodes.invalidParams, message, { cause });
}
