import { commands, extensions, Uri, window, workspace } from 'vscode';
import { resultUri } from './resultFiles.ts';

/** What is used of the API of VS Code's git extension, version 1. */
interface GitExtension {
  getAPI(version: 1): GitApi;
}
interface GitApi {
  getRepository(uri: Uri): GitRepository | null;
  openRepository(root: Uri): Promise<GitRepository | null>;
}
interface GitRepository {
  status(): Promise<void>;
}

/**
 * Opens a file of a repository that git holds to be in conflict in VS Code's merge editor; where there is none for it
 * (one side has deleted it, the git extension is off), the file itself, or the list of them.
 * @param root the top of the repository
 */
export async function openConflict(root: string, path: string): Promise<void> {
  const file = Uri.joinPath(Uri.file(root), path);
  const isThere = await exists(file);
  if (isThere && (await knowsRepository(root, file))) {
    await commands.executeCommand('git.openMergeEditor', file);
  } else if (isThere) await window.showTextDocument(file);
  else await commands.executeCommand('workbench.view.scm');
}

/** Opens a file that is as it was, and what an agent has made of its origin, in VS Code's merge editor. */
export async function openComparison(
  taskId: string,
  root: string,
  path: string,
  titles: { theirs: string; ours: string },
): Promise<void> {
  const file = Uri.joinPath(Uri.file(root), path);
  const document = (side: 'before' | 'after', as: 'text' | 'disk'): Uri =>
    resultUri(file, { span: { taskId }, side, path, as });
  await commands.executeCommand('_open.mergeEditor', {
    base: document('before', 'text'),
    input1: { uri: document('after', 'text'), title: titles.theirs },
    input2: { uri: document('after', 'disk'), title: titles.ours },
    output: file,
  });
}

async function knowsRepository(root: string, file: Uri): Promise<boolean> {
  const extension = extensions.getExtension<GitExtension>('vscode.git');
  if (!extension) return false;
  try {
    const api = (await extension.activate()).getAPI(1);
    const repository = api.getRepository(file) ?? (await api.openRepository(Uri.file(root)));
    // It reads of the conflict before it is asked for it.
    await repository?.status();
    return repository !== null;
  } catch {
    // Switched off by the setting `git.enabled`.
    return false;
  }
}

async function exists(file: Uri): Promise<boolean> {
  return workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
}
