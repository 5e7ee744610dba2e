import { UserError } from '../model/failure.ts';
import type { GitCall } from './gitCall.ts';

export interface FailedCall {
  call: GitCall;
  args: readonly string[];
  /** Null when git could not be started. */
  code: number | null;
  stderr: string;
  cause: Error | null;
}

/** What git writes, and what that means to people. The first that fits counts; `$1` is what the pattern has caught. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [
    /Unable to create '([^']+\.lock)': File exists/,
    'Another git command is at work there, or one was cut off. Wait for it, or delete $1 if none is running.',
  ],
  [/No space left on device/i, 'The disk is full. Make room and try again.'],
  [
    /clean filter '([^']+)' failed|smudge filter '([^']+)' failed/,
    'These files go through the filter "$1", which only the repository\'s own settings name, and Kandev runs no programs of a repository. Do it with git in the terminal.',
  ],
  [
    /(?:empty ident name|Please tell me who you are|unable to auto-detect email address)/,
    'Git does not know your name. Set it with "git config --global user.name" and "git config --global user.email".',
  ],
  [
    /could not read (?:Username|Password) for '([^']+)'|Authentication failed for '([^']+)'/,
    '$1 asks for a sign-in. Sign in with git in the terminal once, so that its credential helper knows you.',
  ],
  [/Permission denied \(([^)]*)\)/, 'The server refused your key. Check that "ssh-add -l" lists it.'],
  [
    /Host key verification failed/,
    'The server is not in your known_hosts. Connect to it once with ssh in the terminal.',
  ],
  [/Could not resolve host: (\S+)/, 'The server $1 cannot be found. Check the address and the network.'],
  [
    /Failed to connect to|Connection (?:refused|timed out|reset)/,
    'The server does not answer. Check the address and the network.',
  ],
  [
    /couldn't find remote ref (\S+)|Remote branch (\S+) not found/,
    'There is no branch $1. Check its name on the card.',
  ],
  [
    /repository '([^']+)' not found|'([^']+)' does not appear to be a git repository/i,
    'There is no repository at $1, or you may not read it. Check the address on the card.',
  ],
  [/refusing to merge unrelated histories/, 'The two have no commit in common, so they cannot be merged.'],
  [
    /usage: git |unknown (?:option|switch)|is not a git command/,
    'This git is too old. Install git 2.38 or newer.',
  ],
  [/Permission denied/, 'You may not read or write something there.'],
];

/** What a user reads about a git command that failed. Passwords in addresses and the call's secrets are left out. */
export function gitFailure({ call, args, code, stderr, cause }: FailedCall): UserError {
  if (code === null) {
    return new UserError(
      {
        reason: 'refused',
        message: `Git could not be started while ${call.doing}. Install git, or set its path.`,
        detail: cause?.message ?? '',
        action: { kind: 'openSetting', setting: 'git.path' },
      },
      cause ? { cause } : undefined,
    );
  }
  const said = withoutSecrets(stderr, call.secrets ?? []).trim();
  const command = withoutSecrets(args.join(' '), call.secrets ?? []);
  return new UserError({
    reason: 'refused',
    message: `Git failed while ${call.doing}. ${meaningOf(said)}`.trim(),
    detail: `git ${command} ended with code ${code}:\n${said}`,
    action: { kind: 'showLog' },
  });
}

export function stuckFailure(doing: string): UserError {
  return new UserError({
    reason: 'refused',
    message: `Git took too long while ${doing}, and was ended. A file there may be a named pipe, or the disk may be stuck.`,
    action: { kind: 'showLog' },
  });
}

function meaningOf(stderr: string): string {
  for (const [pattern, meaning] of meanings) {
    const match = pattern.exec(stderr);
    if (!match) continue;
    // A group that took no part is left out of the text.
    const caught = match.slice(1).join('');
    return meaning.replace('$1', () => caught);
  }
  return /^(?:fatal|error): (.*)$/m.exec(stderr)?.[1] ?? '';
}

/** Also of addresses that git itself has put together: `https://user:token@host/`. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const hidden = secrets
    .filter((secret) => secret !== '')
    .reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
  return hidden.replace(/(\w:\/\/)[^/@\s']*@/g, '$1');
}
