import { l10n } from 'vscode';
import type { CredentialOffer, CredentialState } from '../model/credential.ts';

/** What a thing is called. */
export function credentialName({ kind, name }: CredentialOffer): string {
  switch (kind) {
    case 'git-identity':
      return l10n.t('Git identity');
    case 'ssh-agent':
      return l10n.t('ssh-agent');
    case 'known-hosts':
      return l10n.t('Known hosts');
    case 'git-credentials':
      return name === null ? l10n.t('Git passwords') : l10n.t('Git password for {0}', name);
    case 'environment':
      return name ?? '';
    case 'ssh-folder':
      return l10n.t('The folder ~/.ssh as it is');
    case 'git-config-file':
      return l10n.t('The file ~/.gitconfig as it is');
    case 'git-credentials-file':
      return l10n.t('The file ~/.git-credentials as it is');
  }
}

/** What there is of it, and who has it. */
export function credentialFacts({ found, missing, shared, usedBy }: CredentialState): string {
  if (missing !== null) {
    return shared
      ? l10n.t('shared, but nothing is there: {0}', missing)
      : l10n.t('nothing to share: {0}', missing);
  }
  const users =
    usedBy.length === 0
      ? ''
      : usedBy.length === 1
        ? l10n.t('1 running container has it')
        : l10n.t('{0} running containers have it', usedBy.length);
  return [found, users].filter((part) => part !== '').join(' · ');
}

/** What it gives to an agent, where it goes, and what is known to be wrong with it: as much as a line shows. */
export function credentialConsequence({ kind }: CredentialOffer): string {
  switch (kind) {
    case 'git-identity':
      return l10n.t('Commits carry your name and address: in /etc/gitconfig');
    case 'ssh-agent':
      return l10n.t('Your keys can be used, and not read: by its socket in /run');
    case 'known-hosts':
      return l10n.t('ssh knows the servers you trust: by a copy in /etc/ssh');
    case 'git-credentials':
      return l10n.t('Git may ask your helper for this server; nothing is stored');
    case 'environment':
      return l10n.t('Its value where VS Code was started; agents can read it');
    case 'ssh-folder':
      return l10n.t('Read-only, with keys. “Bad owner”? Use the ssh-agent.');
    case 'git-config-file':
      return l10n.t('Read-only; what it calls (gpg) may be missing there');
    case 'git-credentials-file':
      return l10n.t('Read-only, with every password; not kept up to date');
  }
}

/** Things are shown below one of these. */
export function credentialGroup({
  kind,
  missing,
  shared,
}: CredentialState): 'given' | 'secret' | 'raw' | 'missing' {
  if (missing !== null && !shared) return 'missing';
  switch (kind) {
    case 'git-identity':
    case 'known-hosts':
    case 'ssh-agent':
    case 'git-credentials':
      return 'given';
    case 'environment':
      return 'secret';
    default:
      return 'raw';
  }
}

export function groupName(group: ReturnType<typeof credentialGroup>): string {
  switch (group) {
    case 'given':
      return l10n.t('made for agents');
    case 'secret':
      return l10n.t('environment variables');
    case 'raw':
      return l10n.t('your files, for agents that you trust');
    case 'missing':
      return l10n.t('not there');
  }
}
