import type { Readable, Writable } from 'node:stream';
import { agentRequests } from './agentRequests.ts';
import type { ClientHandlers } from './clientHandlers.ts';
import { AcpError } from './errors.ts';
import { OpenSession } from './openSession.ts';
import type { Replay, SessionLink } from './openSession.ts';
import type { LeftOut, Session, SessionListener } from './session.ts';
import { SessionRouter } from './sessionRouter.ts';
import type { ConnectionJournal, ConnectionState, Hold, SessionSnapshot } from './takeOver.ts';
import { Terminals } from './terminals.ts';
import { RpcPeer } from './transport/rpcPeer.ts';
import type { CloseReason, RequestLimits } from './transport/rpcPeer.ts';
import { dialects } from './types.ts';
import type {
  AgentCapabilities,
  AuthMethod,
  Dialect,
  InitializeResult,
  McpServer,
  SessionPage,
  SessionSummary,
  TurnResult,
} from './types.ts';
import { codecV1 } from './v1/codec.ts';
import type { Codec } from './v1/codec.ts';
import { decodeProtocolVersion } from './v1/decodeAgent.ts';

export interface ConnectionOptions {
  /** The agent's standard input and output. They stay the caller's: closing the connection does not end them. */
  stdin: Writable;
  stdout: Readable;
  clientInfo: { name: string; title?: string; version: string };
  handlers: ClientHandlers;
  /** `legacy` for agents that know a prompt's blocks by their older name. Older updates are understood anyway. */
  dialect?: 'acp' | 'legacy';
  /** A way to sign in that needs nobody: used right after `initialize` where the agent offers it. */
  authMethod?: string;
  /** The client can run a sign-in command in a terminal before the user's eyes. */
  terminalSignIn?: boolean;
  /** The client shows `terminal` events, so the agent may tell of its own commands by them and not by text. */
  terminalOutput?: boolean;
  /** Every line in either direction, as it is on the wire: redact it before it is kept. */
  onTrace?: (direction: 'in' | 'out', line: string) => void;
  /** A line of stdout that is not a message. */
  onNoise?: (line: string) => void;
  /** What went wrong without a request that could be rejected: an error without an id, a listener that threw. */
  onError?: (error: Error) => void;
  maxLineBytes?: number;
  /** Told what another process needs to know that goes on with this connection. */
  journal?: ConnectionJournal;
  /** This connection goes on where another process has left off: with `continueSession`, at once. */
  state?: ConnectionState;
}

export interface SessionOptions {
  /** The folder to work in, as the agent sees it. */
  cwd: string;
  /** Those that the agent cannot use are left out; see `Session.leftOut`. */
  mcpServers: readonly McpServer[];
  /** More folders, as the agent sees them; left out for an agent that knows only one. */
  additionalDirectories?: readonly string[];
  /** Hears the session from its first word, also while it is being opened. */
  onEvent?: SessionListener;
}

export interface ReopenOptions extends SessionOptions {
  /**
   * What an agent repeats of the conversation comes as events that are marked `replayed`, or not at all: that is
   * whatever comes before the first prompt.
   */
  replay?: Replay;
}

/** Starts to speak ACP with an agent that runs. */
export function openConnection(options: ConnectionOptions): AcpConnection {
  return new AcpConnection(options);
}

/** All methods throw AcpError: the agent's own, `timeout`, `cancelled`, `closed`, and `not-supported` at once. */
export class AcpConnection {
  readonly #peer: RpcPeer;
  readonly #options: ConnectionOptions;
  readonly #codec: Codec = codecV1;
  readonly #sessions = new SessionRouter();
  readonly #terminals: Terminals | null;
  readonly #onError: (error: Error) => void;
  readonly #seen = new Set<Dialect>();
  #agent: InitializeResult;

  constructor(options: ConnectionOptions) {
    const { handlers } = options;
    this.#options = options;
    this.#onError = options.onError ?? (() => undefined);
    this.#agent = options.state?.agent ?? this.#codec.initializeResult(null);
    this.#terminals = handlers.terminals ? this.#createTerminals(handlers.terminals) : null;
    const sessions = this.#sessions;
    const codec = this.#codec;
    this.#peer = new RpcPeer({
      ...options,
      onError: this.#onError,
      onDialect: (dialect) => this.#seen.add(dialect),
      requests: agentRequests({ handlers, sessions, terminals: this.#terminals, codec }),
      notifications: new Map([
        ['session/update', this.#update],
        ['elicitation/complete', this.#elicitationCompleted],
      ]),
    });
    void this.#peer.closed.then(() => {
      this.#terminals?.dispose();
      for (const session of sessions.all()) session.end();
    });
  }

  /** Resolves when nothing more will come from the agent, and all that came has been delivered. Never rejects. */
  get closed(): Promise<CloseReason> {
    return this.#peer.closed;
  }

