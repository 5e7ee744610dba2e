import { constants } from 'node:fs';
import { mkdir, open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { RefusedError, errorCodes } from '../acp/errors.ts';
import type { TextFiles } from '../acp/workspaceFiles.ts';
import type { EditorFiles } from '../model/editor.ts';

/** Larger texts are not handed to agents: they would be held in memory several times. */
const maxTextBytes = 64 * 1024 ** 2;
/** macOS: no link is followed, wherever in the path it is (sys/fcntl.h). */
const noFollowAny = 0x2000_0000;

/**
 * The texts of a workspace, for an agent that may change its folders at the same moment: as they are in an editor, else
 * on the disk. The path that it asked for was looked at before, but a folder of it can have become a link to outside
 * since. So each folder is opened out of the one above it, and links are not followed: on Linux by way of /proc, which
 * stands for `openat`; on macOS the system does it. On Windows, where agents work in a virtual machine and cannot make
 * links that this side follows, a path is a path.
 *
 * What is made belongs to the folder's owner, also where VS Code runs as root, as on a server: agents run as that owner
 * then, and could not change again what was made for them.
 */
export function heldFiles(editor: EditorFiles, folder: string): TextFiles {
  const place = (file: string): string => path.relative(folder, file);
  return {
    read: async (file) => editor.unsavedText(file) ?? (await readHeld(folder, place(file))),
    write: async (file, content) => {
      // The editor goes by the path: it is looked at right before.
      if (editor.isOpen(file)) {
        await (await openHeld(folder, place(file), constants.O_RDONLY))?.close();
        await editor.replace(file, content);
      } else {
        await writeHeld(folder, place(file), content);
      }
    },
  };
}

async function readHeld(folder: string, name: string): Promise<string | null> {
  const file = await openHeld(folder, name, constants.O_RDONLY);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > maxTextBytes) throw refused(`${name} is larger than ${maxTextBytes} bytes.`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function writeHeld(folder: string, name: string, content: string): Promise<void> {
  const file = await openHeld(folder, name, constants.O_WRONLY | constants.O_CREAT);
  try {
    await file?.truncate();
    await file?.writeFile(content);
  } finally {
    await file?.close();
  }
}

/**
 * Opens a plain file below a folder without following a link; with O_CREAT it is made, and the folders above it.
 * @returns null for one that is not there, and is not to be made
 * @throws RefusedError for a link, and for what is no plain file: a named pipe would block a thread for ever
 */
async function openHeld(folder: string, name: string, flags: number): Promise<FileHandle | null> {
  const segments = name.split(path.sep).filter((segment) => segment !== '');
  const last = segments.pop();
  if (last === undefined) throw refused('The workspace itself is no file.');
  const creates = (flags & constants.O_CREAT) !== 0;
  const above = await openFolder(folder, segments, creates);
  if (above === null) return null;
  try {
    return await openFile(above, last, flags);
  } catch (error) {
    if (!creates && codeOf(error) === 'ENOENT') return null;
    throw isLink(error) ? refused(`${name} leads elsewhere by a link.`, error) : error;
  } finally {
    await above.handle?.close();
  }
}

/** A folder that is held: what lies in it has this path for the system, whatever becomes of its name. */
interface HeldFolder {
  handle: FileHandle | null;
  path: string;
  /** Whom new files are given to; null when whoever makes them keeps them. */
  owner: { uid: number; gid: number } | null;
}

async function openFolder(
  folder: string,
  segments: readonly string[],
  creates: boolean,
): Promise<HeldFolder | null> {
  const root = await realpath(folder);
  const first = await open(root, constants.O_RDONLY);
  const { uid, gid } = await first.stat();
  const owner = process.getuid?.() === 0 && uid !== 0 ? { uid, gid } : null;
  if (process.platform !== 'linux') {
    await first.close();
    const above = path.join(root, ...segments);
    if (creates) await mkdir(above, { recursive: true });
    return { handle: null, path: above, owner };
  }
  let held: HeldFolder = { handle: first, path: `/proc/self/fd/${first.fd}`, owner };
  for (const segment of segments) {
    const next = await openBelow(held, segment, creates).finally(() => held.handle?.close());
    if (next === null) return null;
    held = { handle: next, path: `/proc/self/fd/${next.fd}`, owner };
  }
  return held;
}

async function openBelow(above: HeldFolder, name: string, creates: boolean): Promise<FileHandle | null> {
  const at = path.join(above.path, name);
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  try {
    return await open(at, flags);
  } catch (error) {
    if (isLink(error)) throw refused(`${name} leads elsewhere by a link.`, error);
    if (codeOf(error) !== 'ENOENT') throw error;
    if (!creates) return null;
  }
  const isNew = await mkdir(at).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    },
  );
  const made = await open(at, flags);
  if (isNew && above.owner) await made.chown(above.owner.uid, above.owner.gid);
  return made;
}

async function openFile(above: HeldFolder, name: string, flags: number): Promise<FileHandle> {
  const at = path.join(above.path, name);
  const noLinks = process.platform === 'darwin' ? noFollowAny : constants.O_NOFOLLOW;
  // What is there keeps its owner: only who finds nothing makes it.
  const { file, isNew } = await open(at, (flags & ~constants.O_CREAT) | noLinks | constants.O_NONBLOCK).then(
    (found) => ({ file: found, isNew: false }),
    async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT' || (flags & constants.O_CREAT) === 0) throw error;
      return { file: await open(at, flags | constants.O_EXCL | noLinks, 0o666), isNew: true };
    },
  );
  const stats = await file.stat();
  if (!stats.isFile()) {
    await file.close();
    throw refused(`${name} is no plain file.`);
  }
  if (isNew && above.owner) await file.chown(above.owner.uid, above.owner.gid);
  return file;
}

/** Opening a folder says ENOTDIR of a link, opening a file ELOOP. */
function isLink(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ELOOP' || code === 'ENOTDIR';
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function refused(message: string, cause?: unknown): RefusedError {
  return new RefusedError(errorCodes.invalidParams, message, { cause });
}
