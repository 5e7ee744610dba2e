import { joinPaths, splitPaths, textOf, type GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';

type Call = Pick<GitCall, 'doing' | 'signal'> & { site: GitSite };

/** A file in a tree: its mode as git has it (`100644`, `100755`, `120000`, `160000`) and the id of its content. */
export interface TreeEntry {
  mode: string;
  oid: string;
}

/** What two trees have at one path; null where there is nothing. */
export interface TreeDifference {
  before: TreeEntry | null;
  after: TreeEntry | null;
}

/** A file that is not the same in two states. Paths are relative to the workspace's root. */
export interface FileChange {
  path: string;
  kind: 'added' | 'modified' | 'deleted' | 'renamed';
  /** The name it had, when it was renamed. */
  oldPath: string | null;
  /** Lines; null when the file is not text. */
  added: number | null;
  removed: number | null;
  /** How large it is, on the side where it is larger; null when that is not known. */
  bytes: number | null;
  /** When it can be executed now and could not before, or the other way round. */
  modeChanged: boolean;
  isLink: boolean;
  /** Names what it is after the change: another name, another content. Null when it is gone. */
  content: string | null;
}

export async function writeTree(git: HostGit, call: Call): Promise<string> {
  // A partial clone lacks objects that are only needed to look into them.
  return git.text(['write-tree', '--missing-ok'], call);
}

export interface CommitContent {
  tree: string;
  parents?: readonly string[];
  message: string;
  /** Whose commit it is; the user's own identity when left out. */
  author?: 'kandev';
}

const kandev = {
  GIT_AUTHOR_NAME: 'Kandev',
  GIT_AUTHOR_EMAIL: 'kandev@localhost',
  GIT_COMMITTER_NAME: 'Kandev',
  GIT_COMMITTER_EMAIL: 'kandev@localhost',
};

/** @throws UserError when git does not know who the user is */
export async function commitTree(git: HostGit, content: CommitContent, call: Call): Promise<string> {
  const parents = (content.parents ?? []).flatMap((parent) => ['-p', parent]);
  return git.text(['commit-tree', content.tree, ...parents, '-F', '-'], {
    ...call,
    input: content.message,
    ...(content.author === 'kandev' ? { environment: kandev } : {}),
  });
}

/** What differs between two trees, file by file; renamed files are one that went and one that came. */
export async function diffTrees(
  git: HostGit,
  before: string,
  after: string,
  call: Call,
): Promise<Map<GitPath, TreeDifference>> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-ext-diff', before, after];
  const fields = splitPaths((await git.run(args, call)).stdout);
  const differences = new Map<GitPath, TreeDifference>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const path = fields[at + 1];
    if (path !== undefined) differences.set(path, differenceOf(fields[at] ?? ''));
  }
  return differences;
}

function differenceOf(header: string): TreeDifference {
  const [oldMode = '', newMode = '', oldOid = '', newOid = ''] = header.replace(/^:/, '').split(' ');
  return { before: entryOf(oldMode, oldOid), after: entryOf(newMode, newOid) };
}

function entryOf(mode: string, oid: string): TreeEntry | null {
  return mode === '000000' ? null : { mode, oid };
}

export function isSameEntry(one: TreeEntry | null, other: TreeEntry | null): boolean {
  return one?.oid === other?.oid && one?.mode === other?.mode;
}

