import { createHash } from 'node:crypto';

/** What is run in the container, in the workspace's working folder, before the agent is first started there. */
export interface SetupScript {
  /** For `sh -c`; may have several lines. */
  script: string;
  limitSeconds: number;
}

/** Tells one script from another, so that a changed one is run again. */
export function setupDigest({ script }: SetupScript): string {
  return createHash('sha256').update(script).digest('hex');
}
