import * as vscode from 'vscode';
import type { Kandev } from '../../api/contract.ts';
import { checkPictureSize, type Picture } from '../../model/picture.ts';

/** Has the user choose picture files in VS Code's own dialog, and keeps them for messages on a card. */
export async function choosePictures(kandev: Kandev, taskId: string): Promise<Picture[]> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Add Pictures to the Message'),
    openLabel: vscode.l10n.t('Add'),
    canSelectMany: true,
    filters: { [vscode.l10n.t('Pictures')]: ['png', 'jpg', 'jpeg', 'gif', 'webp'] },
  });
  const pictures: Picture[] = [];
  for (const uri of chosen ?? []) {
    const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
    // What is far too large is not even read.
    checkPictureSize(name, (await vscode.workspace.fs.stat(uri)).size);
    const content = await vscode.workspace.fs.readFile(uri);
    const data = Buffer.from(content).toString('base64');
    pictures.push(await kandev.execute('picture.add', { taskId, name, data }));
  }
  return pictures;
}
