import { workspace } from 'vscode';
import { cardsOf, type BoardState } from './boardState.ts';

/** A path of an agent as people know it: from the top of the open folder, or of the clone or copy that it works in. */
export function shownPath(state: BoardState, file: string): string {
  const folder = workspace.workspaceFolders?.find(({ uri }) => uri.fsPath === file);
  if (folder) return folder.name;
  const inFolder = workspace.asRelativePath(file);
  if (inFolder !== file) return inFolder;
  for (const { run } of cardsOf(state)) {
    const root = run?.workspace?.root;
    if (root !== undefined && file.startsWith(`${root}/`)) return file.slice(root.length + 1);
  }
  return file;
}
