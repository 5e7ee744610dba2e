/**
 * What an agent says, in the one model that the rest of a client sees, whatever version or dialect was on the wire.
 * Strings that the protocol lists (tool kinds, statuses, stop reasons) stay strings: an agent may be newer than we are.
 */

export type ContentBlock =
  | { type: 'text'; text: string }
  | { type: 'image'; mimeType: string; data: string; uri: string | null }
  | { type: 'audio'; mimeType: string; data: string }
  | { type: 'resource_link'; uri: string; name: string; mimeType: string | null }
  | { type: 'resource'; uri: string; mimeType: string | null; text: string | null; blob: string | null }
  | { type: 'unknown'; raw: unknown };

export type ToolContent =
  | { type: 'content'; content: ContentBlock }
  /** `oldText` is null for a new file. One call may hold several diffs of the same path. */
  | { type: 'diff'; path: string; oldText: string | null; newText: string }
  | { type: 'terminal'; terminalId: string }
  | { type: 'unknown'; raw: unknown };

export interface ToolLocation {
  /** As the agent sees the file system. */
  path: string;
  /** 1-based, or null. */
  line: number | null;
}

/** One tool call as it now stands: everything said about it so far, merged by its id. */
export interface ToolCall {
  readonly id: string;
  readonly title: string;
  /** The tool's own name, or null. */
  readonly name: string | null;
  /** read, edit, delete, move, search, execute, think, fetch, switch_mode, other, or one we do not know. */
  readonly kind: string;
  /** pending, in_progress, completed, failed, one we do not know, or `cancelled`, which only the client says. */
  readonly status: string;
  readonly content: readonly ToolContent[];
  readonly locations: readonly ToolLocation[];
  /** Null where nothing was said. */
  readonly rawInput: unknown;
  readonly rawOutput: unknown;
}

/** A change to a tool call. Undefined keeps the value there was; null clears it; anything else replaces it. */
export interface ToolCallPatch {
  id: string;
  title?: string | null | undefined;
  name?: string | null | undefined;
  kind?: string | null | undefined;
  status?: string | null | undefined;
  content?: ToolContent[] | null | undefined;
  locations?: ToolLocation[] | null | undefined;
  rawInput?: unknown;
  rawOutput?: unknown;
}

export interface PlanEntry {
  content: string;
  /** high, medium, low. */
  priority: string;
  /** pending, in_progress, completed. */
  status: string;
}

export interface AgentCommand {
  name: string;
  description: string;
  /** What to type after the command's name, or null if it takes no input. */
  hint: string | null;
}

/** A command in a terminal: of the client, or one that the agent runs itself and tells of. */
export interface TerminalView {
  readonly id: string;
  /** As a person would type it, or null where the agent did not say. */
  readonly command: string | null;
  readonly cwd: string | null;
  /** The end of what it has printed, with the terminal's control characters. */
  readonly output: string;
  /** The beginning of the output is no longer kept. */
  readonly truncated: boolean;
  /** Null while it runs. */
  readonly exit: TerminalExit | null;
}

/** Both are null where nothing is known but that it has ended. */
export interface TerminalExit {
  exitCode: number | null;
  /** The name of the signal that ended it. */
  signal: string | null;
}

/** What is said about a terminal. Undefined keeps what there was; `output` is appended. */
export interface TerminalPatch {
  id: string;
  command?: string | undefined;
  cwd?: string | undefined;
  output?: string | undefined;
  exit?: TerminalExit | undefined;
}

/** A summary that the agent makes of the conversation so far, to have room for more. */
export interface Compaction {
  readonly id: string;
  /** in_progress, completed, failed, cancelled, or one we do not know. */
  readonly status: string;
  readonly summary: readonly ContentBlock[];
  readonly error: string | null;
}

/** Undefined keeps the value there was, null clears it; `added` goes behind the summary. */
export interface CompactionPatch {
  id: string;
  status?: string | undefined;
  summary?: ContentBlock[] | null | undefined;
  error?: string | null | undefined;
  added?: ContentBlock | undefined;
}

/** Something about a session that can be chosen: its mode, its model, how much it thinks. */
export interface ConfigOption {
  id: string;
  name: string;
  description: string | null;
  /** mode, model, model_config, thought_level, another, or null. */
  category: string | null;
  /** `select`, `boolean`, or one we do not know. */
  type: string;
  currentValue: string | boolean | null;
  /** What a select offers. */
  choices: Choice[];
  /** How the agent knows it: as a config option, or in the older ways to choose a mode or a model. */
  origin: 'config' | 'mode' | 'model';
}

export interface Choice {
  id: string;
  name: string;
  description: string | null;
  /** What it stands under, or null. */
  group: string | null;
}

/** Tokens in the context, its size in tokens, and the session's cost so far. */
export interface Usage {
  used: number;
  size: number;
  cost: { amount: number; currency: string } | null;
}

/** What the whole session is told, in the order in which the agent said it. */
export type SessionEvent =
  | MessageEvent
  /** `created`: this is the first that is heard of the call. */
  | { type: 'tool_call'; toolCall: ToolCall; created: boolean }
  /** `output` is what is new. A terminal may be heard of before or after the tool call that shows it. */
  | { type: 'terminal'; terminal: TerminalView; output: string }
  /** Replaces the plan before it. */
  | { type: 'plan'; entries: PlanEntry[] }
  | ({ type: 'usage' } & Usage)
  | { type: 'mode'; modeId: string }
  | { type: 'commands'; commands: AgentCommand[] }
  /** All that can now be chosen. */
  | { type: 'config_options'; options: readonly ConfigOption[] }
  /** Undefined keeps the value there was, null clears it. */
  | { type: 'session_info'; title: string | null | undefined; updatedAt: string | null | undefined }
  /** `severity`: info, warning, error, or one we do not know. */
  | { type: 'notice'; severity: string; title: string; description: string | null }
  | { type: 'compaction'; compaction: Compaction }
  /** `kind` is the agent's name for it, '' if it had none. */
  | { type: 'unknown'; kind: string; raw: unknown };

