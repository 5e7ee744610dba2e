import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { EditorFiles } from '../model/editor.ts';

/**
 * Files whose new ones belong to the folder's owner, also where the editor runs as root, as on a server: agents run as
 * that owner then, and could not change again what the editor has made for them.
 */
export function ownedFiles(files: EditorFiles, folder: string): EditorFiles {
  if (process.getuid?.() !== 0) return files;
  return {
    read: (file) => files.read(file),
    unsavedFiles: (...asked) => files.unsavedFiles(...asked),
    write: async (file, content) => {
      const made = await missingPart(file);
      await files.write(file, content);
      const { uid, gid } = await stat(folder);
      if (uid !== 0) for (const one of made) await giveTo(one, { uid, gid });
    },
  };
}

/** The file and the folders above it that are not there yet, from the outermost on. */
async function missingPart(file: string): Promise<string[]> {
  const missing: string[] = [];
  for (let place = file; !(await isThere(place)); place = path.dirname(place)) missing.unshift(place);
  return missing;
}

function isThere(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

/**
 * By a handle of which it is sure what it is: an agent may have put a link in the way meanwhile, and root can give away
 * anything.
 */
async function giveTo(place: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await handle.stat();
    const isOnlyOne = stats.isDirectory() || stats.nlink === 1;
    const same = (await realpath(`/proc/self/fd/${handle.fd}`)) === place;
    if (same && isOnlyOne && stats.uid === 0) await handle.chown(uid, gid);
  } catch {
    // It is gone or something else by now: whoever did that owns it.
  } finally {
    await handle?.close();
  }
}
