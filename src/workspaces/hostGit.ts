import { spawn, type ChildProcess } from 'node:child_process';
import type { GitAnswer, GitCall, GitSite } from './gitCall.ts';
import { gitFailure, stuckFailure } from './gitFailure.ts';
import { hardenedArguments, hardenedEnvironment } from './hardening.ts';

/** A site with files. */
export interface WorkSite extends GitSite {
  workTree: string;
}

export interface HostGitOptions {
  /** The program; a path, or a name to be looked for in PATH. */
  program?: string;
  /**
   * A folder that no agent can write: git is started there, because on Windows a `git.exe` in the folder that a process
   * is started in comes before the one in PATH.
   */
  safeFolder: string;
  environment: Readonly<Record<string, string | undefined>>;
}

const defaultLimitMs = 10 * 60_000;
/** From asking git to end, when it removes its locks and half-written files, to making it. */
const graceMs = 2000;
const maxOutputBytes = 512 * 1024 ** 2;
const maxErrorBytes = 256 * 1024;

/** Runs the host's git on repositories that an agent may have written to (hardening.ts says what that takes). */
export class HostGit {
  readonly #options: HostGitOptions;

  constructor(options: HostGitOptions) {
    this.#options = options;
  }

  /** A variable of the user's environment. */
  variable(name: string): string | undefined {
    return this.#options.environment[name];
  }

  /**
   * Runs one command to its end.
   *
   * @throws UserError when it fails or takes too long; the signal's reason when it is aborted
   */
  async run(args: readonly string[], call: GitCall): Promise<GitAnswer> {
    call.signal?.throwIfAborted();
    const child = this.#start(args, call);
    const answer = collect(child, call);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(call.input ?? '');
    return checked(await answer, args, call);
  }

  /** What a command writes, without the line's end. */
  async text(args: readonly string[], call: GitCall): Promise<string> {
    return (await this.run(args, call)).stdout.toString('utf8').trimEnd();
  }

  /** Runs two commands, of which the second reads what the first writes; returns what the second says. */
  async pipe(
    [fromArgs, from]: readonly [readonly string[], GitCall],
    [toArgs, to]: readonly [readonly string[], GitCall],
  ): Promise<GitAnswer> {
    from.signal?.throwIfAborted();
    const source = this.#start(fromArgs, from);
    const sink = this.#start(toArgs, to);
    if (source.stdout && sink.stdin) source.stdout.pipe(sink.stdin);
    sink.stdin?.on('error', () => undefined);
    // A sink that has ended without reading says no more than that: what is left would wait for a reader for ever.
    sink.stdin?.on('close', () => {
      source.stdout?.destroy();
    });
    const given = collect(source, from, false).finally(() => sink.stdin?.end());
    const taken = collect(sink, to);
    source.stdin?.on('error', () => undefined);
    source.stdin?.end(from.input ?? '');
    const [first, second] = await Promise.allSettled([given, taken]);
    if (first.status === 'rejected') throw first.reason;
    if (second.status === 'rejected') throw second.reason;
    // A sink that fails breaks the pipe of its source: its reason is the first one.
    const answer = checked(second.value, toArgs, to);
    checked(first.value, fromArgs, from);
    return answer;
  }

  #start(args: readonly string[], call: GitCall): ChildProcess {
    const { program = 'git', safeFolder, environment } = this.#options;
    const protocols = call.protocols ?? [];
    const { workTree } = call.site;
    // Git goes there itself: started elsewhere within, it would take all paths as relative to that place.
    const where = workTree === undefined ? [] : ['-C', workTree];
    return spawn(program, [...hardenedArguments(protocols.length > 0), ...where, ...args], {
      cwd: safeFolder,
      env: {
        ...hardenedEnvironment(environment, protocols),
        ...siteEnvironment(call.site),
        ...call.environment,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A session of its own: ssh finds no terminal to ask at, and all of git's processes can be ended at once.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  }
}

function siteEnvironment(site: GitSite): Record<string, string> {
  return {
    GIT_DIR: site.gitDir,
    ...(site.commonDir === undefined ? {} : { GIT_COMMON_DIR: site.commonDir }),
    ...(site.objects === undefined ? {} : { GIT_OBJECT_DIRECTORY: site.objects }),
    ...(site.borrowed === undefined ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(site.borrowed) }),
    ...(site.workTree === undefined ? {} : { GIT_WORK_TREE: site.workTree }),
    ...(site.index === undefined ? {} : { GIT_INDEX_FILE: site.index }),
  };
}

/** The list is split at colons; a quoted path may hold them (git-config, GIT_ALTERNATE_OBJECT_DIRECTORIES). */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}

function collect(child: ChildProcess, call: GitCall, keepsOutput = true): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    let errors = '';
    let bytes = 0;
    let ended: Error | null = null;
    const end = (reason: Error): void => {
      ended ??= reason;
      stop(child);
    };
    const onAbort = (): void => {
      end(call.signal?.reason as Error);
    };
    const limit = setTimeout(() => {
      end(stuckFailure(call.doing));
    }, call.limitMs ?? defaultLimitMs);
    call.signal?.addEventListener('abort', onAbort);
    if (keepsOutput) {
      child.stdout?.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxOutputBytes) end(new Error(`git wrote more than ${maxOutputBytes} bytes`));
        else output.push(chunk);
      });
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-maxErrorBytes);
      for (const line of text.split(/[\r\n]+/)) if (line.trim() !== '') call.onProgress?.(line.trim());
    });
    const settle = (): void => {
      clearTimeout(limit);
      call.signal?.removeEventListener('abort', onAbort);
    };
    child.on('error', (error) => {
      settle();
      reject(gitFailure({ call, args: [], code: null, stderr: '', cause: error }));
    });
    child.on('close', (code) => {
      settle();
      if (ended) reject(ended);
      else resolve({ code: code ?? -1, stdout: Buffer.concat(output), stderr: errors });
    });
  });
}

function checked(answer: GitAnswer, args: readonly string[], call: GitCall): GitAnswer {
  if (answer.code === 0 || call.answers?.includes(answer.code)) return answer;
  throw gitFailure({ call, args, code: answer.code, stderr: answer.stderr, cause: null });
}

/** Asks git and all that it has started to end, and makes them soon after. */
function stop(child: ChildProcess): void {
  const signalAll = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, signal);
      else child.kill(signal);
    } catch {
      // They have ended meanwhile.
    }
  };
  signalAll('SIGTERM');
  const timer = setTimeout(() => {
    signalAll('SIGKILL');
  }, graceMs);
  child.once('close', () => {
    clearTimeout(timer);
  });
}
