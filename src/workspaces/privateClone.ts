import { appendFile, copyFile, lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { copyObjects } from './copyObjects.ts';
import type { Repository } from './findRepository.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall } from './gitCall.ts';
import { settingText, type Isolation } from './isolation.ts';
import { RepositoryRefs, settingOf, type Setting } from './repositoryRefs.ts';
import type { UserRepository } from './userRepository.ts';

export interface CloneRequest {
  source: UserRepository;
  /** What the agent begins with. */
  commit: string;
  /** Of its own. */
  branch: string;
  /** The branch it begins on, and its commit: to be seen as `origin/<name>`. */
  base: { name: string; commit: string } | null;
  /** Of `origin`, without a password; null when the source has none. */
  url: string | null;
  root: string;
  doing: string;
  signal?: AbortSignal | undefined;
}

/**
 * Makes a clone that shares nothing with its source. All that the commit needs is copied as one pack: the source's own
 * compressed objects, without its other branches, stashes and checkpoints. Hard links and alternates would be as fast to
 * make, but a container that can write the one file or folder that both have can corrupt the user's repository; a
 * read-only mount of the source's objects would show the agent all of the user's branches, and breaks when the user's
 * git tidies up.
 *
 * Submodules are empty, as after a plain `git clone`.
 */
export async function makePrivateClone(
  git: HostGit,
  isolation: Isolation,
  { source, commit, branch, base, url, root, doing, signal }: CloneRequest,
): Promise<void> {
  const call = { doing, signal };
  await mkdir(root, { recursive: true });
  const clone = cloneAt(root);
  const site = { gitDir: clone.gitDir };
  const settings = await source.settings(signal);
  const from = await isolation.siteOf(source.paths, settings, 'skip');
  const { commonDir } = source.paths;
  const format = commit.length === 64 ? 'sha256' : 'sha1';
  const init = ['init', '--quiet', '--template=', `--object-format=${format}`, `--initial-branch=${branch}`];
  await git.run(init, { ...call, site });
  await appendFile(path.join(clone.gitDir, 'config'), ownSettings(settings, url));
  await copyObjects(git, { ...call, from, to: site, want: base ? [commit, base.commit] : [commit] });
  await copyIfThere(path.join(commonDir, 'shallow'), path.join(clone.gitDir, 'shallow'));
  await mkdir(path.join(clone.gitDir, 'info'), { recursive: true });
  await copyIfThere(path.join(commonDir, 'info', 'exclude'), path.join(clone.gitDir, 'info', 'exclude'));
  const refs = [
    `create refs/heads/${branch} ${commit}\n`,
    ...(base ? [`create refs/remotes/origin/${base.name} ${base.commit}\n`] : []),
  ];
  await git.run(['update-ref', '--stdin'], { ...call, site, input: refs.join('') });
  // With the source's settings: line ends and the user's own filters as in the folder.
  const target = { ...from, workTree: root, index: path.join(clone.gitDir, 'index') };
  await git.run(['read-tree', '-m', '-u', commit], { ...call, site: target });
}

/** Where it came from, and how line ends are in the user's own folder. */
function ownSettings(settings: readonly Setting[], url: string | null): string {
  const origin =
    url === null
      ? []
      : [
          { key: 'remote.origin.url', value: url },
          { key: 'remote.origin.fetch', value: '+refs/heads/*:refs/remotes/origin/*' },
        ];
  const lineEnds = ['core.autocrlf', 'core.eol'].flatMap((key) => {
    const value = settingOf(settings, key);
    return value === null ? [] : [{ key, value }];
  });
  return [...origin, ...lineEnds].map(({ key, value }) => settingText(key, value)).join('');
}

/** A clone's parts, named and not looked for: an agent may have put something else into their place. */
export function cloneAt(root: string): Repository {
  const gitDir = path.join(root, '.git');
  return { topLevel: root, gitDir, commonDir: gitDir };
}

/** What an agent has committed: HEAD, and its other branches by name. */
export interface AgentCommits {
  head: string | null;
  branches: Map<string, string>;
}

/**
 * Fetches an agent's commits into the source. Nothing of the clone's configuration is obeyed, and each object is
 * checked as git checks what comes from a stranger.
 *
 * @param have a commit that both have
 * @throws UserError when the clone's repository is not as we have made it, or holds broken objects
 */
export async function fetchAgentCommits(
  git: HostGit,
  { root, source, have, neutral }: { root: string; source: UserRepository; have: string; neutral: string },
  call: Pick<GitCall, 'doing' | 'signal'>,
): Promise<AgentCommits> {
  const clone = cloneAt(root);
  await assertOwn(clone);
  const refs = new RepositoryRefs(git, clone);
  const head = await refs.resolve('HEAD', call.signal);
  const branches = new Map<string, string>();
  for (const [ref, oid] of await refs.list('refs/heads/', call.signal)) {
    branches.set(ref.slice('refs/heads/'.length), oid);
  }
  const want = [...new Set([...(head === null ? [] : [head]), ...branches.values()])].filter(
    (oid) => oid !== have,
  );
  if (want.length > 0) {
    const from = { gitDir: neutral, objects: path.join(clone.gitDir, 'objects') };
    const to = await source.site(call.signal);
    await copyObjects(git, { ...call, from, to, want, have: [have], isUntrusted: true });
  }
  return { head, branches };
}

/** Links and alternates would lead to objects that are not the clone's. */
async function assertOwn({ gitDir }: Repository): Promise<void> {
  const objects = path.join(gitDir, 'objects');
  for (const folder of [gitDir, objects, path.join(objects, 'pack'), path.join(gitDir, 'refs')]) {
    const stats = await lstat(folder).catch(() => null);
    if (!stats?.isDirectory()) throw new Error(`${folder} is not a folder`);
  }
  const alternates = path.join(objects, 'info', 'alternates');
  if (await lstat(alternates).catch(() => null)) throw new Error(`there is a file ${alternates}`);
}

async function copyIfThere(from: string, to: string): Promise<void> {
  const stats = await lstat(from).catch(() => null);
  if (stats?.isFile()) await copyFile(from, to);
}
