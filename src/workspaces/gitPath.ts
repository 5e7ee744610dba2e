import path from 'node:path';

/**
 * A path as git has it: relative to the top of a tree, with slashes, one character for each of its bytes (latin1). File
 * names need not be UTF-8; what is decoded for people could not always be turned back into the name.
 */
export type GitPath = string & { readonly gitPath: unique symbol };

export function gitPathOf(text: string): GitPath {
  return Buffer.from(text, 'utf8').toString('latin1') as GitPath;
}

/** For people, and for programs that take names as text. */
export function textOf(gitPath: GitPath): string {
  return Buffer.from(gitPath, 'latin1').toString('utf8');
}

/** The paths in what git writes with `-z`. */
export function splitPaths(output: Buffer): GitPath[] {
  return output.toString('latin1').split('\0').slice(0, -1) as GitPath[];
}

/** The paths as git reads them with `-z`. */
export function joinPaths(paths: Iterable<GitPath>): Buffer {
  return Buffer.from([...paths].map((each) => `${each}\0`).join(''), 'latin1');
}

/** Where the file is, byte for byte. */
export function onDisk(root: string, gitPath: GitPath): Buffer {
  return Buffer.concat([Buffer.from(root + path.sep, 'utf8'), Buffer.from(gitPath, 'latin1')]);
}

/** A name in a folder; the top is the empty path. */
export function below(folder: GitPath | '', name: GitPath): GitPath {
  return folder === '' ? name : (`${folder.replace(/\/$/, '')}/${name}` as GitPath);
}

/** The folders that a path lies in, the nearest first: `a/b` and `a` for `a/b/c`. */
export function foldersOf(gitPath: GitPath): GitPath[] {
  const folders: GitPath[] = [];
  for (let at = gitPath.lastIndexOf('/'); at > 0; at = gitPath.lastIndexOf('/', at - 1)) {
    folders.push(gitPath.slice(0, at) as GitPath);
  }
  return folders;
}
