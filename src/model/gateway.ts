/**
 * What a token lets its bearer do: look (`read`), change cards and what is known of them (`write`), have agents work and
 * take what they have made (`run`), and answer what agents ask (`approve`).
 */
export const gatewayScopes = ['read', 'write', 'run', 'approve'] as const;
export type GatewayScope = (typeof gatewayScopes)[number];

/** What is known of a token; never the token itself. Times are milliseconds since the epoch. */
export interface GatewayToken {
  id: string;
  /** Stands in the history of the cards. */
  name: string;
  scopes: GatewayScope[];
  createdAt: number;
  expiresAt: number;
}

/** Whether programs can reach the board, and where. */
export interface GatewayStatus {
  /** For example `http://127.0.0.1:40123`; null while it is off. */
  url: string | null;
  port: number | null;
}

export interface GatewaySettings {
  enabled: boolean;
  /** 0: one that is free. */
  port: number;
  /** Of web pages that may use it, such as `http://localhost:3000`. */
  allowedOrigins: readonly string[];
  /** For each token. */
  requestsPerMinute: number;
}

/** Where secrets are kept: VS Code's secret storage. */
export interface SecretKeeper {
  get(name: string): PromiseLike<string | undefined>;
  store(name: string, value: string): PromiseLike<void>;
}
