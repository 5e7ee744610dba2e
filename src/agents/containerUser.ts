import { randomUUID } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { HostPath } from './containerFiles.ts';

/** Whom the agent runs as: what it writes into the user's folder belongs to them. */
export interface ContainerUser {
  uid: number;
  gid: number;
}

/** Where the agent's files of its own go; nothing of it outlives the container. */
export const homeFolder = '/home/agent';

/** Where a system has no such ids (Windows), Docker Desktop maps whatever it is to the user. */
const anybody: ContainerUser = { uid: 1000, gid: 1000 };

/**
 * @param self the ids of this process; null on Windows
 * @param folderOwner who owns the folder that the agent works in
 */
export function chooseUser(
  self: ContainerUser | null,
  folderOwner: ContainerUser,
  rootless: boolean,
): ContainerUser {
  if (self === null) return anybody;
  // A rootless engine maps its root to whoever runs it.
  if (rootless) return { uid: 0, gid: 0 };
  // Without capabilities root cannot write what belongs to another one.
  return self.uid === 0 ? folderOwner : self;
}

export async function containerUser(folder: string, rootless: boolean): Promise<ContainerUser> {
  const { uid, gid } = await stat(folder);
  const self = process.getuid && process.getgid ? { uid: process.getuid(), gid: process.getgid() } : null;
  return chooseUser(self, { uid, gid }, rootless);
}

/** The files that give a user id a name and a home. Without them ssh and git refuse to work. */
export interface IdentityFiles {
  passwd: string;
  group: string;
}

export function identityPaths({ passwd, group }: IdentityFiles): HostPath[] {
  return [
    { source: passwd, target: '/etc/passwd', readOnly: true },
    { source: group, target: '/etc/group', readOnly: true },
  ];
}

/** Writes a user's identity files below the storage folder, where they are still missing. */
export async function writeIdentity(
  storageFolder: string,
  { uid, gid }: ContainerUser,
): Promise<IdentityFiles> {
  const folder = path.join(storageFolder, 'identity', `${uid}-${gid}`);
  const files = { passwd: path.join(folder, 'passwd'), group: path.join(folder, 'group') };
  await mkdir(folder, { recursive: true });
  await writeOnce(files.passwd, passwdOf({ uid, gid }));
  await writeOnce(files.group, groupOf(gid));
  return files;
}

function passwdOf({ uid, gid }: ContainerUser): string {
  const agent = `agent:x:${uid}:${gid}:agent:${homeFolder}:/bin/sh\n`;
  return uid === 0 ? agent : `root:x:0:0:root:/root:/bin/sh\n${agent}`;
}

function groupOf(gid: number): string {
  return gid === 0 ? 'agent:x:0:\n' : `root:x:0:\nagent:x:${gid}:\n`;
}

/** Puts a file there in one step. A file that is mounted somewhere is never written again. */
async function writeOnce(file: string, text: string): Promise<void> {
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, text, { mode: 0o644 });
  await rename(temporary, file);
}