  /** The oldest way of speaking that the agent was heard to use. */
  get dialect(): Dialect {
    return dialects.findLast((dialect) => this.#seen.has(dialect)) ?? 'acp';
  }

  /** The ways to sign in that the agent named; none until it has. */
  get authMethods(): readonly AuthMethod[] {
    return this.#agent.authMethods;
  }

  /** What the agent advertised; all is off until it has. */
  get capabilities(): AgentCapabilities {
    return this.#agent.capabilities;
  }

  /** What the agent said to `initialize`. */
  get agent(): InitializeResult {
    return this.#agent;
  }

  /** All that the agent said before this byte of its output has been delivered. */
  get position(): number {
    return this.#peer.position;
  }

  /** False while what a line brings has been delivered in part. */
  get isBetweenLines(): boolean {
    return this.#peer.isBetweenLines;
  }

  /** For whoever has just been told of a turn's end: nothing that came after it is delivered before the release. */
  hold(): Hold {
    return this.#peer.hold();
  }

  /** A session of another process goes on here; `turn` is null when none is open. To be called at once. */
  continueSession(
    snapshot: SessionSnapshot,
    listener: SessionListener,
  ): { session: Session; turn: Promise<TurnResult> | null } {
    const session = new OpenSession(snapshot.sessionId, this.#link(), { listener, replay: null });
    const turn = session.continueFrom(snapshot);
    this.#sessions.add(session);
    return { session, turn };
  }

  /** @throws AcpError `protocol-version` (the connection is then closed), … */
  async initialize(limits: RequestLimits = {}): Promise<InitializeResult> {
    const { handlers, clientInfo, authMethod } = this.#options;
    const ours = this.#codec.version;
    const clientCapabilities = this.#codec.clientCapabilities({
      readTextFile: handlers.files?.readTextFile !== undefined,
      writeTextFile: handlers.files?.writeTextFile !== undefined,
      terminals: handlers.terminals !== undefined,
      formElicitation: handlers.elicitation?.form !== undefined,
      urlElicitation: handlers.elicitation?.url !== undefined,
      terminalSignIn: this.#options.terminalSignIn === true,
      terminalOutput: this.#options.terminalOutput === true,
    });
    const params = { protocolVersion: ours, clientCapabilities, clientInfo };
    const result = await this.#peer.request('initialize', params, limits);
    const version = decodeProtocolVersion(result, ours);
    if (version !== ours) {
      this.dispose();
      const message = `The agent speaks version ${version} of ACP; only version ${ours} is understood here.`;
      throw new AcpError('protocol-version', message, { data: { version } });
    }
    this.#agent = this.#codec.initializeResult(result);
    const offered = this.#agent.authMethods.some(({ id, type }) => id === authMethod && type !== 'terminal');
    if (authMethod !== undefined && offered) await this.authenticate(authMethod, limits);
    return this.#agent;
  }

  /** Signs in by a method of type `agent`, or of type `env_var` once the variables are set. @throws AcpError */
  async authenticate(methodId: string, limits: RequestLimits = {}): Promise<void> {
    const method = this.#agent.authMethods.find(({ id }) => id === methodId);
    if (method?.type === 'terminal') throw notSupported('sign in but in a terminal');
    await this.#peer.request('authenticate', { methodId }, limits);
  }

  async logout(limits: RequestLimits = {}): Promise<void> {
    if (!this.capabilities.auth.logout) throw notSupported('sign out');
    await this.#peer.request('logout', {}, limits);
  }

  /** @throws AcpError `auth-required` if the user must sign in first, … */
  newSession(options: SessionOptions, limits: RequestLimits = {}): Promise<Session> {
    return this.#openSession('session/new', {}, options, limits);
  }

  /**
   * Opens a session again; the agent repeats the conversation. Resolves a moment after the last of it, because some
   * agents answer before. @throws AcpError `session-not-found`, …
   */
  loadSession(sessionId: string, options: ReopenOptions, limits: RequestLimits = {}): Promise<Session> {
    if (!this.capabilities.loadSession) return Promise.reject(notSupported('load a session'));
    return this.#reopenSession('session/load', sessionId, options, limits);
  }

  /** Opens a session again, without a repetition. @throws AcpError `session-not-found`, … */
  resumeSession(sessionId: string, options: ReopenOptions, limits: RequestLimits = {}): Promise<Session> {
    if (!this.capabilities.session.resume) return Promise.reject(notSupported('resume a session'));
    return this.#reopenSession('session/resume', sessionId, options, limits);
  }

  /** A new session that begins where another stands (a draft of the protocol). @throws AcpError */
  forkSession(sessionId: string, options: SessionOptions, limits: RequestLimits = {}): Promise<Session> {
    if (!this.capabilities.session.fork) return Promise.reject(notSupported('fork a session'));
    return this.#openSession('session/fork', { sessionId }, options, limits);
  }

  /** One page of the agent's sessions; those of one folder if `cwd` says so. @throws AcpError */
  async listSessions(
    page: { cwd?: string; cursor?: string } = {},
    limits: RequestLimits = {},
  ): Promise<SessionPage> {
    if (!this.capabilities.session.list) throw notSupported('list its sessions');
    return this.#codec.sessionPage(await this.#peer.request('session/list', page, limits));
  }

