import type { Readable, Writable } from 'node:stream';
import { decodeInitialize, decodeProtocolVersion, decodeSessionSetup } from './decodeSetup.ts';
import { AcpError } from './errors.ts';
import { asObject, asString } from './json.ts';
import { RpcPeer } from './rpcPeer.ts';
import type { CloseReason, RequestLimits } from './rpcPeer.ts';
import { Session, cancelled } from './session.ts';
import type { SessionLink } from './session.ts';
import { dialects } from './types.ts';
import type {
  AgentCapabilities,
  Dialect,
  InitializeResult,
  McpServer,
  PermissionOutcome,
  PermissionRequest,
} from './types.ts';

/** The version of the protocol that is spoken here. */
const protocolVersion = 1;

/** What an agent may ask of its client. */
export interface ClientHandlers {
  /**
   * Asks the user. The signal aborts when nobody waits for the answer any more (the turn was cancelled or has ended,
   * the agent took the request back, the connection closed): the agent has then been answered already.
   */
  requestPermission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionOutcome>;
}

export interface ConnectionOptions {
  /** The agent's standard input and output. They stay the caller's: closing the connection does not end them. */
  stdin: Writable;
  stdout: Readable;
  clientInfo: { name: string; title?: string; version: string };
  handlers: ClientHandlers;
  /** `legacy` for agents that know a prompt's blocks by their older name. Older updates are understood anyway. */
  dialect?: 'acp' | 'legacy';
  /** Every line in either direction, as it is on the wire: redact it before it is kept. */
  onTrace?: (direction: 'in' | 'out', line: string) => void;
  /** A line of stdout that is not a message. */
  onNoise?: (line: string) => void;
  /** What went wrong without a request that could be rejected: an error without an id, a listener that threw. */
  onError?: (error: Error) => void;
  maxLineBytes?: number;
}

export interface SessionOptions {
  /** The folder to work in, as the agent sees it. */
  cwd: string;
  /** Those that the agent cannot use are left out. */
  mcpServers: readonly McpServer[];
}

/** A message for a session that is not open yet. */
interface EarlyMessage {
  sessionId: string | null;
  /** Without a session: there is none of that id. */
  deliver: (session: Session | undefined) => void;
}

/** Starts to speak ACP with an agent that runs. */
export function openConnection(options: ConnectionOptions): AcpConnection {
  return new AcpConnection(options);
}

export class AcpConnection {
  readonly #peer: RpcPeer;
  readonly #options: ConnectionOptions;
  readonly #link: SessionLink;
  readonly #sessions = new Map<string, Session>();
  readonly #seen = new Set<Dialect>();
  #agent: InitializeResult | null = null;
  #opening = 0;
  #early: EarlyMessage[] = [];

