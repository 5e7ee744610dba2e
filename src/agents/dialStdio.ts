import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { UserError } from '../model/failure.ts';

const keptStderr = 2_000;
/** What the CLI says when ssh has ended before it could hand over what we wrote. Why it has ended may be lost then. */
const writeFailed = 'error while Copy (stdin to stream)';

/**
 * Connections to an engine over ssh, each by a `docker system dial-stdio` of the docker CLI: it knows the user's ssh
 * configuration, agent and known hosts, and asks them as `docker` in a terminal does.
 *
 * @param host as in DOCKER_HOST: `ssh://ann@build-server`
 */
export function dialStdioAgent(
  host: string,
  environment: Readonly<Record<string, string | undefined>>,
): Agent {
  const agent = new Agent();
  // Node's own type for it wants a socket of the network; any stream does.
  Object.assign(agent, { createConnection: () => new DialStdio(host, environment) });
  return agent;
}

/** The stdin and stdout of such a command, as Node's HTTP client wants to see a socket. */
class DialStdio extends Duplex {
  #cli: ChildProcessWithoutNullStreams;
  readonly #host: string;
  readonly #env: NodeJS.ProcessEnv;
  #stderr = '';
  #hasAnswered = false;

  constructor(host: string, environment: Readonly<Record<string, string | undefined>>) {
    super();
    this.#host = host;
    this.#env = { ...environment, DOCKER_HOST: host };
    delete this.#env.DOCKER_CONTEXT;
    this.#cli = this.#dial();
    this.#cli.stdout.on('data', (chunk: Buffer) => {
      this.#hasAnswered = true;
      if (!this.push(chunk)) this.#cli.stdout.pause();
    });
    this.#cli.once('close', () => {
      if (this.destroyed) return;
      if (this.#hasAnswered) this.push(null);
      else if (this.#reason() === '') this.#askForReason();
      else this.destroy(this.#failure());
    });
  }

  #dial(): ChildProcessWithoutNullStreams {
    const cli = spawn('docker', ['system', 'dial-stdio'], { env: this.#env, windowsHide: true });
    cli.stdin.on('error', () => undefined);
    cli.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-keptStderr);
    });
    cli.once('error', (error) => this.destroy(this.#failure(error)));
    return cli;
  }

  /** Dials once more and writes nothing: all that can fail then is what has made the first one end. */
  #askForReason(): void {
    this.#cli = this.#dial();
    this.#cli.stdin.end();
    this.#cli.stdout.resume();
    this.#cli.once('close', () => this.destroy(this.#failure()));
  }

  /** The last words of ssh or the CLI that say why; empty when they do not. */
  #reason(): string {
    const lines = this.#stderr.trim().split('\n');
    return lines.findLast((line) => !line.startsWith(writeFailed)) ?? '';
  }

  override _read(): void {
    this.#cli.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#cli.stdin.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#cli.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#cli.kill();
    done(error);
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #failure(error?: NodeJS.ErrnoException): UserError {
    const isMissing = error?.code === 'ENOENT';
    const said = this.#reason();
    return new UserError(
      {
        reason: isMissing ? 'engine-not-running' : 'engine-not-answering',
        message: isMissing
          ? `The engine at ${this.#host} is reached by the docker command, which is not on your PATH. Install the Docker CLI, and restart the editor.`
          : `Docker at ${this.#host} cannot be reached over ssh: ${said === '' ? 'the connection ended' : said}. Look whether "docker -H ${this.#host} version" works in a terminal.`,
        detail: this.#stderr,
        action: isMissing
          ? { kind: 'openUrl', url: 'https://docs.docker.com/engine/install/' }
          : { kind: 'checkEngine' },
      },
      { cause: error },
    );
  }
}
