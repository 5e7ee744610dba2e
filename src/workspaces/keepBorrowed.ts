import type { HostGit } from './hostGit.ts';
import type { GitCall, GitSite } from './gitCall.ts';

/**
 * Copies what a tree is made of from another object store, as far as it is missing here. Packed objects are copied as
 * they are, so that this costs a tenth of reading and compressing the files again.
 *
 * @returns false when something is still missing, because it was damaged or forged there
 */
export async function keepBorrowed(
  git: HostGit,
  tree: string,
  site: GitSite,
  borrowed: string,
  { doing, signal }: Pick<GitCall, 'doing' | 'signal'>,
): Promise<boolean> {
  const both: GitSite = { ...site, borrowed };
  const call = { doing, signal };
  const listing = ['rev-list', '--objects', '--no-object-names', tree];
  const needed = lines((await git.run(listing, { ...call, site: both })).stdout);
  const missing = await missingOf(git, needed, site, call);
  if (missing.length === 0) return true;
  const packing = ['pack-objects', '--stdout', '--delta-base-offset', '--window=0', '-q'];
  try {
    await git.pipe(
      [packing, { ...call, site: both, input: missing.map((oid) => `${oid}\n`).join('') }],
      // It computes each object's id from its content.
      [['index-pack', '--stdin'], { ...call, site }],
    );
  } catch {
    signal?.throwIfAborted();
    return false;
  }
  return (await missingOf(git, missing, site, call)).length === 0;
}

/** Of objects those that a store lacks. Asking for each one would make git look for new packs again and again. */
async function missingOf(
  git: HostGit,
  oids: readonly string[],
  site: GitSite,
  call: Pick<GitCall, 'doing' | 'signal'>,
): Promise<string[]> {
  const args = ['cat-file', '--batch-all-objects', '--unordered', '--batch-check=%(objectname)'];
  const present = new Set(lines((await git.run(args, { ...call, site })).stdout));
  return oids.filter((oid) => !present.has(oid));
}

function lines(output: Buffer): string[] {
  return output.toString('latin1').split('\n').slice(0, -1);
}