/** What differs between two trees, as it is shown: renames recognised, lines counted; sorted by path. */
export async function listChanges(
  git: HostGit,
  before: string,
  after: string,
  call: Call,
): Promise<FileChange[]> {
  const shown = ['--raw', '--numstat', '--find-renames', '--no-ext-diff', '--no-textconv'];
  const { stdout } = await git.run(['diff-tree', '-r', '-z', ...shown, before, after], call);
  const fields = splitPaths(stdout);
  const changes = new Map<GitPath, FileChange>();
  const contents = new Map<FileChange, string[]>();
  for (let at = 0; at < fields.length;) {
    const field = fields[at] ?? '';
    const isRename = field.startsWith(':') ? / [RC]\d*$/.test(field) : field.endsWith('\t');
    const [first, second] = [fields[at + 1], fields[at + 2]];
    if (field.startsWith(':')) {
      const path = isRename ? second : first;
      if (path !== undefined) {
        const change = changeOf(field, path, isRename ? (first ?? null) : null);
        changes.set(path, change);
        const { before, after } = differenceOf(field);
        contents.set(
          change,
          [before, after].flatMap((entry) => (entry ? [entry.oid] : [])),
        );
      }
      at += isRename ? 3 : 2;
    } else {
      const [added = '-', removed = '-', ...name] = field.split('\t');
      const path = isRename ? second : (name.join('\t') as GitPath);
      const change = path === undefined ? undefined : changes.get(path);
      if (change && added !== '-') Object.assign(change, { added: Number(added), removed: Number(removed) });
      at += isRename ? 3 : 1;
    }
  }
  const sizes = await sizesOf(git, new Set([...contents.values()].flat()), call);
  for (const [change, oids] of contents) {
    const known = oids.flatMap((oid) => sizes.get(oid) ?? []);
    if (known.length > 0) change.bytes = Math.max(...known);
  }
  return [...changes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** In bytes; of what is not there, such as a submodule's commit, nothing. */
async function sizesOf(git: HostGit, oids: ReadonlySet<string>, call: Call): Promise<Map<string, number>> {
  if (oids.size === 0) return new Map();
  const input = [...oids].map((oid) => `${oid}\n`).join('');
  const { stdout } = await git.run(['cat-file', '--batch-check'], { ...call, input });
  const lines = Buffer.from(stdout).toString('latin1').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [oid = '', type, size] = line.split(' ');
      return type === 'blob' ? [[oid, Number(size)] as const] : [];
    }),
  );
}

function changeOf(header: string, path: GitPath, oldPath: GitPath | null): FileChange {
  const { before, after } = differenceOf(header);
  const kind =
    oldPath !== null ? 'renamed' : before === null ? 'added' : after === null ? 'deleted' : 'modified';
  return {
    path: textOf(path),
    kind,
    oldPath: oldPath === null ? null : textOf(oldPath),
    added: null,
    removed: null,
    bytes: null,
    modeChanged: before !== null && after !== null && before.mode !== after.mode,
    isLink: (after ?? before)?.mode === '120000',
    content: after?.oid ?? null,
  };
}

/** What a tree has at a path; null where there is no file. */
export async function entryAt(
  git: HostGit,
  tree: string,
  path: GitPath,
  call: Call,
): Promise<TreeEntry | null> {
  const args = ['ls-tree', '-z', '--full-tree', tree, '--', textOf(path)];
  const [line = ''] = splitPaths((await git.run(args, call)).stdout);
  const [, mode, type, oid] = /^(\d+) (\w+) ([0-9a-f]+)\t/.exec(line) ?? [];
  return mode !== undefined && oid !== undefined && type === 'blob' ? { mode, oid } : null;
}

/** The content of a file, or of a link the path it points to. */
export async function contentOf(git: HostGit, oid: string, call: Call): Promise<Uint8Array> {
  return (await git.run(['cat-file', 'blob', oid], call)).stdout;
}

export async function writeBlob(git: HostGit, content: Uint8Array, call: Call): Promise<string> {
  return git.text(['hash-object', '-w', '--no-filters', '--stdin'], { ...call, input: content });
}

/** Sets paths of an index to given contents; null takes a path out. */
export async function setEntries(
  git: HostGit,
  entries: ReadonlyMap<GitPath, TreeEntry | null>,
  call: Call,
): Promise<void> {
  const gone = [...entries].flatMap(([path, entry]) => (entry === null ? path : []));
  const set = [...entries].flatMap(([path, entry]) =>
    entry === null ? [] : `${entry.mode} ${entry.oid}\t${path}\0`,
  );
  // What goes first: a file cannot come where a folder still is.
  if (gone.length > 0) {
    await git.run(['update-index', '-z', '--force-remove', '--stdin'], { ...call, input: joinPaths(gone) });
  }
  if (set.length > 0) {
    const input = Buffer.from(set.join(''), 'latin1');
    await git.run(['update-index', '-z', '--add', '--replace', '--index-info'], { ...call, input });
  }
}
