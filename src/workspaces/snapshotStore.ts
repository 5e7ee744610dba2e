import { createHash } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { UserError } from '../model/failure.ts';
import { checkOut } from './checkOut.ts';
import { joinPaths, splitPaths, textOf, type GitPath } from './gitPath.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';
import { importCommit } from './importCommit.ts';
import { keepBorrowed } from './keepBorrowed.ts';
import { KeyedLock } from './keyedLock.ts';
import type { Head } from './repositoryRefs.ts';
import {
  listIgnored,
  scanFiles,
  takeFiles,
  type Scanned,
  type ScanSite,
  type SkippedFile,
} from './scanFiles.ts';
import { commitTree, contentOf, entryAt, writeTree } from './trees.ts';
import type { WorkIndexes } from './workIndex.ts';

/** The files of a folder that snapshots are taken of. */
export interface SnapshotSource {
  /** The top: paths in the snapshot are relative to it. An absolute path without links. */
  root: string;
  /** The folder below the top that counts; all of it when left out. */
  within?: GitPath;
  /** Names what git remembers of these files, so that the next snapshot reads only what has changed. */
  key: string;
  /** An object store that has many of the contents already, so that they need not be compressed again. */
  borrowed?: string;
}

/** What belongs to a folder besides its files. */
export interface RepositoryState {
  head: Head;
  /** The index, byte for byte; null where there is none. */
  index: Uint8Array | null;
  /** Of what the index says, whatever it remembers of the files' times. */
  indexDigest: string;
}

export interface SnapshotRequest {
  source: SnapshotSource;
  /** Patterns of ignored files besides those in `.gitignore`. */
  excludes: string;
  /** Files to be taken although they are ignored. */
  also?: readonly GitPath[];
  /**
   * Begins anew with what is ignored: a file that was not when an earlier snapshot was taken is left out. During a run
   * it stays, or an agent could hide a file by ignoring it.
   */
  isBeginning?: boolean;
  repository: RepositoryState | null;
  /** The ref it is kept under. */
  ref: string;
  doing: string;
  signal?: AbortSignal | undefined;
}

const stateSchema = v.object({
  tree: v.string(),
  head: v.nullable(v.object({ ref: v.nullable(v.string()), oid: v.nullable(v.string()) })),
  indexDigest: v.nullable(v.string()),
  skipped: v.array(
    v.object({ path: v.string(), why: v.picklist(['too-large', 'unreadable', 'no-plain-file', 'name']) }),
  ),
});

/** The files of a folder at one moment, byte for byte. */
export interface Snapshot {
  /** The commit that holds all of it. */
  commit: string;
  /** The tree of the files alone. */
  tree: string;
  /** Where the folder's repository stood; null without one. */
  head: Head | null;
  indexDigest: string | null;
  /** What could not be taken. */
  skipped: SkippedFile[];
  /** When it was taken, to the second, in milliseconds since the epoch. */
  at: number;
}

/** Nothing is converted or filtered: what is taken comes back byte for byte. This stands above any `.gitattributes`. */
const attributes = '* -text -eol -crlf -ident -filter !working-tree-encoding\n';

/** Speed before size; large files go to the disk as they are read; a checkpoint that is there is on the disk. */
const settings = `[core]
\tcompression = 1
\tbigFileThreshold = 16m
\tfsync = committed,loose-object
\tfsyncMethod = batch
`;

const maxShownBytes = 64 * 1024 ** 2;

/**
 * Snapshots of folders in a git repository of our own. It lies in the extension's storage, which no container has:
 * an agent that deletes or forges the objects and refs of the folder's `.git` still leaves the way back. A snapshot is
 * one commit:
 *
 *     files/       the files, byte for byte, ignored ones left out
 *     state.json   HEAD, what could not be taken, and which tree that of the files is (there is no empty folder)
 *     index        the index of the folder's repository
 *     ignored      what was ignored then: never removed by a roll-back, as its content is not known
 *     excludes     the patterns that counted, so that the next snapshot is taken by the same
 *
 * Files in nested repositories and submodules are files like any others; what is in a `.git` is never taken.
 */
export class SnapshotStore {
  readonly #git: HostGit;
  readonly #indexes: WorkIndexes;
  readonly #maxFileBytes: number;
  readonly #locks = new KeyedLock();
  /** The repository, for those who work with trees. Its refs are ours. */
  readonly site: GitSite;

  /**
   * @param folder in the storage
   * @param maxFileBytes larger files that are new are left out, and named in `skipped`
   */
  constructor(git: HostGit, folder: string, indexes: WorkIndexes, maxFileBytes: number) {
    this.#git = git;
    this.#indexes = indexes;
    this.#maxFileBytes = maxFileBytes;
    this.site = { gitDir: path.join(folder, 'snapshots.git') };
  }

