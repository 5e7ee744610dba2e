import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model/failure.ts';
import type { Repository } from './findRepository.ts';
import { withoutSecrets } from './gitFailure.ts';
import type { HostGit } from './hostGit.ts';
import type { GitCall } from './gitCall.ts';
import { parseRemoteUrl, type RemoteUrl } from './remoteUrl.ts';
import type { Credential } from './workspaces.ts';

export interface RemoteRequest {
  url: string;
  credential: Credential | null;
  onProgress?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface FetchedBranch {
  /** Our copy: bare, and never in a container. */
  repository: Repository;
  /** The address without a password. */
  url: string;
  branch: string;
  commit: string;
}

/** Git's own progress of a large repository can take its time. */
const limitMs = 2 * 60 * 60_000;

/** Answers git's question for a name and password from its environment, which no other user can read. */
const helper =
  '!f() { test "$1" = get && echo "username=$KANDEV_USERNAME" && echo "password=$KANDEV_PASSWORD"; }; f';

/**
 * Repositories that are not on this machine. They are fetched on the host, with the user's own means (ssh-agent,
 * credential helper) or a credential that is handed in, into a bare repository in the storage, one for each address.
 * Neither that nor what is made from it ever holds a password.
 */
export class RemoteRepositories {
  readonly #git: HostGit;
  readonly #folder: string;

  constructor(git: HostGit, folder: string) {
    this.#git = git;
    this.#folder = folder;
  }

  get folder(): string {
    return this.#folder;
  }

  /**
   * Fetches a branch, or what the server has as HEAD.
   *
   * @throws UserError for an address that is refused, a server that does not answer or wants a sign-in, a branch that
   * does not exist
   */
  async fetch(request: RemoteRequest, branch: string | null): Promise<FetchedBranch> {
    const remote = parseRemoteUrl(request.url);
    const repository = await this.#repositoryOf(remote.url, request.signal);
    const wanted = branch ?? (await this.#defaultBranch(repository, remote, request));
    await this.checkBranchName(repository, wanted, request.signal);
    const ref = `refs/remotes/origin/${wanted}`;
    const options = ['--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--progress'];
    const args = ['fetch', ...options, '--', remote.url, `+refs/heads/${wanted}:${ref}`];
    await this.#run(args, repository, remote, request, `fetching ${wanted} from ${remote.url}`);
    const commit = await this.#git.text(['rev-parse', '--verify', ref], {
      doing: `fetching ${wanted} from ${remote.url}`,
      site: { gitDir: repository.gitDir },
    });
    return { repository, url: remote.url, branch: wanted, commit };
  }

  /**
   * Sends a commit to a branch.
   *
   * @param expected where the branch must be now; null when it must not exist
   * @throws UserError when it is somewhere else, besides what `fetch` throws
   */
  async push(
    request: RemoteRequest,
    target: { repository: Repository; commit: string; branch: string; expected: string | null },
  ): Promise<void> {
    const remote = parseRemoteUrl(request.url);
    const { repository, commit, branch, expected } = target;
    await this.checkBranchName(repository, branch, request.signal);
    const lease = `--force-with-lease=refs/heads/${branch}:${expected ?? ''}`;
    const args = ['push', '--no-verify', '--no-recurse-submodules', lease, '--', remote.url];
    const doing = `sending ${branch} to ${remote.url}`;
    try {
      await this.#run([...args, `${commit}:refs/heads/${branch}`], repository, remote, request, doing);
    } catch (error) {
      if (!(error instanceof UserError) || !error.failure.detail?.includes('(stale info)')) throw error;
      const message = `${remote.url} has a branch ${branch} already, with other commits. Choose another name.`;
      throw new UserError({ ...error.failure, message }, { cause: error });
    }
  }

  /** @throws UserError `invalid-input` */
  async checkBranchName(repository: Repository, branch: string, signal?: AbortSignal): Promise<void> {
    const call = { doing: 'checking the name of a branch', site: { gitDir: repository.gitDir }, signal };
    const checked = await this.#git.run(['check-ref-format', `refs/heads/${branch}`], {
      ...call,
      answers: [1],
    });
    if (checked.code === 0 && !branch.startsWith('-')) return;
    throw new UserError({ reason: 'invalid-input', message: `"${branch}" cannot be the name of a branch.` });
  }

  async #defaultBranch(repository: Repository, remote: RemoteUrl, request: RemoteRequest): Promise<string> {
    const doing = `looking at ${remote.url}`;
    const args = ['ls-remote', '--symref', '--', remote.url, 'HEAD'];
    const said = (await this.#run(args, repository, remote, request, doing)).stdout.toString('utf8');
    const branch = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(said)?.[1];
    if (branch !== undefined) return branch;
    throw new UserError({
      reason: 'invalid-input',
      message: `${remote.url} does not say which branch is its main one, or has no commits. Name a branch on the card.`,
    });
  }

  async #repositoryOf(url: string, signal: AbortSignal | undefined): Promise<Repository> {
    const name = createHash('sha256').update(url).digest('hex').slice(0, 16);
    const gitDir = path.join(this.#folder, `${name}.git`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const call = { doing: `setting up a copy of ${url}`, site: { gitDir }, signal };
    await this.#git.run(['init', '--quiet', '--bare', '--template='], call);
    return { topLevel: gitDir, gitDir, commonDir: gitDir };
  }

  #run(
    args: readonly string[],
    { gitDir }: Repository,
    remote: RemoteUrl,
    { credential, onProgress, signal }: RemoteRequest,
    doing: string,
  ): ReturnType<HostGit['run']> {
    const known = credential ?? remote.credential;
    const secrets = known ? [known.password, encodeURIComponent(known.password)] : [];
    const call: GitCall = {
      doing,
      site: { gitDir },
      limitMs,
      protocols: remote.protocols,
      secrets,
      signal,
      ...(onProgress
        ? {
            onProgress: (line) => {
              onProgress(withoutSecrets(line, secrets));
            },
          }
        : {}),
      ...(known ? { environment: { KANDEV_USERNAME: known.username, KANDEV_PASSWORD: known.password } } : {}),
    };
    const settings = known ? ['-c', 'credential.helper=', '-c', `credential.helper=${helper}`] : [];
    return this.#git.run([...settings, ...args], call);
  }
}
