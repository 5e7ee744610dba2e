import {
  agent,
  RequestError,
  type AgentApp,
  type AgentContext,
  type AgentRequestContext,
  type AuthMethod,
  type ClientCapabilities,
  type ContentBlock,
  type InitializeRequest,
  type InitializeResponse,
  type ListSessionsRequest,
  type ListSessionsResponse,
  type NewSessionRequest,
  type NewSessionResponse,
  type PromptRequest,
  type PromptResponse,
  type ResumeSessionRequest,
  type SessionConfigOption,
  type SetSessionConfigOptionRequest,
  type SetSessionConfigOptionResponse,
  type StopReason,
} from '@agentclientprotocol/sdk';
import { setTimeout as sleep } from 'node:timers/promises';
import { version } from '../../package.json';
import type { Flags } from './flags.ts';
import { attachedTo, remembered } from './attached.ts';
import { answer, firstLine } from './followUp.ts';
import { findScript, parseScript } from './script.ts';
import { newSession, type Session, type SessionStore } from './sessions.ts';
import {
  configOptions,
  modelState,
  modeState,
  setConfigOption,
  setMode,
  setModel,
  slashCommands,
} from './settings.ts';
import { reportProblems, runScript } from './steps.ts';
import { Toolbox } from './toolbox.ts';
import { Turn, type Opening } from './turn.ts';
import type { Wire } from './wire.ts';

type AgentFlags = Pick<
  Flags,
  'auth' | 'authByKey' | 'lateReplay' | 'olderSettings' | 'pictures' | 'protocolVersion' | 'slowInitializeMs'
>;

const sessionsPerPage = 20;
const loginMethodId = 'demo-login';
const keyVariable = 'KANDEV_DEMO_KEY';
/** A type of method that the schema does not have yet, or no longer. */
const keyMethod: AuthMethod & { type: string; vars: object[] } = {
  id: 'demo-key',
  name: 'Demo key',
  description: 'Any text will do',
  type: 'env_var',
  vars: [{ name: keyVariable, label: 'Key' }],
};

/** A session of this connection, and the turn that is running in it. */
interface ActiveSession {
  session: Session;
  opening: Opening;
  toolbox: Toolbox;
  turn?: AbortController;
}

/** The agent's side of one connection. */
export class DemoAgent {
  private readonly flags: AgentFlags;
  private readonly store: SessionStore;
  private readonly wire: Wire;
  private readonly speed: number;
  private readonly active = new Map<string, ActiveSession>();
  private clientCapabilities: ClientCapabilities = {};

  constructor(flags: AgentFlags, store: SessionStore, wire: Wire, speed: number) {
    this.flags = flags;
    this.store = store;
    this.wire = wire;
    this.speed = speed;
  }

  /** The SDK's side of it, to be connected to a stream. */
  createApp(): AgentApp {
    return agent({ name: 'kandev-demo-agent' })
      .onRequest('initialize', ({ params }) => this.initialize(params))
      .onRequest('authenticate', ({ params }) => this.authenticate(params.methodId))
      .onRequest('logout', () => this.store.setSignedIn(false))
      .onRequest('session/new', ({ params, client }) => this.newSession(params, client))
      .onRequest('session/load', ({ params, client }) => this.reopen(params, client, { replay: true }))
      .onRequest('session/resume', ({ params, client }) => this.reopen(params, client, { replay: false }))
      .onRequest('session/list', ({ params }) => this.list(params))
      .onRequest('session/close', ({ params }) => {
        this.close(params.sessionId);
      })
      .onRequest('session/delete', async ({ params }) => {
        this.active.get(params.sessionId)?.turn?.abort();
        this.active.delete(params.sessionId);
        await this.store.delete(params.sessionId);
      })
      .onRequest('session/set_mode', ({ params, client }) => this.setMode(params, client))
      .onRequest('session/set_config_option', ({ params, client }) => this.setConfigOption(params, client))
      .onRequest('session/set_model', parseModelChoice, ({ params }) => this.setModel(params))
      .onRequest('session/prompt', (context) => this.prompt(context))
      .onNotification('session/cancel', ({ params }) => {
        this.active.get(params.sessionId)?.turn?.abort();
      });
  }

