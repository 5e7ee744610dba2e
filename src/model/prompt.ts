import { UserError } from './failure.ts';
import type { Picture } from './picture.ts';

/** What an agent is told. */
export interface Message {
  /** May be empty where there are pictures. */
  text: string;
  pictures: readonly Picture[];
}

/** A message that waits until the agent of a card can take it. */
export interface QueuedPrompt extends Message {
  id: string;
  taskId: string;
  createdBy: string;
  /** In milliseconds since the epoch. */
  createdAt: number;
}

export function waitsNoMore(): UserError {
  return new UserError({
    reason: 'not-found',
    message: 'This message does not wait any more: it was sent or removed.',
  });
}
