import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Host } from './host.ts';

const answerMs = 1000;
/** Message numbers of the agent protocol (draft-ietf-sshm-ssh-agent, section 6.1). */
const requestIdentities = 11;
const identitiesAnswer = 12;

/** Where the user's ssh-agent listens; null when none is named, or what is named is no socket. */
export async function agentSocket({ environment }: Host): Promise<string | null> {
  const socket = environment.SSH_AUTH_SOCK;
  if (!socket) return null;
  const isSocket = await stat(socket).then(
    (stats) => stats.isSocket(),
    () => false,
  );
  return isSocket ? socket : null;
}

/** How many keys an agent holds; null when it does not say so within a second. */
export function countKeys(socket: string): Promise<number | null> {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0);
    const connection = connect(socket);
    const end = (keys: number | null): void => {
      connection.destroy();
      resolve(keys);
    };
    connection.setTimeout(answerMs, () => {
      end(null);
    });
    connection.on('error', () => {
      end(null);
    });
    connection.on('close', () => {
      end(null);
    });
    connection.on('data', (data: Buffer) => {
      answer = Buffer.concat([answer, data]);
      // The length in four bytes, the message's number, and how many keys follow.
      if (answer.length >= 9) end(answer[4] === identitiesAnswer ? answer.readUInt32BE(5) : null);
    });
    connection.write(Buffer.from([0, 0, 0, 1, requestIdentities]));
  });
}
