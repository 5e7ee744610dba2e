/** The texts of the folder as their user has them. Paths are absolute, on the machine of the folder. */
export interface EditorFiles {
  /** An unsaved buffer wins over the disk. Null if there is no such file. */
  read(path: string): Promise<string | null>;
  /** Creates the file and the folders it lies in, or replaces what is in it, also in an open editor. */
  write(path: string, content: string): Promise<void>;
  /** Absolute paths of files with changes that are not saved. */
  unsavedFiles(): readonly string[];
}
