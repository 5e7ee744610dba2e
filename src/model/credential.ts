/**
 * Things of the user's that agents can be given. An id is a kind, or a kind with a name behind a colon:
 * `git-identity`, `git-credentials:github.com`, `environment:GITHUB_TOKEN`.
 */
export const credentialKinds = [
  'git-identity',
  'ssh-agent',
  'known-hosts',
  'git-credentials',
  'environment',
  'ssh-folder',
  'git-config-file',
  'git-credentials-file',
] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** One thing that can be shared, as it is on this machine now. Never with a secret in it. */
export interface CredentialOffer {
  id: string;
  kind: CredentialKind;
  /** The host of `git-credentials`, the variable of `environment`. */
  name: string | null;
  /** What there is: "Ann <ann@example.org>", "2 keys"; empty where the name says it all. */
  found: string;
  /** Why it cannot be given now, in a clause: "there is no ~/.ssh"; null when it can. */
  missing: string | null;
}

/** A run that was given something. */
export interface CredentialUse {
  runId: string;
  taskId: string;
}

export interface CredentialState extends CredentialOffer {
  /** Whether the user has agreed to it. */
  shared: boolean;
  /** The containers that have it, whatever the user has said since. */
  usedBy: readonly CredentialUse[];
}

/** What agents may have of the user's in this workspace. */
export interface CredentialsView {
  /** When the user last said so, in milliseconds since the epoch; null before that. */
  decidedAt: number | null;
  things: readonly CredentialState[];
}

export function credentialId(kind: CredentialKind, name: string | null = null): string {
  return name === null ? kind : `${kind}:${name}`;
}

/** The names behind the ids of one kind. */
export function namesOf(kind: CredentialKind, ids: Iterable<string>): string[] {
  const prefix = `${kind}:`;
  return [...ids].filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
}

/** Variables that any agent can be given; all others go only to the agent types that name them. */
export const commonVariables: readonly string[] = ['GITHUB_TOKEN', 'GITLAB_TOKEN'];
