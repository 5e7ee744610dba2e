/** The texts of the folder that are open in an editor. Paths are absolute, on the machine of the folder. */
export interface EditorFiles {
  /** What is typed and not saved yet; null where there is nothing of the kind. */
  unsavedText(path: string): string | null;
  isOpen(path: string): boolean;
  /** Replaces what is in an open file, in its editor and on the disk, so that undo brings back what was there. */
  replace(path: string, content: string): Promise<void>;
  /** Absolute paths of files with changes that are not saved. */
  unsavedFiles(): readonly string[];
}
