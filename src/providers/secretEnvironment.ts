import type { SecretStorage } from 'vscode';

/** Where the value of an environment variable comes from. */
export type ValueSource = 'kept' | 'host' | 'none';

/**
 * The environment variables that agents may have: those that the user has entered, which are kept in VS Code's secret
 * storage and nowhere else, and, where the user has agreed to it, those of the process that VS Code was started in. What
 * was entered wins.
 */
export class SecretEnvironment {
  readonly #secrets: Pick<SecretStorage, 'get' | 'store' | 'delete'>;
  readonly #host: NodeJS.ProcessEnv;
  readonly #onProblem: (text: string) => void;

  constructor(
    secrets: Pick<SecretStorage, 'get' | 'store' | 'delete'>,
    host: NodeJS.ProcessEnv,
    onProblem: (text: string) => void,
  ) {
    this.#secrets = secrets;
    this.#host = host;
    this.#onProblem = onProblem;
  }

  /** The values of those that were entered, and of the host's as far as the user has agreed to them. */
  async values(
    names: readonly string[],
    fromHost: ReadonlySet<string>,
  ): Promise<Readonly<Record<string, string>>> {
    const found = await Promise.all(
      names.map(async (name) => {
        const ofHost = fromHost.has(name) ? this.#host[name] : undefined;
        return [name, (await this.#kept(name)) ?? ofHost] as const;
      }),
    );
    return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }

  /** Which of these only the host has. */
  async fromHost(names: readonly string[]): Promise<readonly string[]> {
    const sources = await Promise.all(names.map((name) => this.sourceOf(name)));
    return names.filter((_name, index) => sources[index] === 'host');
  }

  async sourceOf(name: string): Promise<ValueSource> {
    if ((await this.#kept(name)) !== undefined) return 'kept';
    return this.#host[name] === undefined ? 'none' : 'host';
  }

  async keep(name: string, value: string): Promise<void> {
    await this.#secrets.store(keyOf(name), value);
  }

  /** Forgets what was entered; the host's own value counts again. */
  async remove(name: string): Promise<void> {
    await this.#secrets.delete(keyOf(name));
  }

  /** A keyring that cannot be read must not keep an agent from starting that has all it needs from the host. */
  async #kept(name: string): Promise<string | undefined> {
    try {
      return await this.#secrets.get(keyOf(name));
    } catch (error) {
      this.#onProblem(`VS Code's secret storage could not be read for ${name}: ${String(error)}`);
      return undefined;
    }
  }
}

function keyOf(name: string): string {
  return `kandev.environment.${name}`;
}
