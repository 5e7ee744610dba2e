import type { EditorFiles } from '../../src/model/editor.ts';

/** Files as they are on the disk: where no editor is. */
export const diskFiles: EditorFiles = {
  unsavedText: () => null,
  isOpen: () => false,
  replace: () => Promise.reject(new Error('No editor has it open.')),
  unsavedFiles: () => [],
};
