import type { HostGit } from './hostGit.ts';
import type { GitSite } from './gitCall.ts';

export interface CopyRequest {
  doing: string;
  from: GitSite;
  to: GitSite;
  /** What is copied, with all that belongs to it: commits with their history, or trees. */
  want: readonly string[];
  /** What the target has already, with all that belongs to it. */
  have?: readonly string[];
  /** Checks each object, and that nothing is missing: for what an agent has made. */
  isUntrusted?: boolean;
  signal?: AbortSignal | undefined;
}

/** More than any agent commits; less than the disk. */
const maxUntrustedBytes = 8 * 1024 ** 3;

/**
 * Copies objects between two stores on this machine, as one pack. No fetch: that would run `git upload-pack` by the
 * configuration of the source, which an agent may have written. The target computes each object's id anew, so that a
 * forged one cannot take another's place.
 *
 * @throws UserError when something is missing or broken
 */
export async function copyObjects(git: HostGit, request: CopyRequest): Promise<void> {
  const { doing, from, to, want, have = [], isUntrusted = false, signal } = request;
  const input = [...want, ...have.map((oid) => `^${oid}`)].map((line) => `${line}\n`).join('');
  // Deltas that are there are used again; looking for better ones would cost more than they save.
  const packing = ['pack-objects', '--revs', '--stdout', '--delta-base-offset', '--window=0', '-q'];
  const checks = isUntrusted ? ['--strict', `--max-input-size=${maxUntrustedBytes}`] : [];
  await git.pipe(
    [packing, { doing, site: from, input, signal }],
    [['index-pack', '--stdin', ...checks], { doing, site: to, signal }],
  );
}
