import { chown, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentManager, type AgentManagerOptions } from '../agents/agentManager.ts';
import type { LaunchProgress } from '../agents/launchRequest.ts';
import type { AgentReport } from '../agents/checkAgent.ts';
import type { ContainerTerminal, TerminalRequest } from '../agents/execTerminalSession.ts';
import { openSignInTerminal, signInByAgent, signInWays, type SignIn } from '../agents/signIn.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Devcontainer } from '../model/devcontainer.ts';
import { UserError } from '../model/failure.ts';
import type { HostSettings } from '../model/settings.ts';
import type { SignInWay } from '../model/signIn.ts';
import { EngineTools } from './engineTools.ts';

export interface AgentToolsOptions {
  /** Its containers carry this window's owner label. */
  agents: AgentManagerOptions;
  settings: HostSettings;
  /** Names of the host's variables that the user has agreed to. */
  sharedVariables: () => Promise<ReadonlySet<string>>;
  /** As EngineToolsOptions. */
  devcontainer: (agentType: AgentType) => Promise<Devcontainer | null>;
  clientVersion: string;
}

/** This window's own way to agents: a terminal is open in one window, and need not go through the one that leads. */
export class AgentTools {
  readonly engineTools: EngineTools;
  readonly #options: AgentToolsOptions;
  readonly #closing = new AbortController();
  readonly #terminals = new Set<ContainerTerminal>();
  readonly #starting = new Set<Promise<unknown>>();
  #agents: AgentManager | null = null;

  constructor(options: AgentToolsOptions) {
    this.#options = options;
    this.engineTools = new EngineTools({ ...options.agents, devcontainer: options.devcontainer });
  }

  /** How a user can sign in; the methods that the agent names need a report of it. */
  ways(agentType: AgentType, report: Pick<AgentReport, 'authMethods'> | null): SignInWay[] {
    return signInWays(agentType, report?.authMethods ?? []);
  }

  /** Opens a terminal that signs in. @throws UserError; the signal's reason */
  async openSignIn(
    agentType: AgentType,
    request: TerminalRequest,
    say: (line: string) => void,
    signal: AbortSignal,
  ): Promise<ContainerTerminal> {
    const terminal = await this.#track(
      this.#signIn(agentType, say, signal).then((signIn) => openSignInTerminal(signIn, request)),
    );
    this.#terminals.add(terminal);
    void terminal.exited.then(() => this.#terminals.delete(terminal));
    return terminal;
  }

  /** Opens a shell in the container of a live run. @throws UserError `no-run`, and as openTerminal */
  async openInRun(runId: string, request: TerminalRequest): Promise<ContainerTerminal> {
    this.#agents ??= new AgentManager(this.#options.agents);
    const terminal = await this.#track(this.#agents.openTerminal(runId, request));
    this.#terminals.add(terminal);
    void terminal.exited.then(() => this.#terminals.delete(terminal));
    return terminal;
  }

  /** Has the agent sign its user in. @throws UserError; the signal's reason */
  async authenticate(
    agentType: AgentType,
    methodId: string,
    say: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clientVersion } = this.#options;
    await this.#track(
      this.#signIn(agentType, say, signal).then((signIn) => signInByAgent(signIn, methodId, clientVersion)),
    );
  }

  /** Removes the containers of this window's terminals. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([...this.#starting]);
    await Promise.allSettled([...this.#terminals].map((terminal) => terminal.close()));
  }

  async #signIn(agentType: AgentType, say: (line: string) => void, signal: AbortSignal): Promise<SignIn> {
    const { agents, settings, sharedVariables } = this.#options;
    const folder = settings.folder();
    if (folder === null) throw noFolder();
    this.#agents ??= new AgentManager(agents);
    return {
      agents: this.#agents,
      agentType,
      environment: await settings.environment(agentType.environment, await sharedVariables()),
      folder: await ownFolder(agents.storageFolder, folder),
      progress: progressOf(say),
      signal: AbortSignal.any([signal, this.#closing.signal]),
    };
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#starting.add(work);
    try {
      return await work;
    } finally {
      this.#starting.delete(work);
    }
  }
}

/** An empty folder for the owner of the open one: a sign-in needs none of its files, and works where no engine sees them. */
async function ownFolder(storageFolder: string, folder: string): Promise<string> {
  const own = join(storageFolder, 'sign-in');
  await mkdir(own, { recursive: true });
  if (process.getuid?.() === 0) {
    const { uid, gid } = await stat(folder);
    await chown(own, uid, gid);
  }
  return own;
}

/** What the agent itself writes to stderr is for its makers; its terminal shows the rest. */
function progressOf(say: (line: string) => void): LaunchProgress {
  return { activity: say, log: say, starting: () => undefined, stderr: () => undefined };
}

function noFolder(): UserError {
  return new UserError({
    reason: 'no-folder',
    message: 'Agents work in a folder, and none is open.',
    action: { kind: 'openFolder' },
  });
}
