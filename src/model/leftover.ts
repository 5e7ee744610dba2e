/** What a run or a helper of this installation has left on the engine, and nobody goes on with or cleans up. */
export interface Leftover {
  /** Of the run, or of what was started beside the cards: a check, a sign-in. */
  runId: string;
  cause: LeftoverCause;
  /** The image of its containers; null where only volumes are left. */
  image: string | null;
  /** Names, the agent's own first. */
  containers: readonly string[];
  volumes: readonly string[];
  /** Among the containers are those through which it reached the hosts of a list. */
  hasNetwork: boolean;
  isRunning: boolean;
  /** Milliseconds since the epoch; null when the engine does not say. */
  createdAt: number | null;
  /** What was written, in containers and volumes; null when the engine does not say. */
  bytes: number | null;
  /** It has a copy of files which what the agent has done may be only in. */
  holdsWork: boolean;
}

export type LeftoverCause =
  /** Its card is gone for good, or the board is another one since. */
  | { kind: 'card-gone' }
  /** It was no card's, and who has started it has ended. */
  | { kind: 'helper' }
  /** The board of its workspace is gone. */
  | { kind: 'board-gone' };
