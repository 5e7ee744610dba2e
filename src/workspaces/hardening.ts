import os from 'node:os';

/**
 * What git is told on every call on the host, since an agent may have written the repository that it looks at. A value
 * given with `-c` stands above every configuration file and reaches the processes that git starts. It is the second
 * line of defence: the first is that commands which read or write files never see a repository's own configuration at
 * all (isolation.ts).
 *
 * | setting                                    | the attack it stops                                                      |
 * | ------------------------------------------ | ------------------------------------------------------------------------ |
 * | core.hooksPath                             | hooks in `.git/hooks`, or where core.hooksPath points                    |
 * | core.fsmonitor                             | a program that `git status` and everything else that reads the index runs |
 * | core.untrackedCache                        | a cache in a forged index that hides new files                           |
 * | core.alternateRefsCommand                  | a program that lists the refs of another object store during a fetch     |
 * | core.sshCommand, core.gitProxy             | programs that "connect" (calls with network: the user's own, see below)  |
 * | core.askPass, credential.helper            | programs that are asked for, and so get, passwords                       |
 * | commit.gpgSign …                           | gpg.program, which git would start to sign                               |
 * | submodule.recurse, *.recurseSubmodules     | going into a nested repository, and there by its configuration           |
 * | gc.auto, maintenance.auto                  | housekeeping in the user's repository, and what it starts                |
 *
 * Aliases cannot stand for git's own commands, and no others are called. A pager is never started (`--no-pager`), an
 * editor neither. Programs with names of the attacker's choice (`filter.<name>.clean`, `diff.<name>.textconv`,
 * `merge.<name>.driver`) cannot be listed here: isolation.ts and, where a diff is made, `--no-ext-diff --no-textconv`
 * stop them.
 */
const settings: Readonly<Record<string, string>> = {
  'core.hooksPath': os.devNull,
  'core.fsmonitor': 'false',
  'core.untrackedCache': 'false',
  'core.alternateRefsCommand': 'false',
  'core.gitProxy': '',
  'commit.gpgSign': 'false',
  'tag.gpgSign': 'false',
  'push.gpgSign': 'false',
  'submodule.recurse': 'false',
  'fetch.recurseSubmodules': 'false',
  'push.recurseSubmodules': 'no',
  'gc.auto': '0',
  'maintenance.auto': 'false',
};

/** Added for calls that have no business with the network or with passwords: all but those of remoteRepository.ts. */
const offlineSettings: Readonly<Record<string, string>> = {
  'core.sshCommand': 'false',
  'core.askPass': 'false',
  'credential.helper': '',
  'protocol.allow': 'never',
};

/** The arguments that stand before git's command. */
export function hardenedArguments(network: boolean): string[] {
  const all = network ? settings : { ...settings, ...offlineSettings };
  return ['--no-pager', ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
}

/** Of the variables that steer git, those that say how this user reaches servers and where their own settings are. */
const keptVariables =
  /^GIT_(CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|EXEC_PATH|SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|HTTP_.*)$/;
const droppedVariables = /^(GIT_.*|SSH_ASKPASS|SSH_ASKPASS_REQUIRE)$/;

/**
 * The environment of git's processes: the user's, without what would point git at another repository (a VS Code that
 * was started from a hook has `GIT_DIR` set), and with:
 *
 * - `LC_ALL=C`: what it says can be read by programs;
 * - `GIT_LITERAL_PATHSPECS`: a file named `:(exclude)x` or `*` is that file;
 * - `GIT_OPTIONAL_LOCKS=0`: looking takes no lock of the user's index;
 * - `GIT_NO_REPLACE_OBJECTS`: refs/replace cannot put one object in the place of another;
 * - `GIT_NO_LAZY_FETCH`: a missing object is not fetched by a command that the repository names;
 * - `GIT_TERMINAL_PROMPT=0`: nothing waits for an answer that nobody can give;
 * - `GIT_ALLOW_PROTOCOL`: what a repository or a server names is reached over these ways only, never `ext::`.
 */
export function hardenedEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  protocols: readonly string[],
): Record<string, string> {
  const kept = Object.entries(own).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      (keptVariables.test(entry[0].toUpperCase()) || !droppedVariables.test(entry[0].toUpperCase())),
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: protocols.join(':'),
  };
}
