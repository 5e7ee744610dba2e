import { createHash } from 'node:crypto';
import path from 'node:path';
import * as v from 'valibot';
import { UserError } from '../model/failure.ts';

/** How to reach an engine. */
export type EngineConnection =
  /** A Unix socket, or a named pipe of Windows. */
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls: TlsFiles | null }
  /** Through the docker CLI, which reaches it as `docker` in a terminal would. */
  | { kind: 'ssh'; host: string };

/** A folder with ca.pem, and with cert.pem and key.pem where the engine asks for a client certificate. */
export interface TlsFiles {
  folder: string;
}

/** Where the container engine listens, and who said so. */
export interface EngineEndpoint {
  /** As DOCKER_HOST would have it: `unix:///var/run/docker.sock`. */
  endpoint: string;
  /** In words: "setting kandev.docker.host", "context desktop-linux". */
  chosenBy: string;
  connection: EngineConnection;
}

/** What the resolution needs to know of the machine. */
export interface EndpointSources {
  /** The setting `kandev.docker.host`; null when it is empty. */
  setting: string | null;
  environment: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  homeFolder: string;
  /** The text of a file; null where there is none. */
  readText(file: string): Promise<string | null>;
  exists(file: string): Promise<boolean>;
  /** The names in a folder; none where there is no such folder. */
  list(folder: string): Promise<string[]>;
}

/**
 * Finds the engine as the docker CLI does, with the sockets of rootless Docker, Docker Desktop and Podman after that:
 * setting, DOCKER_HOST, DOCKER_CONTEXT, the current context, then the first socket that exists.
 *
 * @throws UserError when what was chosen cannot be used: a context that does not exist, an address that is none.
 */
export async function resolveEndpoint(sources: EndpointSources): Promise<EngineEndpoint> {
  const { setting, environment } = sources;
  if (setting !== null) {
    const [, context] = /^context:(.+)$/.exec(setting) ?? [];
    const bySetting = 'setting kandev.docker.host';
    return context === undefined
      ? parseEndpoint(setting, bySetting, sources)
      : contextEndpoint(context.trim(), `, ${bySetting}`, sources);
  }

  const current = await currentContext(sources);
  if (environment.DOCKER_HOST) {
    const overridden = current === null ? '' : `, which overrides context ${current}`;
    return parseEndpoint(environment.DOCKER_HOST, `DOCKER_HOST${overridden}`, sources);
  }
  if (environment.DOCKER_CONTEXT) {
    return environment.DOCKER_CONTEXT === 'default'
      ? firstSocket(sources)
      : contextEndpoint(environment.DOCKER_CONTEXT, ' (DOCKER_CONTEXT)', sources);
  }
  return current === null ? firstSocket(sources) : contextEndpoint(current, '', sources);
}

/** Where the docker CLI keeps its configuration. */
export function dockerFolder({
  environment,
  homeFolder,
}: Pick<EndpointSources, 'environment' | 'homeFolder'>): string {
  return environment.DOCKER_CONFIG ?? path.join(homeFolder, '.docker');
}

const cliConfig = v.object({ currentContext: v.optional(v.string()) });
const contextMeta = v.object({
  Name: v.fallback(v.string(), ''),
  Endpoints: v.object({ docker: v.object({ Host: v.string() }) }),
});

/** The context that `docker context use` has chosen; null for the default one. */
async function currentContext(sources: EndpointSources): Promise<string | null> {
  const config = decode(cliConfig, await sources.readText(path.join(dockerFolder(sources), 'config.json')));
  const name = config?.currentContext ?? '';
  return name === '' || name === 'default' ? null : name;
}

async function contextEndpoint(
  name: string,
  origin: string,
  sources: EndpointSources,
): Promise<EngineEndpoint> {
  const contexts = path.join(dockerFolder(sources), 'contexts');
  // The CLI names a context's folder by the hash of its name.
  const folder = createHash('sha256').update(name).digest('hex');
  const meta = decode(contextMeta, await sources.readText(path.join(contexts, 'meta', folder, 'meta.json')));
  if (meta === null) {
    throw endpointError(
      `The Docker context "${name}"${origin} does not exist. Choose another one with "docker context use", or name the engine in the setting kandev.docker.host.`,
    );
  }
  const tlsFolder = path.join(contexts, 'tls', folder, 'docker');
  const tls = (await sources.exists(path.join(tlsFolder, 'ca.pem'))) ? { folder: tlsFolder } : null;
  return parseEndpoint(meta.Endpoints.docker.Host, `context ${name}${origin}`, sources, tls);
}

/** A way to an engine that was found on this machine. */
export interface FoundEngine {
  /** What the setting `kandev.docker.host` would say; null for the way that is taken without it. */
  setting: string | null;
  endpoint: EngineEndpoint;
}

