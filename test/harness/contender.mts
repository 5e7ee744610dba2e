/**
 * Contends for the lead of a folder: node contender.mts FOLDER PORT. As leader it says so, listens on a port for a
 * moment and releases. Two leaders at once would want the same port; the kernel frees that of a leader that was killed
 * in the same moment in which it is dead.
 */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { elect } from '../../src/windows/election.ts';

const [folder = '', port = ''] = process.argv.slice(2);

function listenAlone(): Promise<() => void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), '127.0.0.1', () => {
      resolve(() => server.close());
    });
  });
}

for (;;) {
  const election = await elect(folder, (socket) => socket.destroy());
  if (election.kind !== 'leader') {
    await delay(5);
    continue;
  }
  const stop = await listenAlone().catch(() => {
    console.log('overlap');
    return () => undefined;
  });
  console.log('leading');
  await delay(15);
  if (!election.lead.holds()) console.log('overlap');
  stop();
  await election.lead.release();
  break;
}
