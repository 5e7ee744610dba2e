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

export interface ConfigOption {
  id: string;
  name: string;
  description: string | null;
  /** mode, model, model_config, thought_level, another, or null. */
  category: string | null;
  /** `select`, `boolean`, or one we do not know. */
  type: string;
  currentValue: string | boolean | null;
  /** What a select offers; groups are flattened. */
  choices: Choice[];
}

/** Something to choose among: a mode, a model, a value of a config option. */
export interface Choice {
  id: string;
  name: string;
  description: string | null;
}

export interface Choices {
  currentId: string;
  available: Choice[];
}

/** What the whole session is told, in the order in which the agent said it. */
export type SessionEvent =
  | MessageEvent
  /** `created`: this is the first that is heard of the call. */
  | { type: 'tool_call'; toolCall: ToolCall; created: boolean }
  /** Replaces the plan before it. */
  | { type: 'plan'; entries: PlanEntry[] }
  /** Tokens in the context, its size in tokens, and the session's cost so far. */
  | { type: 'usage'; used: number; size: number; cost: { amount: number; currency: string } | null }
  | { type: 'mode'; modeId: string }
  | { type: 'commands'; commands: AgentCommand[] }
  | { type: 'config_options'; options: ConfigOption[] }
  /** Undefined keeps the value there was, null clears it. */
  | { type: 'session_info'; title: string | null | undefined; updatedAt: string | null | undefined }
  /** `severity`: info, warning, error, or one we do not know. */
  | { type: 'notice'; severity: string; title: string; description: string | null }
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
  | Exclude<SessionEvent, { type: 'tool_call' }>
  | { type: 'tool_call_patch'; patch: ToolCallPatch }
  | { type: 'turn_end'; stopReason: string };

/** The turn that an event belongs to. */
export interface TurnState {
  /** Counts from 1; 0 before the first prompt. */
  readonly number: number;
  /** False before the first prompt and for what comes after the end of a turn. */
  readonly open: boolean;
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
}

export interface PermissionOption {
  optionId: string;
  name: string;
  /** `unknown` is a kind that the protocol did not have when this was written: neither allow nor reject. */
  kind: 'allow_once' | 'allow_always' | 'reject_once' | 'reject_always' | 'unknown';
}

export interface PermissionRequest {
  /** Unique within the connection. */
  id: string;
  sessionId: string;
  toolCall: ToolCall;
  /** In the agent's order; kinds may be missing or occur twice. */
  options: PermissionOption[];
  raw: unknown;
}

export type PermissionOutcome = { outcome: 'selected'; optionId: string } | { outcome: 'cancelled' };

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
    additionalDirectories: boolean;
  };
  auth: { logout: boolean };
}

export interface AuthMethod {
  id: string;
  name: string;
  description: string | null;
  /** `agent`: by the authenticate request. `terminal`: by running the agent's command with `args` and `env`. */
  type: string;
  args: string[];
  env: Record<string, string>;
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

/** What a session starts with. */
export interface SessionSetup {
  modes: Choices | null;
  /** The older way to choose a model; null where config options do it. */
  models: Choices | null;
  configOptions: ConfigOption[];
}

export type McpServer =
  | { name: string; command: string; args: string[]; env: { name: string; value: string }[] }
  | { type: 'http' | 'sse'; name: string; url: string; headers: { name: string; value: string }[] };

/** The ways of speaking ACP that are understood, newest first. */
export const dialects = ['acp', 'legacy', 'wrapper'] as const;
export type Dialect = (typeof dialects)[number];
