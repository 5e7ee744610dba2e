/** Twelve weeks of work of several agents, for the picture of the statistics: nobody has that at hand. */
import { defaultColumns } from '../../src/model/board.ts';
import { WorkerStore } from '../../src/store/workerStore.ts';
import type { Run, RunState } from '../../src/model/run.ts';
import type { Task } from '../../src/model/task.ts';
import { storeWorkerPath, wasmPath } from '../../test/harness/store.ts';

const minute = 60_000;
const week = 7 * 24 * 60 * minute;

const agents = [
  { id: 'claude', share: 0.5, minutes: 9, tokens: 900_000, dollars: 0.9 },
  { id: 'codex', share: 0.3, minutes: 7, tokens: 600_000, dollars: null },
  { id: 'gemini', share: 0.2, minutes: 5, tokens: null, dollars: null },
];

/** Puts them into a database that nobody has open, on a board of their own. */
export async function writeSampleHistory(folder: string): Promise<void> {
  const store = await WorkerStore.open({ folder, workerPath: await storeWorkerPath(), wasmPath });
  try {
    const board = {
      id: 'sample',
      name: 'Website',
      columns: defaultColumns,
      workspaceMode: 'folder',
    } as const;
    await store.write('board.insert', { board, at: Date.now() });
    const random = randomFrom(7);
    for (let back = 11; back >= 0; back -= 1) {
      const runs = 4 + Math.round((11 - back) * 0.7 + random() * 5);
      for (let index = 0; index < runs; index += 1) {
        const at = Date.now() - back * week - random() * 5 * 24 * 60 * minute - 3 * 60 * minute;
        await writeRun(store, board.id, Math.round(at), `sample-${back}-${index}`, random);
      }
    }
  } finally {
    await store.close();
  }
}

async function writeRun(
  store: WorkerStore,
  boardId: string,
  at: number,
  id: string,
  random: () => number,
): Promise<void> {
  const chosen = random();
  const agent = agents[chosen < 0.5 ? 0 : chosen < 0.8 ? 1 : 2];
  if (!agent) return;
  const task = sampleTask(id, boardId, agent.id, at);
  const change = { actor: 'Ann', why: null, at, eventId: `${id} made` };
  await store.write('task.insert', { task, change });
  const run = sampleRun(id, agent.id, at);
  await store.write('run.insert', { run });
  const took = agent.minutes * minute * (0.4 + random() * 1.6);
  const waited = random() < 0.45 ? random() * 5 * minute : 0;
  const how = random();
  const end: RunState = how < 0.84 ? 'READY' : how < 0.94 ? 'FAILED' : 'STOPPED';
  const steps: [RunState, number][] = [
    ['PREPARING', 300],
    ['STARTING', 2000],
    ['RUNNING', 6000],
    ...(waited > 0
      ? ([
          ['WAITING', took * 0.6],
          ['RUNNING', took * 0.6 + waited],
        ] satisfies [RunState, number][])
      : []),
    [end, took + waited + 6000],
  ];
  for (const [to, after] of steps) {
    const patch = { turns: 1, sessionId: id };
    await store.write('run.update', { runId: id, to, patch, at: Math.round(at + after) });
  }
  await store.write('run.progress', { runId: id, entries: usage(id, agent, at, random), activity: null });
}

function usage(id: string, agent: (typeof agents)[number], at: number, random: () => number) {
  const part = 0.3 + random() * 1.4;
  const { tokens, dollars } = agent;
  const entry = { runId: id, taskId: id, turn: 1, key: null, text: '', at };
  const cost = dollars === null ? null : { amount: Number((dollars * part).toFixed(4)), currency: 'USD' };
  const told = { type: 'usage', used: 40_000, size: 200_000, cost };
  const end = {
    stopReason: 'end_turn',
    hadOutput: true,
    ...(tokens === null ? {} : { tokens: Math.round(tokens * part) }),
  };
  return [
    { ...entry, seq: 1, kind: 'usage' as const, data: JSON.stringify(told) },
    { ...entry, seq: 2, kind: 'turn_end' as const, data: JSON.stringify(end) },
  ];
}

function sampleTask(id: string, boardId: string, agentTypeId: string, at: number): Task {
  return {
    ...{ id, boardId, agentTypeId, title: 'Sample', description: '', state: 'COMPLETED', priority: 'normal' },
    ...{ position: 0, workspaceMode: 'clone', repositoryUrl: null, branch: null, includeUncommitted: false },
    ...{ labels: [], resources: null, heldBecause: null, queueOrder: null, retry: null, createdFrom: null },
    ...{ createdBy: 'Ann', createdAt: at, updatedAt: at },
  };
}

function sampleRun(id: string, agentTypeId: string, createdAt: number): Run {
  return {
    ...{ id, taskId: id, agentTypeId, state: 'PENDING', sessionId: null, containerId: null, turns: 0 },
    ...{ activity: null, stopReason: null, failure: null, workspace: null, changes: null, blocked: [] },
    ...{ times: {}, createdAt },
  };
}

/** Numbers from 0 to 1, the same each time (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