  /** Makes the repository where it is missing. */
  async open(): Promise<void> {
    const { gitDir } = this.site;
    const info = path.join(gitDir, 'info');
    await this.#git.run(['init', '--quiet', '--bare', '--template='], {
      doing: 'setting up the place for checkpoints',
      site: this.site,
    });
    await chmod(gitDir, 0o700);
    await mkdir(info, { recursive: true });
    await writeFile(path.join(info, 'attributes'), attributes);
    await writeFile(path.join(gitDir, 'kandev.config'), settings);
    await this.#git.run(['config', 'include.path', 'kandev.config'], {
      doing: 'setting up the place for checkpoints',
      site: this.site,
    });
  }

  /** Takes a snapshot. The folder is read and not touched. */
  take(request: SnapshotRequest): Promise<Snapshot> {
    const { source, doing, signal, ref, excludes } = request;
    return this.#locks.run([source.key], () =>
      this.#indexes.renew(source.key, async (index, isKnown) => {
        const site: ScanSite = { ...this.site, workTree: source.root, index };
        await writeFile(excludesOf(site), excludes);
        const borrowed = isKnown ? undefined : source.borrowed;
        const { tree, skipped, ignored } = await this.#scan(site, request, borrowed);
        const { head = null, index: own = null, indexDigest = null } = request.repository ?? {};
        const files = {
          'state.json': JSON.stringify({ tree, head, indexDigest, skipped }),
          ignored: joinPaths(ignored),
          excludes,
          ...(own === null ? {} : { index: own }),
        };
        const content = { ref, message: doing, trees: { files: tree }, files };
        const commit = await importCommit(this.#git, content, { doing, signal, site: this.site });
        return { commit, tree, head, indexDigest, skipped, at: Date.now() };
      }),
    );
  }

  async #scan(
    site: ScanSite,
    request: SnapshotRequest,
    borrowed: string | undefined,
  ): Promise<Scanned & { tree: string }> {
    const { doing, signal, source, also = [], isBeginning = false } = request;
    const call = { doing, signal };
    const within = source.within === undefined ? {} : { within: source.within };
    const options = { ...call, ...within, excludesFile: excludesOf(site), maxFileBytes: this.#maxFileBytes };
    const all = borrowed === undefined ? site : { ...site, borrowed };
    const scanned = await scanFiles(this.#git, all, {
      ...options,
      nested: 'take',
      ignored: isBeginning ? 'drop' : 'list',
    });
    if (also.length > 0) {
      scanned.skipped.push(...(await takeFiles(this.#git, all, also, call)));
      scanned.ignored = await listIgnored(this.#git, all, options);
    }
    const tree = await writeTree(this.#git, { ...call, site: all });
    if (borrowed === undefined || (await keepBorrowed(this.#git, tree, this.site, borrowed, call))) {
      return { tree, ...scanned };
    }
    // Something there was not what its name says: the files are read after all.
    await this.#git.run(['read-tree', '--empty'], { ...call, site });
    return this.#scan(site, request, undefined);
  }

  /** Keeps a snapshot under another ref, too. */
  async keep(ref: string, snapshot: Snapshot): Promise<Snapshot> {
    const call = { doing: 'keeping a checkpoint', site: this.site };
    await this.#git.run(['update-ref', ref, snapshot.commit], call);
    return snapshot;
  }

  /** Keeps a tree under a ref of its own. */
  async keepTree(ref: string, tree: string, call: Pick<GitCall, 'doing' | 'signal'>): Promise<void> {
    const commit = await commitTree(
      this.#git,
      { tree, message: 'Applied', author: 'kandev' },
      { ...call, site: this.site },
    );
    await this.#git.run(['update-ref', ref, commit], { ...call, site: this.site });
  }

  /** Forgets snapshots; those that do not exist are not missed. */
  async remove(refs: readonly string[], signal?: AbortSignal): Promise<void> {
    const input = refs.map((ref) => `delete ${ref}\n`).join('');
    await this.#git.run(['update-ref', '--stdin'], {
      doing: 'forgetting checkpoints',
      site: this.site,
      input,
      signal,
    });
  }

  /** The refs of all snapshots. */
  async refs(signal?: AbortSignal): Promise<string[]> {
    const args = ['for-each-ref', '--format=%(refname)', 'refs/kandev'];
    return (await this.#git.text(args, reading(this.site, signal))).split('\n').filter((ref) => ref !== '');
  }

  /** Gives the room back of what no snapshot needs any more. */
  async tidy(signal?: AbortSignal): Promise<void> {
    const call = { doing: 'tidying up the checkpoints', site: this.site, signal };
    await this.#locks.runAlone(async () => {
      await this.#git.run(['repack', '-a', '-d', '-q', '--window=0'], call);
      await this.#git.run(['prune', '--expire=now'], call);
    });
  }

  /** The snapshot that is kept under a ref; null where there is none. */
  async read(ref: string, signal?: AbortSignal): Promise<Snapshot | null> {
    const { stdout } = await this.#git.run(['cat-file', '--batch'], {
      ...reading(this.site, signal),
      input: `${ref}:state.json\n${ref}\n`,
    });
    const [state, commit] = batchOf(stdout);
    if (!state || !commit) return null;
    const [, seconds] = /^committer .* (\d+) \S+$/m.exec(commit.content.toString('utf8')) ?? [];
    const at = Number(seconds) * 1000;
    return { commit: commit.oid, at, ...v.parse(stateSchema, JSON.parse(state.content.toString('utf8'))) };
  }

  /** The patterns of ignored files that a snapshot was taken by. */
  async excludesOf({ commit }: Snapshot, signal?: AbortSignal): Promise<string> {
    return (await this.#part(commit, 'excludes', signal)).toString('utf8');
  }

  /** The index that a folder's repository had; null where it had none. */
  async indexOf({ commit }: Snapshot, signal?: AbortSignal): Promise<Uint8Array | null> {
    const { stdout } = await this.#git.run(['ls-tree', commit, 'index'], reading(this.site, signal));
    return stdout.length === 0 ? null : this.#part(commit, 'index', signal);
  }

  /** What was ignored when a snapshot was taken: files, and whole folders (with a slash at the end). */
  async ignoredIn({ commit }: Snapshot, signal?: AbortSignal): Promise<GitPath[]> {
    return splitPaths(await this.#part(commit, 'ignored', signal));
  }

  async #part(commit: string, name: string, signal?: AbortSignal): Promise<Buffer> {
    const { stdout } = await this.#git.run(
      ['cat-file', 'blob', `${commit}:${name}`],
      reading(this.site, signal),
    );
    return stdout;
  }

  /**
   * The content of a file in a snapshot, or of a link the path it points to; null where it has none.
   *
   * @throws UserError when it is too large to be shown
   */
  async fileIn({ tree }: Snapshot, file: GitPath, signal?: AbortSignal): Promise<Uint8Array | null> {
    const call = reading(this.site, signal);
    const entry = await entryAt(this.#git, tree, file, call);
    if (!entry) return null;
    const bytes = Number(await this.#git.text(['cat-file', '-s', entry.oid], call));
    if (bytes > maxShownBytes) {
      throw new UserError({
        reason: 'refused',
        message: `${textOf(file)} is too large to be shown (${Math.round(bytes / 1024 ** 2)} MB).`,
      });
    }
    return contentOf(this.#git, entry.oid, call);
  }

  /** Hands out an index in which a tree can be put together. */
  withIndex<T>(work: (site: GitSite) => Promise<T>): Promise<T> {
    // Git wants a working tree, though no file of one is looked at.
    return this.#indexes.withCopy(null, (index) =>
      work({ ...this.site, index, workTree: path.dirname(index) }),
    );
  }

  /**
   * Brings a folder from the snapshot that was just taken of it to another tree.
   *
   * @throws UserError when a file has changed since then, or one that is not in the snapshot lies in the way: nothing
   * has been touched then
   */
  restore(
    source: SnapshotSource,
    from: string,
    to: string,
    call: Pick<GitCall, 'doing' | 'signal'>,
  ): Promise<void> {
    return this.#locks.run([source.key], () =>
      this.#indexes.renew(source.key, (index) =>
        checkOut(this.#git, from, to, { ...call, site: { ...this.site, workTree: source.root, index } }),
      ),
    );
  }

  /** Copies the files of a folder, as far as they are not ignored, into an empty one. */
  async copyFolder({
    from,
    to,
    excludes,
    ref,
    doing,
    signal,
  }: Pick<SnapshotRequest, 'excludes' | 'ref' | 'doing' | 'signal'> & {
    from: string;
    to: string;
  }): Promise<Snapshot> {
    const source = { root: from, key: keyOf(from, '') };
    const snapshot = await this.take({
      source,
      excludes,
      ref,
      doing,
      signal,
      repository: null,
      isBeginning: true,
    });
    const target = { root: to, key: keyOf(to, '') };
    await this.#indexes.forget(target.key);
    const emptyTree = await this.#git.text(['mktree'], { doing, signal, site: this.site });
    await this.restore(target, emptyTree, snapshot.tree, { doing, signal });
    return snapshot;
  }

  /** Forgets what git remembers of a folder that is gone. */
  forget(key: string): Promise<void> {
    return this.#indexes.forget(key);
  }
}

/** Names what git remembers of the files of a folder. */
export function keyOf(root: string, within: GitPath | ''): string {
  return createHash('sha256').update(`${root}\0${within}`).digest('hex').slice(0, 24);
}

/** What `cat-file --batch` says, one by one: an object, or that there is none. */
function batchOf(output: Buffer): ({ oid: string; content: Buffer } | null)[] {
  const found: ({ oid: string; content: Buffer } | null)[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf('\n', at);
    const [, oid, size] = /^([0-9a-f]+) \w+ (\d+)$/.exec(output.toString('latin1', at, end)) ?? [];
    at = end + 1;
    if (oid === undefined) {
      found.push(null);
      continue;
    }
    found.push({ oid, content: output.subarray(at, at + Number(size)) });
    at += Number(size) + 1;
  }
  return found;
}

function excludesOf(site: ScanSite): string {
  return `${site.index}.excludes`;
}

function reading(
  site: GitSite,
  signal: AbortSignal | undefined,
): Pick<GitCall, 'doing' | 'signal'> & { site: GitSite } {
  return { doing: 'reading a checkpoint', site, signal };
}
