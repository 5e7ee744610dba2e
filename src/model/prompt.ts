/** A message that waits until the agent of a card can take it. */
export interface QueuedPrompt {
  id: string;
  taskId: string;
  text: string;
  createdBy: string;
  /** In milliseconds since the epoch. */
  createdAt: number;
}