  constructor(options: ConnectionOptions) {
    const onError = options.onError ?? (() => undefined);
    this.#options = options;
    this.#peer = new RpcPeer({
      ...options,
      onError,
      onDialect: (dialect) => this.#seen.add(dialect),
      requests: new Map([['session/request_permission', this.#requestPermission]]),
      notifications: new Map([['session/update', this.#update]]),
    });
    this.#link = {
      request: (method, params) => this.#peer.request(method, params),
      notify: (method, params) => {
        this.#peer.notify(method, params);
      },
      requestPermission: (request, signal) => options.handlers.requestPermission(request, signal),
      onError,
      promptField: options.dialect === 'legacy' ? 'content' : 'prompt',
    };
  }

  /** Resolves when nothing more will come from the agent, and all that came has been delivered. Never rejects. */
  get closed(): Promise<CloseReason> {
    return this.#peer.closed;
  }

  /** The oldest way of speaking that the agent was heard to use. */
  get dialect(): Dialect {
    return dialects.findLast((dialect) => this.#seen.has(dialect)) ?? 'acp';
  }

  /** What the agent advertised; all is off until it has. */
  get capabilities(): AgentCapabilities {
    return (this.#agent ?? decodeInitialize(null, protocolVersion)).capabilities;
  }

  /** @throws AcpError `protocol-version` (the connection is then closed), `timeout`, `cancelled`, `closed` … */
  async initialize(limits: RequestLimits = {}): Promise<InitializeResult> {
    const result = await this.#peer.request(
      'initialize',
      {
        protocolVersion,
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
        clientInfo: this.#options.clientInfo,
      },
      limits,
    );
    const version = decodeProtocolVersion(result, protocolVersion);
    if (version !== protocolVersion) {
      this.dispose();
      const message = `The agent speaks version ${version} of ACP; only version ${protocolVersion} is understood here.`;
      throw new AcpError('protocol-version', message, { data: { version } });
    }
    this.#agent = decodeInitialize(result, version);
    return this.#agent;
  }

  /** @throws AcpError `auth-required` if the user must sign in first, and as {@link initialize}. */
  newSession(options: SessionOptions, limits: RequestLimits = {}): Promise<Session> {
    return this.#openSession('session/new', null, options, limits);
  }

  /** Opens a session again. The agent repeats the conversation as events of turn 0. @throws AcpError */
  loadSession(sessionId: string, options: SessionOptions, limits: RequestLimits = {}): Promise<Session> {
    if (!this.capabilities.loadSession) return Promise.reject(notSupported('load a session'));
    return this.#openSession('session/load', sessionId, options, limits);
  }

  /** Opens a session again, without a repetition. @throws AcpError */
  resumeSession(sessionId: string, options: SessionOptions, limits: RequestLimits = {}): Promise<Session> {
    if (!this.capabilities.session.resume) return Promise.reject(notSupported('resume a session'));
    return this.#openSession('session/resume', sessionId, options, limits);
  }

  /** Closes at once: what is pending is rejected, open permission requests are given up. */
  dispose(): void {
    this.#peer.dispose();
  }

  async #openSession(
    method: string,
    knownId: string | null,
    { cwd, mcpServers }: SessionOptions,
    limits: RequestLimits,
  ): Promise<Session> {
    const params = { cwd, mcpServers: mcpServers.filter((server) => this.#canUse(server)) };
    this.#opening += 1;
    try {
      const result = await this.#peer.request(
        method,
        knownId === null ? params : { sessionId: knownId, ...params },
        limits,
      );
      const id = knownId ?? asString(asObject(result).sessionId);
      if (id === null) {
        throw new AcpError('agent-error', `The agent answered ${method} without a session id.`);
      }
      const session = new Session(id, decodeSessionSetup(result), this.#link);
      this.#sessions.set(id, session);
      this.#deliverEarly(session);
      return session;
    } finally {
      this.#opening -= 1;
      if (this.#opening === 0) this.#deliverEarly();
    }
  }

  #canUse(server: McpServer): boolean {
    return 'type' in server ? this.capabilities.mcp[server.type] : true;
  }

  readonly #update = (params: unknown): void => {
    this.#route(params, (session) => session?.acceptUpdate(params));
  };

  readonly #requestPermission = (params: unknown, signal: AbortSignal): Promise<object> => {
    return new Promise((resolve) => {
      this.#route(params, (session) => {
        const outcome = session?.acceptPermission(params, signal) ?? Promise.resolve(cancelled);
        resolve(outcome.then((settled) => ({ outcome: settled })));
      });
    });
  };

  /** A message may overtake the answer that makes its session known; one without an id is for the only session. */
  #route(params: unknown, deliver: EarlyMessage['deliver']): void {
    const sessionId = asString(asObject(params).sessionId);
    const session = sessionId === null ? this.#onlySession() : this.#sessions.get(sessionId);
    if (session === undefined && this.#opening > 0) this.#early.push({ sessionId, deliver });
    else deliver(session);
  }

  #onlySession(): Session | undefined {
    const [session, another] = this.#sessions.values();
    return another === undefined ? session : undefined;
  }

  #deliverEarly(session?: Session): void {
    const early = this.#early;
    this.#early = [];
    for (const message of early) {
      const isConcerned = session === undefined || (message.sessionId ?? session.id) === session.id;
      if (isConcerned) message.deliver(session);
      else this.#early.push(message);
    }
  }
}

function notSupported(what: string): AcpError {
  return new AcpError('not-supported', `The agent cannot ${what}.`);
}
