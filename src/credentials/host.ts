import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** This machine and its user, as far as credentials go. */
export interface Host {
  platform: NodeJS.Platform;
  homeFolder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Of this process; null where there are no such ids (Windows). */
  uid: number | null;
}

const gitLimitMs = 5000;

/**
 * What a git command prints, without the line's end; null when it fails, prints nothing, or there is no git. Only for
 * commands that read the configuration: those run nothing of a repository's own.
 *
 * @param folder whose configuration counts, too; null: the user's and the system's alone
 */
export async function askGit(
  { environment, homeFolder }: Host,
  args: readonly string[],
  folder: string | null,
): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', args, {
      cwd: folder ?? path.parse(homeFolder).root,
      env: withoutGit(environment),
      timeout: gitLimitMs,
      windowsHide: true,
    });
    const said = stdout.trim();
    return said === '' ? null : said;
  } catch {
    return null;
  }
}

/** The environment without what points git at a repository, or has it ask somebody. */
export function withoutGit(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const kept = /^GIT_(CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|EXEC_PATH|SSL_.*)$/i;
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => kept.test(name) || !/^(GIT_.*|SSH_ASKPASS(_REQUIRE)?)$/i.test(name),
    ),
  );
}
