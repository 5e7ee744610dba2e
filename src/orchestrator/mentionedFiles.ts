import { lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { RefusedError } from '../acp/errors.ts';
import { WorkspacePaths } from '../acp/workspacePaths.ts';
import { UserError } from '../model/failure.ts';
import { mentionsIn } from '../model/mentions.ts';

/** So many files of a message are handed to the agent as such; what is said of the others it still reads. */
const mostFiles = 20;

/** Where an agent works, on this machine. */
export interface MentionPlace {
  /** All that it has. */
  root: string;
  /** What paths are relative to; in `root`. */
  workingFolder: string;
}

/** A file or folder of the workspace that a message mentions. */
export interface MentionedFile {
  /** Relative to the working folder, with slashes. */
  name: string;
  /** On this machine, without links. */
  path: string;
  /** Null for a folder. */
  bytes: number | null;
}

/**
 * The files and folders of the workspace that a message mentions with an `@`. What names none is no mention: names of
 * people and of packages begin with an `@`, too.
 */
export async function mentionedFiles(text: string, place: MentionPlace): Promise<MentionedFile[]> {
  const found: MentionedFile[] = [];
  for (const mentioned of mentionsIn(text)) {
    if (found.length === mostFiles) break;
    const file = await find(mentioned, place).catch((error: unknown) => {
      if (error instanceof RefusedError) return null;
      throw error;
    });
    if (file) found.push(file);
  }
  return found;
}

/**
 * @param openFolder what the user has before them, which may be more than what the agent has
 * @throws UserError `invalid-input` where a message mentions a file that is there, and that its agent cannot see
 */
export async function checkMentions(text: string, place: MentionPlace, openFolder: string): Promise<void> {
  for (const mentioned of mentionsIn(text)) {
    const wanted = path.resolve(openFolder, mentioned);
    if (!(await exists(wanted))) continue;
    const file = await find(mentioned, place).catch((error: unknown) => {
      if (error instanceof RefusedError) return null;
      throw error;
    });
    if (file) continue;
    const isOwn = !isOutside(path.relative(openFolder, wanted));
    throw isOwn && place.workingFolder !== openFolder ? notCopied(mentioned) : outside(mentioned);
  }
}

async function find(mentioned: string, { root, workingFolder }: MentionPlace): Promise<MentionedFile | null> {
  const wanted = path.resolve(workingFolder, mentioned);
  const inRoot = path.relative(root, wanted);
  if (isOutside(inRoot)) return null;
  const paths = new WorkspacePaths([{ agentPath: '/', hostPath: root }], { realpath, lstat });
  const hostPath = await paths.toHost(`/${inRoot.split(path.sep).join('/')}`, 'read');
  const found = await stat(hostPath).catch(() => null);
  if (!found || !(found.isFile() || found.isDirectory())) return null;
  const name = path.relative(workingFolder, wanted).split(path.sep).join('/');
  return { name: name === '' ? '.' : name, path: hostPath, bytes: found.isFile() ? found.size : null };
}

function isOutside(relative: string): boolean {
  return relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
}

function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

function outside(mentioned: string): UserError {
  return new UserError({
    reason: 'invalid-input',
    message: `“${mentioned}” is outside of the folder that the agent works in, so it cannot see it. Copy it there, or take its @ away.`,
  });
}

function notCopied(mentioned: string): UserError {
  return new UserError({
    reason: 'invalid-input',
    message: `“${mentioned}” is not in the workspace of this card: git ignores it, or it came later. Files named in the setting are copied into new workspaces.`,
    action: { kind: 'openSetting', setting: 'kandev.workspace.copyFiles' },
  });
}