  /** All of the agent's sessions, a page at a time. @throws AcpError */
  async *sessions(
    filter: { cwd?: string } = {},
    limits: RequestLimits = {},
  ): AsyncGenerator<SessionSummary, void> {
    const asked = new Set<string>();
    let page = await this.listSessions(filter, limits);
    yield* page.sessions;
    // An agent that gives a cursor twice would never come to an end.
    while (page.nextCursor !== null && !asked.has(page.nextCursor)) {
      asked.add(page.nextCursor);
      page = await this.listSessions({ ...filter, cursor: page.nextCursor }, limits);
      yield* page.sessions;
    }
  }

  /** Deletes a session from the agent's list; one that it does not know counts as deleted. @throws AcpError */
  async deleteSession(sessionId: string, limits: RequestLimits = {}): Promise<void> {
    if (!this.capabilities.session.delete) throw notSupported('delete a session');
    await this.#requestUnlessGone('session/delete', sessionId, limits);
  }

  /** Closes at once: what is pending is rejected, open questions are given up, terminals released. */
  dispose(): void {
    this.#peer.dispose();
  }

  async #openSession(
    method: string,
    source: object,
    options: SessionOptions,
    limits: RequestLimits,
  ): Promise<Session> {
    const { params, leftOut } = this.#sessionParams(options);
    return this.#sessions.whileOpening(async () => {
      const result = await this.#peer.request(method, { ...source, ...params }, limits);
      const id = this.#codec.sessionId(result);
      if (id === null) {
        throw new AcpError('agent-error', `The agent answered ${method} without a session id.`);
      }
      const session = new OpenSession(id, this.#link(), { listener: options.onEvent, replay: null });
      session.begin(this.#codec.sessionSetup(result), leftOut);
      this.#sessions.add(session);
      return session;
    });
  }

  async #reopenSession(
    method: string,
    sessionId: string,
    options: ReopenOptions,
    limits: RequestLimits,
  ): Promise<Session> {
    const { params, leftOut } = this.#sessionParams(options);
    const { onEvent: listener, replay = 'deliver' } = options;
    // Known before its request is answered: what is repeated comes before.
    const session = new OpenSession(sessionId, this.#link(), { listener, replay });
    this.#sessions.add(session);
    try {
      const result = await this.#peer.request(method, { sessionId, ...params }, limits);
      session.begin(this.#codec.sessionSetup(result), leftOut);
      if (method === 'session/load') await session.untilQuiet();
      return session;
    } catch (error) {
      this.#sessions.remove(session);
      session.end();
      throw error;
    }
  }

  #sessionParams({ cwd, mcpServers, additionalDirectories = [] }: SessionOptions): {
    params: object;
    leftOut: LeftOut;
  } {
    const { mcp, session } = this.capabilities;
    const canUse = (server: McpServer): boolean => !('type' in server) || mcp[server.type];
    const directories = session.additionalDirectories ? additionalDirectories : [];
    return {
      params: {
        cwd,
        mcpServers: mcpServers.filter(canUse),
        ...(directories.length > 0 ? { additionalDirectories: directories } : {}),
      },
      leftOut: {
        mcpServers: mcpServers.filter((server) => !canUse(server)),
        additionalDirectories: session.additionalDirectories ? [] : additionalDirectories,
      },
    };
  }

  #link(): SessionLink {
    return {
      request: (method, params, limits) => this.#peer.request(method, params, limits),
      answerTo: (id) => this.#peer.answerTo(id),
      notify: (method, params) => {
        this.#peer.notify(method, params);
      },
      requestPermission: (request, signal) => this.#options.handlers.requestPermission(request, signal),
      onError: this.#onError,
      closeSession: (session, limits) => this.#closeSession(session, limits),
      codec: this.#codec,
      promptCapabilities: this.capabilities.prompt,
      promptField: this.#options.dialect === 'legacy' ? 'content' : 'prompt',
    };
  }

  async #closeSession(session: OpenSession, limits: RequestLimits): Promise<void> {
    this.#terminals?.releaseAll(session.id);
    try {
      if (this.capabilities.session.close) await this.#requestUnlessGone('session/close', session.id, limits);
    } finally {
      this.#sessions.remove(session);
    }
  }

  async #requestUnlessGone(method: string, sessionId: string, limits: RequestLimits): Promise<void> {
    try {
      await this.#peer.request(method, { sessionId }, limits);
    } catch (error) {
      if (!(error instanceof AcpError) || error.reason !== 'session-not-found') throw error;
    }
  }

  #createTerminals(handlers: NonNullable<ClientHandlers['terminals']>): Terminals {
    return new Terminals(
      handlers,
      (sessionId, patch) => this.#sessions.get(sessionId)?.acceptTerminal(patch),
      this.#onError,
    );
  }

  readonly #update = (params: unknown): void => {
    this.#sessions.route(params, (session) => session?.acceptUpdate(params));
  };

  readonly #elicitationCompleted = (params: unknown): void => {
    const id = this.#codec.elicitationId(params);
    if (id !== null) this.#options.handlers.elicitation?.completed?.(id);
  };
}

function notSupported(what: string): AcpError {
  return new AcpError('not-supported', `The agent cannot ${what}.`);
}
