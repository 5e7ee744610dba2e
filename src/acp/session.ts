import type { RequestLimits } from './transport/rpcPeer.ts';
import type { McpServer, PromptBlock, SessionEvent, SessionView, TurnResult, TurnState } from './types.ts';

/**
 * One conversation with an agent, a turn at a time.
 *
 * Nothing is delivered, and no permission asked for, before the first listener is there (or, without one, the first
 * prompt): some agents speak before their session's creator has had a chance to listen.
 */
export interface Session {
  readonly id: string;
  /** Where it stands: what can be chosen, what was said of each tool call and terminal, … */
  readonly state: SessionView;
  /** What it was opened without, because the agent cannot use it. */
  readonly leftOut: LeftOut;

  /** Returns what removes the listener. */
  onEvent(listener: SessionListener): () => void;

  /**
   * Gives the agent its next task and resolves when it has ended its turn. Every update that the agent sent before
   * its answer has been delivered by then.
   * @throws AcpError the agent's error, `silent`, `not-supported` for what it cannot take, or the loss of the
   * connection. Error if a turn is still open.
   */
  prompt(blocks: readonly PromptBlock[], options?: PromptOptions): Promise<TurnResult>;

  /**
   * Asks the agent to stop, closes its open questions and marks its open tool calls as cancelled. The turn ends when
   * the agent says so, or with the connection; its prompt then resolves with `cancelled`, whatever the agent said.
   * Resolves with true when the turn has ended, with false if it has not within the grace time (by default there is
   * none): then only the end of its process will end it.
   */
  cancel(graceMs?: number): Promise<boolean>;

  /**
   * Chooses a mode, a model or whatever else `state.options` offers.
   * @throws AcpError `not-supported` if there is no such option; the agent's error
   */
  setOption(optionId: string, value: string | boolean, limits?: RequestLimits): Promise<void>;

  /**
   * Ends it: its questions are closed, its terminals released, and an agent that can is told to give it up.
   * @throws AcpError the agent's error, but for a session that it no longer knows
   */
  close(limits?: RequestLimits): Promise<void>;
}

/** Called synchronously, in the order in which the agent spoke. What it throws is reported and disturbs nobody. */
export type SessionListener = (event: SessionEvent, turn: TurnState) => void;

export interface LeftOut {
  mcpServers: readonly McpServer[];
  additionalDirectories: readonly string[];
}

export interface PromptOptions {
  /**
   * The turn fails with `silent`, and is cancelled, when the agent has given no sign of life for so long while
   * nothing that it asked for was open. Agents may be silent for minutes: over a long command, or while they try
   * their provider again.
   */
  silenceMs?: number;
}
