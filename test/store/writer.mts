/**
 * A process of its own with a board, for tests that kill it or take its disk away. It is told on stdin what to do, a
 * line each, and says on stdout what came of it:
 *
 * write ID → done ID, or refused ID and why
 * flood PREFIX → done ID for one card after the other, with several under way at once, until one is refused
 * snapshot → snapshotted
 * export PATH → exported PATH
 * close → closed
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { WorkerStore, type WorkerStoreOptions } from '../../src/store/workerStore.ts';
import { defaultColumns } from '../../src/model/board.ts';
import { boardId, newTask } from './cards.ts';

const options = JSON.parse(process.argv[2] ?? '') as WorkerStoreOptions;

/** At once and whole, so that nothing that was done is unsaid when the process is killed. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The pipe is full: the reader is about to make room.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

const store = await WorkerStore.open({
  ...options,
  onNotice: ({ severity, message }) => {
    say(`notice ${severity} ${message}`);
  },
});
const boards = await store.query('boards', {});
if (boards.length === 0) {
  const board = { id: boardId, name: 'Board', columns: defaultColumns, workspaceMode: 'folder' as const };
  await store.write('board.insert', { board, at: 1 });
}

/** Returns whether it was done. */
async function write(id: string): Promise<boolean> {
  try {
    await store.write('task.insert', newTask(id));
  } catch (error) {
    say(`refused ${id} ${(error as Error).message}`);
    return false;
  }
  say(`done ${id}`);
  return true;
}

async function flood(prefix: string): Promise<void> {
  let number = 0;
  const writer = async (): Promise<void> => {
    while (await write(`${prefix}${number++}`));
  };
  await Promise.all([writer(), writer(), writer(), writer()]);
}

async function snapshot(): Promise<void> {
  await store.snapshot();
  say('snapshotted');
}

say('open');
for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument = ''] = line.split(' ');
  if (command === 'write') await write(argument);
  if (command === 'flood') void flood(argument);
  if (command === 'snapshot') void snapshot();
  if (command === 'export') {
    await store.exportCopy(argument);
    say(`exported ${argument}`);
  }
  if (command === 'close') break;
}
await store.close();
say('closed');
