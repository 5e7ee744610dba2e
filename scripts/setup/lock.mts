import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { missingCommands } from './debian.mts';

/**
 * Runs an action while no other process runs one under the same lock file. The lock is flock(1)'s and is held by a
 * child that ends with us, so that a killed process leaves no lock behind. Where there is no flock (not Linux), the
 * action runs without.
 */
export async function withLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  if (missingCommands(['flock']).length > 0) return action();
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  const first = await Promise.race([once(holder.stdout, 'data'), exited.then(() => undefined)]);
  if (first === undefined) throw new Error(`Cannot lock ${file}.`);
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await exited;
  }
}
