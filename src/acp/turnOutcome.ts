import type { TurnResult } from './types.ts';

export type TurnOutcome =
  /** The agent says that it is done, and there is something to look at. */
  | 'done'
  /** It says that it is done, but nothing was said or done: mostly an error that only its stderr tells. */
  | 'empty'
  /** It had to stop before it was done: out of tokens, or out of steps. */
  | 'limit'
  | 'refused'
  | 'cancelled'
  /** For a reason that the protocol did not have when this was written. */
  | 'unknown';

/** How a turn came to its end. A turn that fails, because the agent is gone or answers an error, has no result. */
export function turnOutcome({ stopReason, hadOutput }: TurnResult): TurnOutcome {
  switch (stopReason) {
    case 'end_turn':
      return hadOutput ? 'done' : 'empty';
    case 'max_tokens':
    case 'max_turn_requests':
      return 'limit';
    case 'refusal':
      return 'refused';
    case 'cancelled':
      return 'cancelled';
    default:
      return 'unknown';
  }
}
