/**
 * A process of its own that opens a board, as an extension host does when it starts: `boardProcess OPTIONS`, which are
 * those of WorkerStore as JSON. It prints what it has measured as JSON, and ends.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkerStore, type WorkerStoreOptions } from '../src/store/workerStore.ts';
import { boardId } from './store/sampleRows.ts';
import { lateness, quantile, timed } from './store/measure.ts';

/** Times in milliseconds from the beginning of the opening. */
export interface BoardOpening {
  /** The worker has the database. */
  opened: number;
  /** The longest time for which the main thread got to nothing else until then. */
  blockedOpening: number;
  /** The first query of the board was answered. */
  answered: number;
  /** The same for the time of that query. */
  blockedQuery: number;
  /** How much more memory the process has then, in bytes. */
  memory: number;
  /** How long the query takes from then on. */
  query: number;
}

const queries = 30;
const options = JSON.parse(process.argv[2] ?? '') as WorkerStoreOptions;

async function measure(): Promise<BoardOpening> {
  const memoryBefore = process.memoryUsage.rss();
  const start = performance.now();
  const opening = WorkerStore.open(options);
  const blockedOpening = Math.max(...(await lateness(() => opening)));
  const opened = performance.now() - start;
  const store = await opening;
  const ask = (): Promise<unknown> => store.query('boardCards', { boardId });
  const blockedQuery = Math.max(...(await lateness(ask)));
  const answered = performance.now() - start;
  const memory = process.memoryUsage.rss() - memoryBefore;
  const again: number[] = [];
  for (let count = 0; count < queries; count++) again.push(await timed(ask));
  await store.close();
  return { opened, blockedOpening, answered, blockedQuery, memory, query: quantile(again, 0.5) };
}

// Everything is loaded and the thread is at rest, as it is when an extension is activated.
await lateness(() => delay(200));
console.log(JSON.stringify(await measure()));
