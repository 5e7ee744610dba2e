import { UserError } from '../model/failure.ts';
import type { CardPlace } from '../model/task.ts';
import { parseRemoteUrl } from '../workspaces/remoteUrl.ts';

/** A place as it was asked for: what is undefined was not. */
export type WantedPlace = { [K in keyof CardPlace]?: CardPlace[K] | undefined };

/**
 * The place of a card with what was asked for; only what the mode has a use for is kept.
 *
 * @throws UserError `invalid-input` for a repository without an address, or one that cannot be cloned from
 */
export function placeWith(before: CardPlace, wanted: WantedPlace): CardPlace {
  const mode = wanted.workspaceMode ?? before.workspaceMode;
  const url = wanted.repositoryUrl === undefined ? before.repositoryUrl : wanted.repositoryUrl;
  const branch = wanted.branch === undefined ? before.branch : wanted.branch;
  return {
    workspaceMode: mode,
    repositoryUrl: mode === 'repository' ? checkedUrl(url ?? '') : null,
    branch: mode === 'repository' || mode === 'clone' ? branchOrNull(branch) : null,
    includeUncommitted: wanted.includeUncommitted ?? before.includeUncommitted,
  };
}

/** Whether an agent that begins anew would begin elsewhere, or with something else. */
export function isOtherPlace(one: CardPlace, other: CardPlace): boolean {
  return (
    one.workspaceMode !== other.workspaceMode ||
    one.repositoryUrl !== other.repositoryUrl ||
    one.branch !== other.branch
  );
}

/** An empty one is none. */
function branchOrNull(branch: string | null): string | null {
  return branch === '' ? null : branch;
}

function checkedUrl(address: string): string {
  if (address.trim() === '') {
    throw new UserError({
      reason: 'invalid-input',
      message: 'Which repository? Give its address: https://, ssh://, git@host:path, or a folder.',
    });
  }
  const { credential } = parseRemoteUrl(address);
  if (credential?.password) {
    throw new UserError({
      reason: 'invalid-input',
      message:
        'Leave the password out of the address: cards are kept in a database. Git asks its credential helper, or sign in with git once.',
    });
  }
  return address.trim();
}
