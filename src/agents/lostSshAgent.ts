import { stat } from 'node:fs/promises';
import path from 'node:path';
import { countKeys } from '../credentials/sshAgent.ts';

/** What the engine says of a container. */
export interface ContainerWithAgent {
  mounts: readonly { Source: string; Destination: string }[];
  /** Each as `NAME=value`. */
  environment: readonly string[];
  /** In milliseconds since the epoch. */
  createdAt: number;
}

/**
 * Why the ssh-agent that a container was given when it was started is of no use to it any more, in words for the user;
 * null when it works, or none was given. A socket that was mounted alone is another one when the ssh-agent was started
 * anew; one in a folder of its own is found again as long as it has the same name.
 */
export async function lostSshAgent(container: ContainerWithAgent): Promise<string | null> {
  const { mounts, environment, createdAt } = container;
  const inside = environment.find((each) => each.startsWith(prefix))?.slice(prefix.length);
  if (inside === undefined) return null;
  const alone = mounts.find(({ Destination }) => Destination === inside);
  const around = mounts.find(({ Destination }) => Destination === path.posix.dirname(inside));
  const given = alone ?? around;
  if (given === undefined) return null;
  const socket = alone ? given.Source : path.join(given.Source, path.posix.basename(inside));
  const changedAt = await stat(socket).then(
    ({ ctimeMs }) => ctimeMs,
    () => null,
  );
  const isTheSame = changedAt !== null && (!alone || changedAt <= createdAt);
  if (isTheSame && (await countKeys(socket)) !== null) return null;
  return 'Your ssh-agent has ended since this agent was started, so its git and ssh cannot use your keys any more. Stop the card and send it a message: then it goes on with the ssh-agent of now.';
}

const prefix = 'SSH_AUTH_SOCK=';