  private async initialize({ clientCapabilities }: InitializeRequest): Promise<InitializeResponse> {
    this.clientCapabilities = clientCapabilities ?? {};
    await sleep(this.flags.slowInitializeMs);
    return {
      protocolVersion: this.flags.protocolVersion ?? 1,
      agentInfo: { name: 'kandev-demo-agent', title: 'Kandev demo agent', version },
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { embeddedContext: true, image: this.flags.pictures },
        sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {}, additionalDirectories: {} },
        auth: { logout: {} },
      },
      authMethods: this.authMethods(),
    };
  }

  private authMethods(): AuthMethod[] {
    if (this.flags.auth === 'never') return [];
    if (this.flags.authByKey) return [keyMethod];
    const methods: AuthMethod[] = [
      { id: loginMethodId, name: 'Sign in', description: 'Succeeds at once: there is no account' },
    ];
    if (this.clientCapabilities.auth?.terminal === true) {
      methods.push({
        type: 'terminal',
        id: 'demo-terminal',
        name: 'Sign in in a terminal',
        args: ['--login'],
      });
    }
    return methods;
  }

  private async authenticate(methodId: string): Promise<void> {
    if (methodId !== loginMethodId) {
      throw RequestError.invalidParams({ methodId }, 'there is no such sign-in method');
    }
    await this.store.setSignedIn(true);
  }

  private async requireSignIn(where: Flags['auth']): Promise<void> {
    if (this.flags.auth === where && !(await this.isSignedIn())) throw RequestError.authRequired();
  }

  private async isSignedIn(): Promise<boolean> {
    if (this.flags.authByKey) return (process.env[keyVariable] ?? '') !== '';
    return this.store.isSignedIn();
  }

  private async newSession(params: NewSessionRequest, client: AgentContext): Promise<NewSessionResponse> {
    await this.requireSignIn('session');
    const session = newSession(params.cwd);
    this.open(session, params, client);
    return { sessionId: session.sessionId, ...this.settings(session) };
  }

  private async reopen(
    params: ResumeSessionRequest,
    client: AgentContext,
    { replay }: { replay: boolean },
  ): Promise<Omit<NewSessionResponse, 'sessionId'>> {
    const { sessionId, cwd } = params;
    await this.requireSignIn('session');
    const session = await this.store.find(sessionId);
    if (session === undefined) throw RequestError.sessionNotFound(sessionId);
    session.cwd = cwd;
    const repeat = async (): Promise<void> => {
      for (const update of session.history) await client.notify('session/update', { sessionId, update });
    };
    if (replay && !this.flags.lateReplay) await repeat();
    if (replay && this.flags.lateReplay) setImmediate(() => void repeat().catch(ignoreClosedConnection));
    this.open(session, params, client);
    return this.settings(session);
  }

  private open(
    session: Session,
    opened: ResumeSessionRequest | NewSessionRequest,
    client: AgentContext,
  ): void {
    const { cwd, additionalDirectories = [], mcpServers = [] } = opened;
    const opening = { cwd, additionalDirectories, mcpServers: mcpServers.map(({ name }) => name) };
    this.active.set(session.sessionId, { session, opening, toolbox: new Toolbox(mcpServers) });
    // After the response: a client learns from it which session the commands are for.
    setImmediate(() => {
      void client
        .notify('session/update', {
          sessionId: session.sessionId,
          update: { sessionUpdate: 'available_commands_update', availableCommands: [...slashCommands] },
        })
        .catch(ignoreClosedConnection);
    });
  }

  private async list({ cwd, cursor }: ListSessionsRequest): Promise<ListSessionsResponse> {
    const start = Number(cursor ?? 0);
    if (!Number.isSafeInteger(start) || start < 0)
      throw RequestError.invalidParams({ cursor }, 'unknown cursor');
    const sessions = await this.store.list(cwd ?? undefined);
    const end = start + sessionsPerPage;
    return {
      sessions: sessions.slice(start, end).map(({ sessionId, cwd: folder, title, updatedAt }) => {
        return { sessionId, cwd: folder, updatedAt, ...(title === undefined ? {} : { title }) };
      }),
      ...(end < sessions.length ? { nextCursor: String(end) } : {}),
    };
  }

  private close(sessionId: string): void {
    this.find(sessionId).turn?.abort();
    this.active.delete(sessionId);
  }

  private async setMode(
    { sessionId, modeId }: { sessionId: string; modeId: string },
    client: AgentContext,
  ): Promise<void> {
    const { session } = this.find(sessionId);
    if (!setMode(session, modeId)) throw RequestError.invalidParams({ modeId }, 'there is no such mode');
    if (this.flags.olderSettings) return;
    await client.notify('session/update', {
      sessionId,
      update: { sessionUpdate: 'config_option_update', configOptions: this.options(session) },
    });
  }

  private setModel({ sessionId, modelId }: { sessionId: string; modelId: string }): object {
    const { session } = this.find(sessionId);
    if (!this.flags.olderSettings) throw RequestError.methodNotFound('session/set_model');
    if (!setModel(session, modelId)) throw RequestError.invalidParams({ modelId }, 'there is no such model');
    return {};
  }

  private async setConfigOption(
    { sessionId, configId, value }: SetSessionConfigOptionRequest,
    client: AgentContext,
  ): Promise<SetSessionConfigOptionResponse> {
    const { session } = this.find(sessionId);
    if (this.flags.olderSettings) throw RequestError.methodNotFound('session/set_config_option');
    if (!setConfigOption(session, configId, value)) {
      throw RequestError.invalidParams({ configId, value }, 'there is no such option or value');
    }
    if (configId === 'mode' && typeof value === 'string') {
      await client.notify('session/update', {
        sessionId,
        update: { sessionUpdate: 'current_mode_update', currentModeId: value },
      });
    }
    return { configOptions: this.options(session) };
  }

  private async prompt({
    params,
    client,
    signal,
  }: AgentRequestContext<PromptRequest>): Promise<PromptResponse> {
    await this.requireSignIn('prompt');
    const active = this.find(params.sessionId);
    if (active.turn !== undefined) throw RequestError.invalidRequest(undefined, 'a turn is already running');
    const controller = new AbortController();
    active.turn = controller;
    const { session, opening, toolbox } = active;
    const turn = new Turn({
      session,
      opening,
      toolbox,
      client,
      clientCapabilities: this.clientCapabilities,
      wire: this.wire,
      signal: AbortSignal.any([controller.signal, signal]),
      speed: this.speed,
      isSignedIn: () => this.isSignedIn(),
      attached: attachedTo(params.prompt),
    });
    const text = promptText(params.prompt);
    session.title ??= firstLine(text);
    session.history.push(
      ...params.prompt.map(
        (block) => ({ sessionUpdate: 'user_message_chunk', content: remembered(block) }) as const,
      ),
    );
    try {
      await this.save(session);
      const stopReason = await runTurn(turn, text);
      runAfterEnd(turn);
      return { stopReason, ...turn.quota() };
    } catch (error) {
      if (turn.signal.aborted) return cancelledResponse(turn);
      throw error;
    } finally {
      delete active.turn;
      await this.save(session);
    }
  }

  private async save(session: Session): Promise<void> {
    // A session that was deleted in mid-turn is not to come back.
    if (!this.active.has(session.sessionId)) return;
    session.updatedAt = new Date().toISOString();
    await this.store.save(session);
  }

  private settings(session: Session): Omit<NewSessionResponse, 'sessionId'> {
    const modes = modeState(session);
    if (!this.flags.olderSettings) return { modes, configOptions: this.options(session) };
    const older = { modes, models: modelState(session) };
    return older;
  }

  private options(session: Session): SessionConfigOption[] {
    return configOptions(session, Boolean(this.clientCapabilities.session?.configOptions?.boolean));
  }

  private find(sessionId: string): ActiveSession {
    const active = this.active.get(sessionId);
    if (active === undefined) throw RequestError.sessionNotFound(sessionId);
    return active;
  }
}

