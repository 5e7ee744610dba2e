import type { StopReason } from '@agentclientprotocol/sdk';
import type { Step } from './script.ts';
import type { Turn } from './turn.ts';

/** A script under way. */
export interface ScriptRun {
  turn: Turn;
  /** The names that `on` knows the last answer by: `allow` and `allow_once` and the option's id, for instance. */
  outcome: readonly string[];
  /** The id of the card that a tool told of last. */
  card?: string | undefined;
  /** Questions asked in the background that `wait` waits for. */
  background: Promise<void>[];
  /** Ends the turn once it is set. */
  stopReason: StopReason | undefined;
}

/** What to do for each of these steps. */
export type Handlers<Name extends Step['do']> = {
  [Each in Name]: (run: ScriptRun, step: Extract<Step, { do: Each }>) => Promise<void>;
};
