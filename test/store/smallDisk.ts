import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const isRoot = process.getuid?.() === 0;
/** Starts a command in a place where it may mount. */
const inNamespace = [
  'unshare',
  ...(isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount']),
] as const;

/**
 * A real file system of a few megabytes in memory, which only those see who enter it, and which is gone with the process
 * that holds it: nothing is left behind however a test ends. Linux only.
 */
export class SmallDisk {
  readonly #holder: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Put before a command, it lets the command see the disk. */
  readonly enter: readonly string[];
  /** Where it is for those who have not entered. */
  readonly #root: string;

  private constructor(holder: ChildProcessByStdio<Writable, Readable, Readable>, path: string) {
    this.#holder = holder;
    const pid = String(holder.pid);
    const namespaces = isRoot ? ['--mount'] : ['--user', '--preserve-credentials', '--mount'];
    this.enter = ['nsenter', '--target', pid, ...namespaces];
    this.#root = join('/proc', pid, 'root', path);
  }

  /**
   * @param path a folder that is there; on it the disk is mounted
   * @throws Error where nothing may be mounted
   */
  static async mount(path: string, megabytes: number): Promise<SmallDisk> {
    const script = `mount -t tmpfs -o size=${megabytes}m tmpfs "$0" && echo mounted && exec cat`;
    const [command, ...namespaces] = inNamespace;
    const holder = spawn(command, [...namespaces, 'sh', '-c', script, path], { stdio: 'pipe' });
    const errors: Buffer[] = [];
    holder.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    const ended = once(holder, 'close').then(() => {
      throw new Error(
        `No small disk could be mounted, and a full one is not tested without: run the tests as root, or allow user namespaces. ${Buffer.concat(errors).toString()}`,
      );
    });
    await Promise.race([once(holder.stdout, 'data'), ended]);
    ended.catch(() => undefined);
    return new SmallDisk(holder, path);
  }

  /** Takes room away from everybody else. */
  async fill(bytes: number): Promise<void> {
    await mkdir(join(this.#root, 'filler'));
    await writeFile(join(this.#root, 'filler', 'filler'), Buffer.alloc(bytes));
  }

  /** Gives it back. */
  async makeRoom(): Promise<void> {
    await rm(join(this.#root, 'filler'), { recursive: true });
  }

  /** It is gone when nobody who has entered it is left, either. */
  async unmount(): Promise<void> {
    const closed = once(this.#holder, 'close');
    this.#holder.stdin.end();
    await closed;
  }
}
