import type { ElicitationAnswer, FormElicitation, UrlElicitation } from './elicitation.ts';
import type { PermissionOutcome, PermissionRequest, TerminalExit } from './types.ts';

/**
 * What an agent may ask of its client. What is left out is not advertised, and refused if an agent asks for it all the
 * same.
 *
 * A signal aborts when nobody waits for the answer any more (the turn was cancelled or has ended, the agent took the
 * request back, the connection closed): the agent has then been answered already. A handler that throws a RefusedError
 * chooses the error that the agent gets; anything else that is thrown is an internal error, and reported.
 */
export interface ClientHandlers {
  requestPermission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionOutcome>;
  files?: FileHandlers;
  terminals?: TerminalHandlers;
  elicitation?: ElicitationHandlers;
}

/** Paths are as the agent sees them. `createFileHandlers` makes these for a workspace. */
export interface FileHandlers {
  /** The whole text; an unsaved buffer wins over the disk. Null if there is no such file. */
  readTextFile?(path: string, signal: AbortSignal): Promise<string | null>;
  /** Creates the file, or replaces what is in it. */
  writeTextFile?(path: string, content: string, signal: AbortSignal): Promise<void>;
  /**
   * What an agent is told that reads a file that is not there: `error` unless said. Gemini reads each file that it is
   * about to create, and cannot bear an error.
   */
  missingFile?: 'error' | 'empty';
}

export interface TerminalHandlers {
  /**
   * Starts a command where the agent runs. Output is handed over as it comes, stdout and stderr as they are mixed.
   * What it throws is the agent's reason why it could not be started.
   */
  start(command: TerminalCommand, onOutput: (bytes: Uint8Array) => void): Promise<RunningCommand>;
}

export interface TerminalCommand {
  /** What the agent will call it by. */
  terminalId: string;
  sessionId: string | null;
  command: string;
  args: readonly string[];
  env: readonly { name: string; value: string }[];
  /** As the agent sees it; null for the session's folder. */
  cwd: string | null;
}

export interface RunningCommand {
  /** Settles when the command has ended and all its output was handed over. */
  readonly exited: Promise<TerminalExit>;
  /** Has it end, whatever that takes. Not called once it has ended. */
  kill(): Promise<void>;
}

export interface ElicitationHandlers {
  form?(request: FormElicitation, signal: AbortSignal): Promise<ElicitationAnswer>;
  /** Shows the whole address and asks; `accept` means that it is being opened. */
  url?(request: UrlElicitation, signal: AbortSignal): Promise<ElicitationAnswer>;
  /** What was asked for at that address is done; an id that was never asked about may occur. */
  completed?(elicitationId: string): void;
}
