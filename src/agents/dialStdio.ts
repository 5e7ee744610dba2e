import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { UserError } from '../model/failure.ts';

const keptStderr = 2_000;

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
  readonly #cli: ChildProcessWithoutNullStreams;
  readonly #host: string;
  #stderr = '';
  #hasAnswered = false;

  constructor(host: string, environment: Readonly<Record<string, string | undefined>>) {
    super();
    this.#host = host;
    const env: NodeJS.ProcessEnv = { ...environment, DOCKER_HOST: host };
    delete env.DOCKER_CONTEXT;
    this.#cli = spawn('docker', ['system', 'dial-stdio'], { env, windowsHide: true });
    this.#cli.stdin.on('error', () => undefined);
    this.#cli.stdout.on('data', (chunk: Buffer) => {
      this.#hasAnswered = true;
      if (!this.push(chunk)) this.#cli.stdout.pause();
    });
    this.#cli.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-keptStderr);
    });
    this.#cli.once('error', (error) => this.destroy(this.#failure(error)));
    this.#cli.once('close', () => {
      if (this.#hasAnswered) this.push(null);
      else this.destroy(this.#failure());
    });
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
    const said = this.#stderr.trim().split('\n').at(-1) ?? '';
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