/** All ways to an engine that there are: what is chosen without the setting, the contexts, and the sockets. */
export async function listEngines(sources: EndpointSources): Promise<FoundEngine[]> {
  const choices: FoundEngine[] = [];
  const add = async (setting: string | null): Promise<void> => {
    const endpoint = await resolveEndpoint({ ...sources, setting }).catch(() => null);
    if (endpoint) choices.push({ setting, endpoint });
  };
  await add(null);
  const metas = path.join(dockerFolder(sources), 'contexts', 'meta');
  for (const folder of (await sources.list(metas)).sort()) {
    const meta = decode(contextMeta, await sources.readText(path.join(metas, folder, 'meta.json')));
    if (meta && meta.Name !== '') await add(`context:${meta.Name}`);
  }
  for (const [file, whose] of usualSockets(sources)) {
    if (!(await sources.exists(file))) continue;
    const endpoint = socketEndpoint(file, whose, sources.platform);
    choices.push({ setting: endpoint.endpoint, endpoint });
  }
  return choices;
}

function decode<T>(schema: v.GenericSchema<unknown, T>, text: string | null): T | null {
  if (text === null) return null;
  try {
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

/** Where engines listen when nobody says otherwise, in the order of preference. */
function usualSockets({
  environment,
  platform,
  homeFolder,
}: EndpointSources): [file: string, whose: string][] {
  if (platform === 'win32') {
    return [
      ['//./pipe/docker_engine', "Docker's usual pipe"],
      ['//./pipe/podman-machine-default', "Podman's pipe"],
    ];
  }
  const runtimeFolder = environment.XDG_RUNTIME_DIR;
  return [
    ['/var/run/docker.sock', "Docker's usual socket"],
    [path.join(homeFolder, '.docker/run/docker.sock'), "Docker Desktop's socket"],
    [path.join(homeFolder, '.docker/desktop/docker.sock'), "Docker Desktop's socket"],
    ...(runtimeFolder
      ? ([
          [path.join(runtimeFolder, 'docker.sock'), "rootless Docker's socket"],
          [path.join(runtimeFolder, 'podman/podman.sock'), "rootless Podman's socket"],
        ] satisfies [string, string][])
      : []),
    ['/run/podman/podman.sock', "Podman's socket"],
    [path.join(homeFolder, '.local/share/containers/podman/machine/podman.sock'), "Podman machine's socket"],
  ];
}

async function firstSocket(sources: EndpointSources): Promise<EngineEndpoint> {
  const candidates = usualSockets(sources);
  for (const [file, whose] of candidates) {
    if (await sources.exists(file)) return socketEndpoint(file, whose, sources.platform);
  }
  // None is there: the usual one, so that the user reads where Docker was looked for.
  const [file, whose] = candidates[0] ?? ['/var/run/docker.sock', "Docker's usual socket"];
  return socketEndpoint(file, whose, sources.platform);
}

function socketEndpoint(file: string, chosenBy: string, platform: NodeJS.Platform): EngineEndpoint {
  const scheme = platform === 'win32' ? 'npipe' : 'unix';
  return { endpoint: `${scheme}://${file}`, chosenBy, connection: { kind: 'socket', path: file } };
}

function parseEndpoint(
  text: string,
  chosenBy: string,
  sources: EndpointSources,
  contextTls: TlsFiles | null = null,
): EngineEndpoint {
  const { platform } = sources;
  const address = text.trim();
  if (address.startsWith('/')) return socketEndpoint(address, chosenBy, platform);
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/i.exec(address) ?? [];
  switch (scheme.toLowerCase()) {
    case 'unix':
    case 'npipe':
      if (rest === '') break;
      return { endpoint: address, chosenBy, connection: { kind: 'socket', path: rest } };
    case 'tcp':
      return tcpEndpoint(rest, chosenBy, address, contextTls ?? environmentTls(sources));
    case 'ssh':
      // What begins with a dash would be an option of ssh.
      if (!/^[^-/\s][^/\s]*(\/\S*)?$/.test(rest)) break;
      return { endpoint: address, chosenBy, connection: { kind: 'ssh', host: address } };
  }
  throw malformed(address, chosenBy);
}

function tcpEndpoint(
  rest: string,
  chosenBy: string,
  address: string,
  tlsFiles: TlsFiles | null,
): EngineEndpoint {
  let url: URL;
  try {
    url = new URL(`tcp://${rest}`);
  } catch {
    throw malformed(address, chosenBy);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw malformed(address, chosenBy);
  const port = url.port === '' ? (tlsFiles ? 2376 : 2375) : Number(url.port);
  return {
    endpoint: `tcp://${url.host}${url.port === '' ? `:${port}` : ''}`,
    chosenBy,
    connection: { kind: 'tcp', host, port, tls: tlsFiles },
  };
}

function environmentTls(sources: EndpointSources): TlsFiles | null {
  const { DOCKER_CERT_PATH, DOCKER_TLS_VERIFY } = sources.environment;
  if (!DOCKER_CERT_PATH && !DOCKER_TLS_VERIFY) return null;
  return {
    folder:
      DOCKER_CERT_PATH === undefined || DOCKER_CERT_PATH === '' ? dockerFolder(sources) : DOCKER_CERT_PATH,
  };
}

function malformed(address: string, chosenBy: string): UserError {
  return endpointError(
    `"${address}" (from ${chosenBy}) is not an address of a Docker engine. It looks like unix:///var/run/docker.sock or tcp://127.0.0.1:2375.`,
  );
}

function endpointError(message: string): UserError {
  return new UserError({
    reason: 'invalid-input',
    message,
    action: { kind: 'openSetting', setting: 'kandev.docker.host' },
  });
}
