import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { User } from '../model/user.ts';

/**
 * Who works in a folder: the name and address that git would write into a commit there, else the name of the account.
 * Reading the configuration runs nothing of the repository's own.
 */
export async function gitIdentity(folder: string | null): Promise<User> {
  const [name, email] = await Promise.all([
    configured('user.name', folder),
    configured('user.email', folder),
  ]);
  const account = userInfo().username;
  return { id: email ?? name ?? account, name: name ?? account, email };
}

async function configured(key: string, folder: string | null): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', ['config', '--get', key], {
      ...(folder === null ? {} : { cwd: folder }),
      timeout: 5000,
    });
    const value = stdout.trim();
    return value === '' ? null : value;
  } catch {
    // Not set, or no git: the account's name does.
    return null;
  }
}
