import { basename, dirname, join } from 'node:path';

/**
 * The folder of a workspace's data, always the same one. VS Code hands out another, with the suffix `-1` … `-9`,
 * while an earlier extension host still holds the first (measured with Code 1.139: `vscode.lock`).
 */
export function storageFolder(storagePath: string): string {
  const workspaceFolder = dirname(storagePath);
  // The id of a workspace is a hash in hexadecimal: 32 digits on the desktop, up to 8 and perhaps a minus in a browser.
  const match = /^(-?[0-9a-f]+)-\d$/.exec(basename(workspaceFolder));
  return match?.[1] === undefined
    ? storagePath
    : join(dirname(workspaceFolder), match[1], basename(storagePath));
}
