import type { GatewayScope } from '../model/gateway.ts';
import { Refusal } from './problem.ts';
import type { RateLimit } from './rateLimit.ts';
import type { Caller, TokenDesk } from './tokenDesk.ts';

/** Headers that say where a request comes from, and what it is meant for. */
interface PlaceHeaders {
  host?: string | undefined;
  origin?: string | undefined;
}

export interface GuardOptions {
  tokens: Pick<TokenDesk, 'check'>;
  limit: RateLimit;
  allowedOrigins: readonly string[];
  /** The names by which this server is reached, with its port; known once it listens. */
  hosts: () => ReadonlySet<string>;
}

/** For all who have no good token together: guessing tokens costs them all. */
const nobody = '';

/** Lets in whoever has a token, from this machine, and not on behalf of a web page that the user has not named. */
export class Guard {
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /**
   * A page of another server that has its name resolved to this machine has that name as its host; one that sends
   * requests from elsewhere has its own origin.
   *
   * @throws Refusal
   */
  checkPlace({ host, origin }: PlaceHeaders): void {
    if (host === undefined || !this.#options.hosts().has(host.toLowerCase())) {
      throw new Refusal(403, 'host-not-allowed', 'Kandev is asked for by the address that it shows.');
    }
    if (origin !== undefined && !this.allowsOrigin(origin)) {
      throw new Refusal(
        403,
        'origin-not-allowed',
        'This web page may not use Kandev. Its origin can be added to kandev.gateway.allowedOrigins.',
      );
    }
  }

  allowsOrigin(origin: string): boolean {
    return this.#options.allowedOrigins.includes(origin);
  }

  /** Whether what was let in once still would be. */
  async isGood(authorization: string | undefined): Promise<boolean> {
    const token = tokenIn(authorization);
    return token !== undefined && (await this.#options.tokens.check(token)) !== null;
  }

  /** @throws Refusal */
  async caller(authorization: string | undefined): Promise<Caller> {
    const { tokens, limit } = this.#options;
    const token = tokenIn(authorization);
    const caller = token === undefined ? null : await tokens.check(token);
    const wait = limit.take(caller?.tokenId ?? nobody);
    if (wait !== null) {
      throw new Refusal(429, 'too-many-requests', `Ask again in ${wait} s.`, {
        headers: { 'retry-after': String(wait) },
      });
    }
    if (caller) return caller;
    const error = token === undefined ? '' : ', error="invalid_token"';
    throw new Refusal(
      401,
      'not-authenticated',
      'A token is needed, or this one is no longer good: “Kandev: Create API Token…” makes one.',
      { headers: { 'www-authenticate': `Bearer realm="kandev"${error}` } },
    );
  }
}

function tokenIn(authorization: string | undefined): string | undefined {
  return /^Bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization ?? '')?.[1];
}

/** @throws Refusal `scope-missing` */
export function requireScope(caller: Pick<Caller, 'scopes'>, scope: GatewayScope): void {
  if (caller.scopes.has(scope)) return;
  throw new Refusal(403, 'scope-missing', `This token is not good for that: it has no scope “${scope}”.`, {
    headers: { 'www-authenticate': `Bearer realm="kandev", error="insufficient_scope", scope="${scope}"` },
  });
}