/** The schema has no longer what Auggie and Gemini still send. */
function parseModelChoice(params: unknown): { sessionId: string; modelId: string } {
  const { sessionId, modelId } = params as Partial<Record<string, unknown>>;
  if (typeof sessionId !== 'string' || typeof modelId !== 'string') throw RequestError.invalidParams(params);
  return { sessionId, modelId };
}

async function runTurn(turn: Turn, prompt: string): Promise<StopReason> {
  const source = findScript(prompt);
  if (source === undefined) {
    if (turn.attached.length > 0) await turn.say(`You gave me:\n- ${turn.attached.join('\n- ')}`);
    await answer(turn, prompt);
    return 'end_turn';
  }
  const { steps, problems } = parseScript(source);
  if (problems.length === 0) return runScript(turn, steps);
  await reportProblems(turn, problems);
  return 'end_turn';
}

function cancelledResponse({ cancelAnswer }: Turn): PromptResponse {
  if (cancelAnswer === 'error') throw RequestError.internalError(undefined, 'cancelled');
  return { stopReason: cancelAnswer as StopReason };
}

function runAfterEnd(turn: Turn): void {
  for (const action of turn.afterEnd) void action().catch(ignoreClosedConnection);
}

/** What is sent after a response may find the connection closed, which is no error. */
function ignoreClosedConnection(): void {
  return undefined;
}

function promptText(prompt: readonly ContentBlock[]): string {
  return prompt
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('\n')
    .trim();
}
