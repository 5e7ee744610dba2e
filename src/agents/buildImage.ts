import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { UserError } from '../model/failure.ts';
import type { EngineEndpoint } from './endpoint.ts';
import { diskFailure } from './engineFailure.ts';
import { imageLabels } from './labels.ts';

export interface ImageBuild {
  image: string;
  /** The folder that is sent to the engine. */
  context: string;
  /** What to build; left out: the Dockerfile in the folder. */
  dockerfile?: string;
  args?: Readonly<Record<string, string>>;
  /** The stage to build; null or left out: the last one. */
  target?: string | null;
  /** Beside that of its source. */
  labels?: Readonly<Record<string, string>>;
  /** What `sourceHash` says of the folder; the image keeps it as a label. */
  source: string;
  /** The image to build on instead of the one that the Dockerfile names; null for that one. */
  base: string | null;
  /** That image can be anything: what comes next begins as root, and without its entry point. */
  isForeignBase?: boolean;
  /** Without what the engine has kept of earlier builds. */
  fresh?: boolean;
}

/** How long a build that was told to stop may take before it is killed. */
const stopLimitMs = 1_500;
const keptLines = 30;

/**
 * Builds an image with the docker CLI, which knows how to do it on every engine.
 *
 * @param log gets the output line by line
 * @throws UserError `image-build-failed` with the end of the output, `engine-disk-full`; the signal's reason
 */
export async function buildImage(
  build: ImageBuild,
  endpoint: EngineEndpoint,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { image, base, isForeignBase = false } = build;
  const dockerfile = build.dockerfile ?? (await readFile(path.join(build.context, 'Dockerfile'), 'utf8'));
  signal.throwIfAborted();
  const cli = spawn('docker', argumentsOf(build), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cliEnvironment(endpoint),
    windowsHide: true,
  });
  // A CLI that is not there, or ends at once, shows by its exit.
  cli.stdin.on('error', () => undefined);
  cli.stdin.end(
    base === null ? dockerfile : withBase(dockerfile, isForeignBase ? `${base}\n${asPlainBase}` : base),
  );
  const lastLines: string[] = [];
  const readLines = async (stream: Readable) => {
    for await (const line of createInterface({ input: stream })) {
      log(line);
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
    }
  };
  let kill: NodeJS.Timeout | undefined;
  const stop = () => {
    cli.kill('SIGTERM');
    kill = setTimeout(() => cli.kill('SIGKILL'), stopLimitMs);
  };
  signal.addEventListener('abort', stop);
  try {
    const [[exitCode]] = await Promise.all([
      once(cli, 'close') as Promise<[number | null]>,
      readLines(cli.stdout),
      readLines(cli.stderr),
    ]);
    signal.throwIfAborted();
    if (exitCode !== 0) throw buildFailure(image, lastLines.join('\n'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noCli(image, error);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(kill);
  }
}

function argumentsOf({ image, context, source, fresh, args, target, labels }: ImageBuild): string[] {
  const pairs = (option: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`]);
  return [
    'build',
    '--force-rm',
    ...(fresh ? ['--no-cache'] : []),
    ...['--tag', image],
    ...pairs('--label', { [imageLabels.source]: source, ...labels }),
    ...pairs('--build-arg', args ?? {}),
    ...(target ? ['--target', target] : []),
    ...['--file', '-'],
    context,
  ];
}

/** What makes an image that somebody works in one that others are built on. By number: it may know no names. */
const asPlainBase = 'USER 0:0\nENTRYPOINT []';

/** The environment that makes the docker CLI talk to this engine, and to no context of its own. */
function cliEnvironment({ endpoint, connection }: EngineEndpoint): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, DOCKER_HOST: endpoint };
  delete environment.DOCKER_CONTEXT;
  delete environment.DOCKER_TLS_VERIFY;
  delete environment.DOCKER_CERT_PATH;
  if (connection.kind === 'tcp' && connection.tls) {
    environment.DOCKER_TLS_VERIFY = '1';
    environment.DOCKER_CERT_PATH = connection.tls.folder;
  }
  return environment;
}

function buildFailure(image: string, output: string): UserError {
  return (
    diskFailure(new Error(output)) ??
    new UserError({
      reason: 'image-build-failed',
      message: `The image ${image} could not be built. The log shows how far it came.`,
      detail: output,
      action: { kind: 'showLog' },
    })
  );
}

function noCli(image: string, cause: unknown): UserError {
  return new UserError(
    {
      reason: 'image-build-failed',
      message: `The image ${image} has to be built, and the docker command for that is not on your PATH. Install the Docker CLI, and restart the editor.`,
      action: { kind: 'openUrl', url: 'https://docs.docker.com/engine/install/' },
    },
    { cause },
  );
}

/** A hash of all that a folder holds; a built image carries that of the folder it was built from. */
export async function sourceHash(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const content = await readFile(file);
    hash.update(`${path.relative(folder, file).replaceAll('\\', '/')}\0${content.length}\0`);
    hash.update(content);
  }
  return hash.digest('hex');
}

const firstFrom = /^(FROM\s+(?:--\S+\s+)*)([^\s$]+)/im;

/** The image that a Dockerfile begins with; null where that is left to a build argument. */
export function baseImageOf(dockerfile: string): string | null {
  return firstFrom.exec(dockerfile)?.[2] ?? null;
}

/** The Dockerfile, beginning with another image. */
export function withBase(dockerfile: string, base: string): string {
  return dockerfile.replace(firstFrom, (_all, from: string) => from + base);
}
