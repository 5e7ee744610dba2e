import { lstat, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientHandlers } from '../acp/clientHandlers.ts';
import { openConnection, type AcpConnection } from '../acp/connection.ts';
import type { ElicitationAnswer, FormElicitation, UrlElicitation } from '../acp/elicitation.ts';
import { reopenSession } from '../acp/reopen.ts';
import type { Session } from '../acp/session.ts';
import { withSignIn } from '../acp/signIn.ts';
import type { ConnectionJournal, ConnectionState } from '../acp/takeOver.ts';
import type { McpServer, PermissionOutcome, PermissionRequest } from '../acp/types.ts';
import { createFileHandlers } from '../acp/workspaceFiles.ts';
import { WorkspacePaths } from '../acp/workspacePaths.ts';
import type { AgentProcess } from '../agents/agentProcess.ts';
import { automaticSignIn } from '../agents/registry.ts';
import { targetOf } from '../agents/workspace.ts';
import type { AgentType } from '../model/agentType.ts';
import type { EditorFiles } from '../model/editor.ts';
import type { Run } from '../model/run.ts';
import { heldFiles } from './heldFiles.ts';

/** What an agent wants of whoever leads its run. */
export interface ConversationHost {
  requestPermission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionOutcome>;
  ask(question: FormElicitation | UrlElicitation, signal: AbortSignal): Promise<ElicitationAnswer>;
  trace(direction: 'in' | 'out', line: string): void;
  noise(line: string): void;
  problem(error: Error): void;
}

export interface ConversationSettings {
  /** What the agent has of this machine's files: its workspace. */
  root: string;
  environment: Readonly<Record<string, string>>;
  files: EditorFiles;
  clientVersion: string;
  /** Null where nobody else can go on with the agent. */
  journal: ConnectionJournal | null;
  /** How another process has left it; null for a new one. */
  state: ConnectionState | null;
}

/** Starts to speak with an agent, and offers it what its type may have. */
export function connect(
  process: AgentProcess,
  agentType: AgentType,
  settings: ConversationSettings,
  host: ConversationHost,
): AcpConnection {
  return openConnection({
    stdin: process.stdin,
    stdout: process.stdout,
    clientInfo: { name: 'kandev-vscode', title: 'Kandev for VS Code', version: settings.clientVersion },
    dialect: agentType.dialect,
    terminalSignIn: true,
    terminalOutput: true,
    handlers: handlersFor(process, agentType, settings, host),
    ...(settings.journal ? { journal: settings.journal } : {}),
    ...(settings.state ? { state: settings.state } : {}),
    onTrace: (direction, line) => {
      host.trace(direction, line);
    },
    onNoise: (line) => {
      host.noise(line);
    },
    onError: (error) => {
      host.problem(error);
    },
  });
}

function handlersFor(
  process: AgentProcess,
  { offers, quirks }: AgentType,
  { root, files }: ConversationSettings,
  host: ConversationHost,
): ClientHandlers {
  const paths = new WorkspacePaths([{ agentPath: targetOf(root), hostPath: root }], {
    realpath,
    lstat,
  });
  const missing = quirks?.missingFileIsEmpty ? 'empty' : 'error';
  const ask = (question: FormElicitation | UrlElicitation, signal: AbortSignal): Promise<ElicitationAnswer> =>
    host.ask(question, signal);
  return {
    requestPermission: (request, signal) => host.requestPermission(request, signal),
    elicitation: { form: ask, url: ask },
    // The editor's files are not those that an agent elsewhere has.
    ...(offers?.fs && process.sharesFiles
      ? { files: createFileHandlers(paths, heldFiles(files, root), missing) }
      : {}),
    ...(offers?.terminal && process.commands ? { terminals: process.commands } : {}),
  };
}

export interface OpenedConversation {
  session: Session;
  /** Whether the agent knows what was said before. */
  remembers: boolean;
  /** What its user is told of how the conversation goes on; null where there is nothing to tell. */
  notice: string | null;
}

export interface OpeningSettings {
  /** As the agent sees it. */
  cwd: string;
  mcpServers: readonly McpServer[];
  environment: Readonly<Record<string, string>>;
}

/**
 * Opens a conversation, and signs in first where the agent asks for it and a variable for it is set. Not unasked: some
 * agents give up another sign-in for it.
 */
export function openConversation(
  connection: AcpConnection,
  agentType: AgentType,
  settings: OpeningSettings,
  previous: Run | null,
  limits: { timeoutMs: number; signal: AbortSignal },
): Promise<OpenedConversation> {
  const signIn = async (): Promise<boolean> => {
    const method = automaticSignIn(agentType, settings.environment);
    if (method === undefined || !connection.authMethods.some(({ id }) => id === method)) return false;
    await connection.authenticate(method, limits);
    return true;
  };
  return withSignIn(() => open(connection, agentType, settings, previous, limits), signIn);
}

/** What the user is told of the servers that the agent cannot use. */
export function leftOutOf(session: Session, { name: agent }: AgentType): string[] {
  return session.leftOut.mcpServers.map(
    ({ name }) => `${agent} cannot use the MCP server “${name}”, so it was not given it.`,
  );
}

/** Opens a conversation, or goes on with that of an earlier run in the best way that the agent has. */
async function open(
  connection: AcpConnection,
  agentType: AgentType,
  { cwd, mcpServers }: OpeningSettings,
  previous: Run | null,
  limits: { timeoutMs: number; signal: AbortSignal },
): Promise<OpenedConversation> {
  const options = { cwd, mcpServers };
  const sessionId = previous?.sessionId ?? null;
  if (previous === null || sessionId === null) {
    const session = await connection.newSession(options, limits);
    return { session, remembers: false, notice: null };
  }
  // The session was made some time after the run was, and before its agent began to work.
  const { times, createdAt } = previous;
  if (agentType.quirks?.noLoadInSameMinute) await minuteAfter(times.RUNNING ?? createdAt, limits.signal);
  const { session, how, reason } = await reopenSession(connection, sessionId, options, limits);
  if (how !== 'new') {
    return { session, remembers: true, notice: `${agentType.name} goes on with the same conversation.` };
  }
  const why = reason
    ? `${agentType.name} could not go on with the old conversation (${reason.message})`
    : `${agentType.name} cannot go on with a conversation after its container is gone`;
  return {
    session,
    remembers: false,
    notice: `${why}, so this is a new one. It was given a summary of what was said before.`,
  };
}

/** Resolves when the clock shows another minute than at that time. */
async function minuteAfter(time: number, signal: AbortSignal): Promise<void> {
  const next = (Math.floor(time / 60_000) + 1) * 60_000 + 1_000;
  const left = next - Date.now();
  if (left > 0) await sleep(left, undefined, { signal });
}

/**
 * Chooses what the user has set as the default for this agent, and before it the agent type's first mode: some agents
 * begin in one where they decide by themselves what the user should be asked. What the agent does not offer is left out.
 */
export async function chooseDefaults(
  session: Session,
  { firstMode }: AgentType,
  defaults: Readonly<Record<string, string | boolean>>,
): Promise<void> {
  const mode = session.state.option('mode');
  const wanted = new Map<string, string | boolean>(Object.entries(defaults));
  if (firstMode !== null && mode && !wanted.has(mode.id)) wanted.set(mode.id, firstMode);
  for (const [id, value] of wanted) {
    const option = session.state.options.find((one) => one.id === id);
    if (!option || option.currentValue === value) continue;
    const offered = typeof value === 'boolean' || option.choices.some((choice) => choice.id === value);
    if (offered) await session.setOption(id, value);
  }
}
