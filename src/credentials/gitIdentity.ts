import { userInfo } from 'node:os';
import type { User } from '../model/user.ts';
import { askGit, type Host } from './host.ts';

/** What git writes into a commit; null where it is not configured. */
export interface GitIdentity {
  name: string | null;
  email: string | null;
}

/** The name and address that git would write into a commit in a folder. */
export async function gitIdentity(host: Host, folder: string | null): Promise<GitIdentity> {
  const [name, email] = await Promise.all([
    askGit(host, ['config', '--get', 'user.name'], folder),
    askGit(host, ['config', '--get', 'user.email'], folder),
  ]);
  return { name, email };
}

/** Who works in a folder: whoever git names there, else the name of the account. */
export async function userOf(host: Host, folder: string | null): Promise<User> {
  const { name, email } = await gitIdentity(host, folder);
  const account = userInfo().username;
  return { id: email ?? name ?? account, name: name ?? account, email };
}
