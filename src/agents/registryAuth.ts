import { execFile } from 'node:child_process';
import * as v from 'valibot';

/** What the engine passes on to a registry; dockerode makes the header X-Registry-Auth of it. It is a secret. */
export interface RegistryAuth {
  username?: string;
  password?: string;
  /** Instead of a password, where a registry gives tokens out. */
  identitytoken?: string;
  registrytoken?: string;
  serveraddress: string;
}

export interface RegistryAuthSources {
  /** The text of Docker's own config.json; null where there is none. */
  readConfig(): Promise<string | null>;
  /** Asks `docker-credential-<helper> get`; its output, null where it has nothing. Throws when it cannot be asked. */
  askHelper(helper: string, server: string): Promise<string | null>;
}

/** Docker Hub goes by this name in Docker's config. */
const hubServer = 'https://index.docker.io/v1/';
const helperLimitMs = 10_000;

const configSchema = v.object({
  auths: v.fallback(
    v.record(
      v.string(),
      v.object({
        auth: v.optional(v.string()),
        identitytoken: v.optional(v.string()),
        registrytoken: v.optional(v.string()),
      }),
    ),
    {},
  ),
  credsStore: v.fallback(v.optional(v.string()), undefined),
  credHelpers: v.fallback(v.record(v.string(), v.string()), {}),
});
const helperSchema = v.object({ Username: v.string(), Secret: v.string() });

/**
 * The sign-in that the docker CLI would use for an image's registry: from the helper of that registry, the store of all
 * credentials, or the config itself, in this order. Null where the user is not signed in there.
 *
 * @param registry as in the image's name; null for Docker Hub
 * @throws Error when the helper cannot be asked; its message has no secret in it
 */
export async function registryAuth(
  registry: string | null,
  sources: RegistryAuthSources,
): Promise<RegistryAuth | null> {
  const text = await sources.readConfig();
  const config = text === null ? null : parse(configSchema, text);
  if (config === null) return null;
  const server = registry ?? hubServer;
  const helper = config.credHelpers[server] ?? config.credsStore;
  if (helper !== undefined && helper !== '') {
    const said = await sources.askHelper(helper, server);
    const answer = said === null ? null : parse(helperSchema, said);
    if (answer !== null) return fromHelper(answer, server);
  }
  const entry =
    config.auths[server] ??
    Object.entries(config.auths).find(([name]) => hostOf(name) === hostOf(server))?.[1];
  if (!entry) return null;
  const { auth, identitytoken, registrytoken } = entry;
  if (identitytoken) return { identitytoken, serveraddress: server };
  if (registrytoken) return { registrytoken, serveraddress: server };
  const [, username, password] = /^([^:]*):([^]*)$/.exec(Buffer.from(auth ?? '', 'base64').toString()) ?? [];
  if (!username || password === undefined) return null;
  // Some versions of the CLI have written a zero byte at its end.
  return { username, password: password.replace(/\0+$/, ''), serveraddress: server };
}

function fromHelper({ Username, Secret }: v.InferOutput<typeof helperSchema>, server: string): RegistryAuth {
  return Username === '<token>'
    ? { identitytoken: Secret, serveraddress: server }
    : { username: Username, password: Secret, serveraddress: server };
}

function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function parse<T>(schema: v.GenericSchema<unknown, T>, text: string): T | null {
  try {
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

/** Runs a credential helper of Docker's: the name of a server on its stdin, JSON on its stdout. */
export function askCredentialHelper(helper: string, server: string): Promise<string | null> {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) return Promise.reject(new Error(`"${helper}" is no credential helper.`));
  return new Promise((resolve, reject) => {
    const child = execFile(program, ['get'], { timeout: helperLimitMs }, (error, stdout) => {
      if (!error) resolve(stdout);
      // What helpers answer where they have nothing; what else they print may hold a secret.
      else if (/credentials not found/i.test(stdout)) resolve(null);
      else reject(new Error(`${program} could not be asked (${String(error.code ?? error.signal)}).`));
    });
    // One that is not there, or ends at once, shows by its exit.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}

/** The registry that an image's name stands for; null for Docker Hub. */
export function registryOf(image: string): string | null {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost && first !== 'docker.io' && first !== 'index.docker.io' ? first : null;
}
