import { Range, Uri, workspace, WorkspaceEdit, type TextDocument } from 'vscode';
import type { EditorFiles } from '../model/editor.ts';

/** Files as this window has them: what is typed counts before it is saved, and what is written can be undone. */
export const editorFiles: EditorFiles = {
  unsavedText(path) {
    const document = openDocument(path);
    return document?.isDirty ? document.getText() : null;
  },

  isOpen(path) {
    return openDocument(path) !== undefined;
  },

  async replace(path, content) {
    const document = openDocument(path);
    if (!document) throw new Error(`${path} is not open any more.`);
    await replace(document, content);
  },

  unsavedFiles() {
    return workspace.textDocuments
      .filter(({ uri, isDirty, isClosed }) => isDirty && !isClosed && uri.scheme === 'file')
      .map(({ uri }) => uri.fsPath);
  },
};

function openDocument(path: string): TextDocument | undefined {
  const { fsPath } = Uri.file(path);
  return workspace.textDocuments.find(({ uri, isClosed }) => {
    return !isClosed && uri.scheme === 'file' && uri.fsPath === fsPath;
  });
}

/**
 * By an edit, so that the editor shows it at once and its undo brings back what was there, saved or not. The document
 * keeps its own line ends: changing them in the same edit would confuse the undo.
 */
async function replace(document: TextDocument, content: string): Promise<void> {
  const all = new Range(document.positionAt(0), document.positionAt(document.getText().length));
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, all, content);
  if (!(await workspace.applyEdit(edit)) || !(await document.save())) {
    throw new Error(`VS Code could not save ${document.uri.fsPath}.`);
  }
}
