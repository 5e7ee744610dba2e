import type { Readable, Writable } from 'node:stream';
import type { TerminalHandlers } from '../acp/clientHandlers.ts';
import type { ToolHandler } from './keeper/toolDesk.ts';
import type { ContainerTerminal, TerminalRequest } from './execTerminalSession.ts';

/** How a container's main process ended. */
export interface ExitInfo {
  /** Null when the engine could not say. */
  exitCode: number | null;
  oomKilled: boolean;
}

/** The way to an agent that outlives it: other processes may take over, one after another. */
export interface AgentConnection {
  /** How many processes there were so far, this one included: from 1. */
  readonly attachment: number;
  /** The first byte of `stdout`, counted from the agent's first. */
  readonly offset: number;
  /** Which of the ids of `TakeOver` the agent was asked under, and which of its own were answered. */
  readonly asked: readonly string[];
  readonly answered: readonly string[];
  /** Its output before this byte is not needed any more. Until then it is kept; the agent waits where that is too much. */
  stored(offset: number): void;
  /** Tells when the connection was lost, and when it is there again: nothing was lost with it. */
  onChange(listener: (isUp: boolean) => void): void;
  /** Starts an MCP server in the container, which has what it is asked answered by `answerTools`. */
  readonly toolServer: { command: string; args: readonly string[] };
  /** Answers what the MCP servers are asked: each request once, of those that no process before has answered. */
  answerTools(handler: ToolHandler): void;
}

/** An agent running in its container, as the orchestrator sees it. */
export interface AgentProcess {
  readonly containerId: string;
  /** The folder it works in, by its path in the container: what the agent is told as `cwd`. */
  readonly workingDirectory: string;
  /** Whether it works on this machine's files themselves; false where it has a copy of them. */
  readonly sharesFiles: boolean;
  /** What the agent reads; never `end()` it: losing a client must not end the agent. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles once, when the process has ended or its container is gone; never rejects. */
  readonly exited: Promise<ExitInfo>;
  /** Null where it cannot outlive this process's connection to it. */
  readonly connection: AgentConnection | null;
  /** Runs the commands that the agent asks for, beside it; left out where nothing can be run beside it. */
  readonly commands?: TerminalHandlers;
  /** Opens a terminal beside the agent, for the user; throws as `openTerminal` does. Left out as `commands` is. */
  openTerminal?(request: TerminalRequest): Promise<ContainerTerminal>;
  /**
   * Has all that the agent wrote so far on this machine, also where the engine does not see its folders: to be called at
   * the end of each turn, before anybody looks at the result.
   *
   * @returns what could not be brought as it was, in words for the user
   */
  collectFiles(signal?: AbortSignal): Promise<readonly string[]>;
  /**
   * Has nothing run in its container while something is done with its files on this machine: a folder could become a
   * link to elsewhere between the look at it and its use. Left out where it cannot stand still.
   */
  whileStill?<T>(work: () => Promise<T>): Promise<T>;
  /** Whether it or something that it has started was stopped for want of memory; false when the engine cannot say. */
  ranOutOfMemory?(): Promise<boolean>;
  /** The last of what it wrote to stderr, at most 8 KB. */
  stderrTail(): string;
  /** Leaves it working, for another process to take over. */
  detach(): void;
  /**
   * Ends the process and removes the container; safe to call twice. Done within 3 s, but for a copy of files, which is
   * brought back first, however long that takes.
   *
   * @param leave aborted when nobody wants to wait for that: the container then stays, with the files, until it is
   *   cleaned up after
   * @throws UserError if the engine is stuck; the signal's reason
   */
  dispose(leave?: AbortSignal): Promise<void>;
}
