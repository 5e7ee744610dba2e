import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';

/** A commit without parents, of a tree that is there and of small files beside it. */
export interface ImportedCommit {
  /** Points at it afterwards, wherever it pointed before. */
  ref: string;
  message: string;
  /** By their names at the top. */
  trees: Readonly<Record<string, string>>;
  files: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * Writes the files, their tree, the commit and its ref by one process, where git's single commands take one for each:
 * starting a process is most of what a checkpoint of a small folder costs. Either all of it is there afterwards, or the
 * ref is as it was.
 *
 * @returns the commit
 */
export async function importCommit(
  git: HostGit,
  { ref, message, trees, files }: ImportedCommit,
  call: Pick<GitCall, 'doing' | 'signal'> & { site: GitSite },
): Promise<string> {
  const contents = Object.entries(files);
  // A stream that was cut off does not end with `done`, and is refused.
  const args = ['fast-import', '--quiet', '--done', '--force', '--date-format=now'];
  return git.text(['-c', 'fastimport.unpackLimit=100', ...args], {
    ...call,
    input: Buffer.concat([
      ...contents.flatMap(([, content], at) => [Buffer.from(`blob\nmark :${at + 1}\n`), ...data(content)]),
      Buffer.from(`commit ${ref}\nmark :${contents.length + 1}\ncommitter Kandev <kandev@localhost> now\n`),
      ...data(message),
      ...contents.map(([name], at) => Buffer.from(`M 100644 :${at + 1} ${name}\n`)),
      ...Object.entries(trees).map(([name, oid]) => Buffer.from(`M 040000 ${oid} ${name}\n`)),
      Buffer.from(`\nget-mark :${contents.length + 1}\ndone\n`),
    ]),
  });
}

function data(content: string | Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(content);
  return [Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')];
}
