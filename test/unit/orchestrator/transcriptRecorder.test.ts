import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SecretMask } from '../../../src/acp/secretMask.ts';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import type { TranscriptEntry } from '../../../src/model/transcript.ts';
import type { Run } from '../../../src/model/run.ts';
import { newRun } from '../../../src/orchestrator/runRecord.ts';
import { TranscriptRecorder } from '../../../src/orchestrator/transcriptRecorder.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;
let recorder: TranscriptRecorder;
let run: Run;
/** As the run view hears of them, by their numbers. */
let shown: Map<number, TranscriptEntry>;

beforeEach(async () => {
  services = await startServices();
  const task = await services.kandev.execute('task.create', { title: 'A card', agentTypeId: 'demo' });
  const type = (await services.kandev.query('agentTypes', {})).find(({ id }) => id === 'demo');
  if (!type) throw new Error('There is no demo agent.');
  run = newRun(task, type);
  await services.store.write('run.insert', { run });
  const fail = (error: unknown): never => {
    throw error instanceof Error ? error : new Error(String(error));
  };
  const events = new LocalEventBus('test', fail);
  shown = new Map();
  events.subscribe('acp.message.>', ({ data }) => {
    const { entry } = data as { entry: TranscriptEntry };
    shown.set(entry.seq, entry);
  });
  recorder = new TranscriptRecorder(run, {
    store: services.store,
    events,
    secrets: new SecretMask(),
    onError: fail,
  });
});

afterEach(async () => {
  vi.useRealTimers();
  await services.close();
});

const call = (text: string, goesOn: boolean) => {
  recorder.add({ kind: 'tool_call', key: 'c', text, goesOn });
};
const told = ({ turn, kind, text }: TranscriptEntry) => `${turn} ${kind}: ${text}`;

/** What is stored, which is what was shown. */
async function transcript(): Promise<string[]> {
  await recorder.flush();
  const stored = await services.kandev.query('run.transcript', { runId: run.id });
  expect([...shown.values()].map(told)).toEqual(stored.map(told));
  return stored.map(told);
}

it('a tool call that ends in a later turn is replaced where it began', async () => {
  call('Index (pending)', true);
  recorder.beginTurn(1);
  recorder.add({ kind: 'user', text: 'Go' });
  call('Index (completed)', false);
  expect(await transcript()).toEqual(['0 tool_call: Index (completed)', '1 user: Go']);
});

it('one that has ended is another in the next turn, and so is a plan', async () => {
  recorder.beginTurn(1);
  call('Read (completed)', false);
  recorder.add({ kind: 'plan', key: 'plan', text: 'First' });
  recorder.beginTurn(2);
  call('Write (pending)', true);
  call('Write (completed)', false);
  recorder.add({ kind: 'plan', key: 'plan', text: 'Second' });
  expect(await transcript()).toEqual([
    '1 tool_call: Read (completed)',
    '1 plan: First',
    '2 tool_call: Write (completed)',
    '2 plan: Second',
  ]);
});

it('the first words of a message are shown at once, whatever was stored just before', async () => {
  recorder.beginTurn(1);
  recorder.add({ kind: 'user', text: 'Go' });
  await recorder.flush();
  // Nothing that waits for some time is ever done.
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  recorder.text('message', 'Hello', null);
  await vi.waitUntil(() => shown.size === 2, { interval: 0, timeout: 30_000 });
  expect(await transcript()).toEqual(['1 user: Go', '1 message: Hello']);
});
