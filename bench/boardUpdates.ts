import { SecretMask } from '../src/acp/secretMask.ts';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalEventBus } from '../src/events/eventBus.ts';
import { TranscriptRecorder } from '../src/orchestrator/transcriptRecorder.ts';
import { DatabaseFolder, snapshotsIn } from '../src/store/databaseFolder.ts';
import { nodeDisk } from '../src/store/disk.ts';
import { WireRecord, wireRecordPath } from '../src/store/wireRecord.ts';
import type { WorkerStore } from '../src/store/workerStore.ts';
import { journalBytes } from './store/recovery.ts';
import { openStore, putSample } from './store/sampleBoard.ts';
import { runId } from './store/sampleRows.ts';

const updates = 1000;
/** Some 100 a second come from a fast agent. */
const pauseMs = 10;
const chunk = 'and then it goes on, ';

/** Records what an agent says as a run does, and looks at what that has added to the disk. */
export async function agentUpdateRows(place: string): Promise<string[][]> {
  const folder = await putSample(place, { cards: 100 });
  const records = join(place, 'runs');
  const store = await openStore(folder);
  const databaseBefore = await databaseBytes(folder);
  const journalBefore = await journalBytes(folder);
  await recordUpdates(store, records);
  const journal = (await journalBytes(folder)) - journalBefore;
  await store.snapshot();
  const database = (await databaseBytes(folder)) - databaseBefore;
  await store.close();
  const { size: wire } = await stat(wireRecordPath(records, runId));
  return [
    ['in the database', kilobytes(database)],
    ['in the journal, until the next snapshot', kilobytes(journal)],
    ['in the record of the wire, for 30 days', kilobytes(wire)],
  ];
}

/** Nine pieces of a message, then a step of a tool call, and so on. */
async function recordUpdates(store: WorkerStore, folder: string): Promise<void> {
  const fail = (error: unknown): void => {
    throw error;
  };
  const events = new LocalEventBus('bench', fail);
  const recorder = new TranscriptRecorder(
    { id: runId, taskId: 'card-0' },
    { store, events, secrets: new SecretMask(), onError: fail },
  );
  const wire = new WireRecord({ folder, runId, onError: fail });
  recorder.beginTurn(1);
  for (let count = 0; count < updates; count++) {
    const update =
      count % 10 === 9
        ? { sessionUpdate: 'tool_call_update', toolCallId: `call-${count}`, status: 'completed' }
        : { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: chunk } };
    const params = { sessionId: 'session', update };
    wire.append('in', JSON.stringify({ jsonrpc: '2.0', method: 'session/update', params }));
    if ('content' in update) recorder.text('message', chunk, null);
    else {
      const { toolCallId: key, status } = update;
      recorder.add({ kind: 'tool_call', key, text: 'Reads src/extension.ts', data: { status } });
    }
    await delay(pauseMs);
  }
  await recorder.flush();
  await wire.close();
}

/** The size of the newest snapshot. */
async function databaseBytes(path: string): Promise<number> {
  const folder = new DatabaseFolder(path);
  const [newest = 0] = snapshotsIn(await nodeDisk.list(path));
  return (await stat(folder.snapshot(newest))).size;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KB`;
}
