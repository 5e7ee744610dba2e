import type { FileHandlers } from './clientHandlers.ts';
import type { WorkspacePaths } from './workspacePaths.ts';

/** The texts of a workspace as their user has them. Paths are of this machine. */
export interface TextFiles {
  /** An unsaved buffer wins over the disk. Null if there is no such file. */
  read(hostPath: string): Promise<string | null>;
  /** Creates the file and the folders it lies in, or replaces what is in it, also in an open editor. */
  write(hostPath: string, content: string): Promise<void>;
}

/** What answers an agent's requests for files: those of the workspace and no others. */
export function createFileHandlers(
  paths: WorkspacePaths,
  files: TextFiles,
  missingFile: 'error' | 'empty' = 'error',
): Required<FileHandlers> {
  return {
    missingFile,
    readTextFile: async (path) => files.read(await paths.toHost(path, 'read')),
    writeTextFile: async (path, content) => files.write(await paths.toHost(path, 'write'), content),
  };
}
