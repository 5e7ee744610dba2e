import type { AgentCommand, ConfigOption, InitializeResult, ToolCall } from './types.ts';

/** An id of JSON-RPC as JSON: `5` and `"5"` are two. */
export type IdKey = string;

/** Where a request stands in the agent's output: the byte that its line begins at. */
export interface RequestOrigin {
  start: number;
  /** An earlier process has begun to deal with it, and did not answer. */
  isRepeated: boolean;
}

/**
 * What somebody has to keep who wants another process to go on with a connection where this one ends. Together with
 * `AcpConnection.position` it says how far this one has got.
 */
export interface ConnectionJournal {
  /** The agent waits for an answer to this. Called before the request is dealt with, and before the position passes it. */
  asked(id: IdKey, start: number): void;
  /** The answer has left. */
  answered(id: IdKey): void;
  /** A request is about to leave, and does when this has settled. */
  asking(id: number, method: string): Promise<void>;
}

/** How another process has left a connection. */
export interface ConnectionState {
  /** The first byte that comes from the agent, counted from its first. */
  offset: number;
  /** What the agent said before this byte was dealt with … */
  position: number;
  /** … but for the requests that begin at these. */
  openRequests: ReadonlySet<number>;
  /** No request before had this id, or a higher one. */
  firstRequestId: number;
  /** What the agent said to `initialize`. */
  agent: InitializeResult;
}

/** How another process has left a session. */
export interface SessionSnapshot {
  sessionId: string;
  options: readonly ConfigOption[];
  commands: readonly AgentCommand[];
  toolCalls: readonly ToolCall[];
  /** How many prompts there were. */
  turns: number;
  /** The last of them, when the agent has not ended its turn: under which id it was sent, and whether it has said anything. */
  openPrompt: { id: number; hadOutput: boolean } | null;
}

/** Nothing more is taken from the agent until it is released. */
export interface Hold {
  /** The position behind what is being dealt with. */
  readonly position: number;
  release(): void;
}