export interface MessageEvent {
  type: 'message';
  role: 'agent' | 'thought' | 'user';
  /** The text of a text block, else ''. */
  text: string;
  content: ContentBlock;
  /** Chunks of one message share it; null where the agent gives none. */
  messageId: string | null;
}

/** What a codec makes of one update: an event, or what a session turns into one. */
export type Update =
  | Exclude<SessionEvent, { type: 'tool_call' | 'terminal' | 'compaction' }>
  | { type: 'tool_call_patch'; patch: ToolCallPatch }
  | { type: 'terminal_patch'; patch: TerminalPatch }
  | { type: 'compaction_patch'; patch: CompactionPatch }
  | { type: 'turn_end'; stopReason: string };

/** The turn that an event belongs to. */
export interface TurnState {
  /** Counts from 1; 0 before the first prompt. */
  readonly number: number;
  /** False before the first prompt and for what comes after the end of a turn. */
  readonly open: boolean;
  /** The agent repeats what was said before the session was opened again. */
  readonly replayed: boolean;
}

/** What a prompt is made of, as it goes over the wire. */
export type PromptBlock =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; mimeType: string; data: string }
  | { type: 'resource_link'; uri: string; name: string; mimeType?: string }
  | { type: 'resource'; resource: { uri: string; text: string; mimeType?: string } };

export interface TurnResult {
  /** end_turn, max_tokens, max_turn_requests, refusal, cancelled, or one we do not know. */
  stopReason: string;
  /** The agent said or did something the user can see: a message, a tool call, a plan. False often hides an error. */
  hadOutput: boolean;
  /** Tokens that the turn took, of all kinds, cached ones too; left out by agents that do not tell. */
  tokens?: number;
}

export interface PermissionOption {
  optionId: string;
  name: string;
  /** `unknown` is a kind that the protocol did not have when this was written: neither allow nor reject. */
  kind: 'allow_once' | 'allow_always' | 'reject_once' | 'reject_always' | 'unknown';
}

export interface PermissionRequest {
  /** Unique among all that this agent asks, and the same for whoever takes the connection over. */
  id: string;
  sessionId: string;
  toolCall: ToolCall;
  /** In the agent's order; kinds may be missing or occur twice. */
  options: PermissionOption[];
  raw: unknown;
}

export type PermissionOutcome = { outcome: 'selected'; optionId: string } | { outcome: 'cancelled' };

/** Where a session stands: all that was said of it, by id where there may be several. */
export interface SessionView {
  readonly title: string | null;
  /** ISO 8601. */
  readonly updatedAt: string | null;
  /** All that can be chosen, whatever way the agent offers it. */
  readonly options: readonly ConfigOption[];
  readonly commands: readonly AgentCommand[];
  readonly plan: readonly PlanEntry[];
  readonly usage: Usage | null;
  /** The option of that category or, failing that, of that id: `mode`, `model`, … */
  option(category: string): ConfigOption | undefined;
  toolCall(id: string): ToolCall | undefined;
  terminal(id: string): TerminalView | undefined;
  compaction(id: string): Compaction | undefined;
}

/** What a session starts with. */
export interface SessionSetup {
  configOptions: ConfigOption[];
  /** The older ways to choose: what config options of the same category replace. */
  olderOptions: ConfigOption[];
}

/** A session as `session/list` tells of it. */
export interface SessionSummary {
  id: string;
  cwd: string;
  additionalDirectories: string[];
  title: string | null;
  /** ISO 8601. */
  updatedAt: string | null;
}

export interface SessionPage {
  sessions: SessionSummary[];
  /** What to ask the next page with, or null after the last. */
  nextCursor: string | null;
}

/** What the agent advertises. What it does not mention is off. */
export interface AgentCapabilities {
  loadSession: boolean;
  prompt: { image: boolean; audio: boolean; embeddedContext: boolean };
  mcp: { http: boolean; sse: boolean };
  session: {
    list: boolean;
    resume: boolean;
    close: boolean;
    delete: boolean;
    fork: boolean;
    additionalDirectories: boolean;
  };
  auth: { logout: boolean };
}

export type AuthMethod = { id: string; name: string; description: string | null } & (
  | { type: 'agent' }
  /** By running a command in a terminal that the user sees; see `signInCommand`. Never sent to the agent. */
  | {
      type: 'terminal';
      args: string[];
      env: Record<string, string>;
      /** Another command than the agent's own, or null. */
      command: string | null;
    }
  /** By starting the agent anew with these variables set. */
  | { type: 'env_var'; variables: AuthVariable[]; link: string | null }
  | { type: 'unknown'; raw: unknown }
);

export interface AuthVariable {
  name: string;
  label: string;
  secret: boolean;
  optional: boolean;
}

export interface Implementation {
  name: string;
  title: string | null;
  version: string;
}

export interface InitializeResult {
  protocolVersion: number;
  capabilities: AgentCapabilities;
  authMethods: AuthMethod[];
  agentInfo: Implementation | null;
}

export type McpServer =
  | { name: string; command: string; args: string[]; env: { name: string; value: string }[] }
  | { type: 'http' | 'sse'; name: string; url: string; headers: { name: string; value: string }[] };

/** The ways of speaking ACP that are understood, newest first. */
export const dialects = ['acp', 'legacy', 'wrapper'] as const;
export type Dialect = (typeof dialects)[number];
