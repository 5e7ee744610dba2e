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
  type NewSessionResponse,
  type PromptRequest,
  type PromptResponse,
  type SetSessionConfigOptionRequest,
  type SetSessionConfigOptionResponse,
  type StopReason,
} from '@agentclientprotocol/sdk';
import { setTimeout as sleep } from 'node:timers/promises';
import { version } from '../../package.json';
import type { Flags } from './flags.ts';
import { answer, firstLine } from './followUp.ts';
import { findScript, parseScript } from './script.ts';
import { newSession, type Session, type SessionStore } from './sessions.ts';
import { configOptions, modeState, setConfigOption, setMode, slashCommands } from './settings.ts';
import { reportProblems, runScript } from './steps.ts';
import { Turn } from './turn.ts';
import type { Wire } from './wire.ts';

type AgentFlags = Pick<Flags, 'auth' | 'protocolVersion' | 'slowInitializeMs'>;

const sessionsPerPage = 20;
const loginMethodId = 'demo-login';

/** A session of this connection, and the turn that is running in it. */
interface ActiveSession {
  session: Session;
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
      .onRequest('session/new', ({ params, client }) => this.newSession(params.cwd, client))
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
        promptCapabilities: { embeddedContext: true },
        sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {} },
        auth: { logout: {} },
      },
      authMethods: this.authMethods(),
    };
  }

  private authMethods(): AuthMethod[] {
    if (this.flags.auth === 'never') return [];
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
    if (this.flags.auth === where && !(await this.store.isSignedIn())) throw RequestError.authRequired();
  }

  private async newSession(cwd: string, client: AgentContext): Promise<NewSessionResponse> {
    await this.requireSignIn('session');
    const session = newSession(cwd);
    this.open(session, client);
    return { sessionId: session.sessionId, ...settings(session) };
  }

  private async reopen(
    { sessionId, cwd }: { sessionId: string; cwd: string },
    client: AgentContext,
    { replay }: { replay: boolean },
  ): Promise<ReturnType<typeof settings>> {
    await this.requireSignIn('session');
    const session = await this.store.find(sessionId);
    if (session === undefined) throw RequestError.sessionNotFound(sessionId);
    session.cwd = cwd;
    if (replay) {
      for (const update of session.history) await client.notify('session/update', { sessionId, update });
    }
    this.open(session, client);
    return settings(session);
  }

  private open(session: Session, client: AgentContext): void {
    this.active.set(session.sessionId, { session });
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
    await client.notify('session/update', {
      sessionId,
      update: { sessionUpdate: 'config_option_update', configOptions: configOptions(session) },
    });
  }

  private async setConfigOption(
    { sessionId, configId, value }: SetSessionConfigOptionRequest,
    client: AgentContext,
  ): Promise<SetSessionConfigOptionResponse> {
    const { session } = this.find(sessionId);
    if (typeof value !== 'string' || !setConfigOption(session, configId, value)) {
      throw RequestError.invalidParams({ configId, value }, 'there is no such option or value');
    }
    if (configId === 'mode') {
      await client.notify('session/update', {
        sessionId,
        update: { sessionUpdate: 'current_mode_update', currentModeId: value },
      });
    }
    return { configOptions: configOptions(session) };
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
    const { session } = active;
    const turn = new Turn({
      session,
      client,
      clientCapabilities: this.clientCapabilities,
      wire: this.wire,
      signal: AbortSignal.any([controller.signal, signal]),
      speed: this.speed,
      isSignedIn: () => this.store.isSignedIn(),
    });
    const text = promptText(params.prompt);
    session.title ??= firstLine(text);
    session.history.push(
      ...params.prompt.map((content) => ({ sessionUpdate: 'user_message_chunk', content }) as const),
    );
    try {
      await this.save(session);
      const stopReason = await runTurn(turn, text);
      runAfterEnd(turn);
      return { stopReason };
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

  private find(sessionId: string): ActiveSession {
    const active = this.active.get(sessionId);
    if (active === undefined) throw RequestError.sessionNotFound(sessionId);
    return active;
  }
}

function settings(session: Session): Pick<NewSessionResponse, 'modes' | 'configOptions'> {
  return { modes: modeState(session), configOptions: configOptions(session) };
}

async function runTurn(turn: Turn, prompt: string): Promise<StopReason> {
  const source = findScript(prompt);
  if (source === undefined) {
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
    .map((block) => {
      if (block.type === 'text') return block.text;
      return block.type === 'resource' && 'text' in block.resource ? block.resource.text : '';
    })
    .join('\n')
    .trim();
}
