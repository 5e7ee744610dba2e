import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { jwtVerify, SignJWT } from 'jose';
import * as v from 'valibot';
import type { NewToken } from '../api/gatewayContract.ts';
import { gatewayScopes, type GatewayScope, type GatewayToken, type SecretKeeper } from '../model/gateway.ts';

/** Who calls, as their token says it. */
export interface Caller {
  tokenId: string;
  name: string;
  scopes: ReadonlySet<GatewayScope>;
}

export interface TokenDeskOptions {
  secrets: SecretKeeper;
  /** Of the folder: a token of one is good for no other. */
  workspace: string;
  /** Where it is kept which tokens are good; never the tokens themselves. */
  file: string;
}

const algorithm = 'HS256';
const issuer = 'kandev';
const dayMs = 24 * 60 * 60_000;
/** How many tokens are known without being checked again. */
const rememberedTokens = 1000;

const listSchema = v.array(
  v.object({
    id: v.string(),
    name: v.string(),
    scopes: v.array(v.picklist(gatewayScopes)),
    createdAt: v.number(),
    expiresAt: v.number(),
  }),
);

/**
 * Makes and checks the tokens of programs: JWTs signed with a key of VS Code's secret storage. One is good while it
 * stands in the list, and until it expires: to revoke it is to take it off the list.
 */
export class TokenDesk {
  readonly #options: TokenDeskOptions;
  #key: Promise<Uint8Array> | null = null;
  #list: Promise<Map<string, GatewayToken>> | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  /** Which token, by its hash, is which of the list: the signature of each is checked once. */
  readonly #checked = new Map<string, string>();

  constructor(options: TokenDeskOptions) {
    this.#options = options;
  }

  /** @returns the token, which is kept nowhere */
  async create({ name, scopes, days }: NewToken): Promise<{ token: string; about: GatewayToken }> {
    const createdAt = Date.now();
    const about: GatewayToken = {
      id: randomUUID(),
      name,
      scopes: gatewayScopes.filter((scope) => scopes.includes(scope)),
      createdAt,
      expiresAt: createdAt + days * dayMs,
    };
    const token = await new SignJWT({ name, scope: about.scopes.join(' ') })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(this.#options.workspace)
      .setJti(about.id)
      .setIssuedAt(new Date(createdAt))
      .setExpirationTime(new Date(about.expiresAt))
      .sign(await this.#signingKey());
    await this.#change((tokens) => tokens.set(about.id, about));
    return { token, about };
  }

  /** The newest first. */
  async list(): Promise<GatewayToken[]> {
    const tokens = [...(await this.#tokens()).values()];
    return tokens.filter(isGood).sort((a, b) => b.createdAt - a.createdAt);
  }

  async revoke(ids: readonly string[]): Promise<void> {
    await this.#change((tokens) => {
      for (const id of ids) tokens.delete(id);
    });
  }

  /** Null for anything that is no token of this folder, or is no longer good. */
  async check(token: string): Promise<Caller | null> {
    const hash = createHash('sha256').update(token).digest('base64');
    const id = this.#checked.get(hash) ?? (await this.#verified(token, hash));
    const about = id === null ? undefined : (await this.#tokens()).get(id);
    if (!about || !isGood(about)) return null;
    return { tokenId: about.id, name: about.name, scopes: new Set(about.scopes) };
  }

  async #verified(token: string, hash: string): Promise<string | null> {
    try {
      const { payload } = await jwtVerify(token, await this.#signingKey(), {
        algorithms: [algorithm],
        issuer,
        audience: this.#options.workspace,
        requiredClaims: ['jti', 'exp'],
      });
      if (payload.jti === undefined) return null;
      if (this.#checked.size >= rememberedTokens) this.#checked.clear();
      this.#checked.set(hash, payload.jti);
      return payload.jti;
    } catch {
      return null;
    }
  }

  #signingKey(): Promise<Uint8Array> {
    this.#key ??= this.#findOrMakeKey().catch((error: unknown) => {
      this.#key = null;
      throw error;
    });
    return this.#key;
  }

  async #findOrMakeKey(): Promise<Uint8Array> {
    const { secrets, workspace } = this.#options;
    const name = `kandev.gateway.key.${workspace}`;
    const kept = await secrets.get(name);
    if (kept !== undefined) return Buffer.from(kept, 'base64url');
    const key = randomBytes(32);
    await secrets.store(name, key.toString('base64url'));
    return key;
  }

  #tokens(): Promise<Map<string, GatewayToken>> {
    this.#list ??= this.#read();
    return this.#list;
  }

  /** A list that is missing or damaged has no good token in it. */
  async #read(): Promise<Map<string, GatewayToken>> {
    const text = await readFile(this.#options.file, 'utf8').catch(() => '[]');
    const found = v.safeParse(v.pipe(v.string(), v.parseJson(), listSchema), text);
    return new Map(found.success ? found.output.map((token) => [token.id, token]) : []);
  }

  /** What is changed counts when it is on the disk, and not before. */
  async #change(change: (tokens: Map<string, GatewayToken>) => void): Promise<void> {
    const work = this.#writing.then(async () => {
      const tokens = new Map(await this.#tokens());
      change(tokens);
      const good = [...tokens].filter(([, token]) => isGood(token));
      const { file } = this.#options;
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
      await writeFile(unfinished, JSON.stringify(good.map(([, token]) => token)), { mode: 0o600 });
      await rename(unfinished, file);
      this.#list = Promise.resolve(new Map(good));
    });
    this.#writing = work.catch(() => undefined);
    await work;
  }
}

function isGood({ expiresAt }: GatewayToken): boolean {
  return expiresAt > Date.now();
}
