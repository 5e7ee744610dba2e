/**
 * Contends for the lead of a folder: node contender.mts FOLDER MARK. As leader it says so, holds a mark for a moment and
 * releases; a mark that is already held by a living process is an overlap of two leaders.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { elect } from '../../src/windows/election.ts';

const [folder = '', mark = ''] = process.argv.slice(2);

function holderOfMark(): number | null {
  try {
    const pid = Number(readFileSync(mark, 'utf8'));
    process.kill(pid, 0);
    return pid;
  } catch {
    return null;
  }
}

const deadline = Date.now() + 20_000;
while (Date.now() < deadline) {
  const election = await elect(folder, (socket) => socket.destroy());
  if (election.kind === 'leader') {
    if (holderOfMark() !== null) console.log('overlap');
    writeFileSync(mark, String(process.pid));
    console.log('leading');
    await delay(15);
    if (!election.lead.holds()) console.log('overlap');
    rmSync(mark, { force: true });
    await election.lead.release();
    break;
  }
  await delay(5);
}
