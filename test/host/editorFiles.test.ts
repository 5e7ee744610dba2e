import { ok, rejects, strictEqual } from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commands, Position, window, workspace } from 'vscode';
import { editorFiles } from '../../src/providers/editorFiles.ts';

function inFolder(name: string): string {
  const folder = workspace.workspaceFolders?.[0];
  ok(folder);
  return path.join(folder.uri.fsPath, name);
}

describe('the files that an agent asks the editor for', () => {
  it('are left to the disk, where no editor has them open', async () => {
    await writeFile(inFolder('closed.txt'), 'on the disk\n');
    strictEqual(editorFiles.isOpen(inFolder('closed.txt')), false);
    strictEqual(editorFiles.unsavedText(inFolder('closed.txt')), null);
    await rejects(editorFiles.replace(inFolder('closed.txt'), 'x'), /not open/);
    strictEqual(await readFile(inFolder('closed.txt'), 'utf8'), 'on the disk\n');
  });

  it('are as they were typed, before they are saved', async () => {
    await writeFile(inFolder('typed.txt'), 'saved\n');
    const editor = await window.showTextDocument(await workspace.openTextDocument(inFolder('typed.txt')));
    await editor.edit((edit) => {
      edit.insert(new Position(0, 0), 'not ');
    });
    strictEqual(editorFiles.unsavedText(inFolder('typed.txt')), 'not saved\n');
    strictEqual(await readFile(inFolder('typed.txt'), 'utf8'), 'saved\n');
    await commands.executeCommand('workbench.action.files.revert');
  });

  it('change in the editor that has them open, and “Undo” brings back what was typed there', async () => {
    await writeFile(inFolder('open.txt'), 'one\n');
    const document = await workspace.openTextDocument(inFolder('open.txt'));
    const editor = await window.showTextDocument(document);
    await editor.edit((edit) => {
      edit.insert(new Position(1, 0), 'mine\n');
    });
    strictEqual(editorFiles.isOpen(inFolder('open.txt')), true);
    await editorFiles.replace(inFolder('open.txt'), 'one\ntwo\n');
    strictEqual(document.getText(), 'one\ntwo\n');
    strictEqual(document.isDirty, false);
    strictEqual(await readFile(inFolder('open.txt'), 'utf8'), 'one\ntwo\n');
    await window.showTextDocument(document);
    await commands.executeCommand('undo');
    strictEqual(document.getText(), 'one\nmine\n');
    await commands.executeCommand('workbench.action.files.revert');
  });
});
