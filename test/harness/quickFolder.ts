import { mkdtemp, readFile, realpath, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const inMemory = '/dev/shm';
const neededBytes = 2 * 1024 ** 3;

/**
 * A fresh folder for what tests write and throw away, without symbolic links in its path. It is in memory where the
 * machine has room for that: git and Kandev wait for the disk at every step, which takes most of the time of a test.
 */
export async function quickFolder(prefix: string): Promise<string> {
  const parent = (await hasMemoryDisk()) ? inMemory : os.tmpdir();
  return realpath(await mkdtemp(path.join(parent, prefix)));
}

/** Programs are started from there too, which some systems forbid. */
async function hasMemoryDisk(): Promise<boolean> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  const mount = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, at]) => at === inMemory);
  if (mount?.[2] !== 'tmpfs' || mount[3]?.split(',').includes('noexec')) return false;
  const { bavail, bsize } = await statfs(inMemory);
  return bavail * bsize > neededBytes;
}
