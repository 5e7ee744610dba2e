import type { Run } from '../../src/model/run.ts';
import { taskStates, type Task } from '../../src/model/task.ts';
import type { TranscriptEntry } from '../../src/model/transcript.ts';

export const boardId = 'board';
export const runId = 'run';

/** A card with a description of 240 characters; all states in turn. */
export function sampleTask(index: number): Task {
  return {
    id: `card-${index}`,
    boardId,
    title: `Card number ${index}`,
    description: 'What is to be done here. '.repeat(10),
    state: taskStates[index % taskStates.length] ?? 'BACKLOG',
    priority: 'normal',
    position: 0,
    agentTypeId: 'demo',
    workspaceMode: 'folder',
    repositoryUrl: null,
    branch: null,
    includeUncommitted: true,
    labels: ['one', 'two'],
    resources: null,
    heldBecause: null,
    queueOrder: null,
    retry: null,
    createdBy: 'ann',
    createdFrom: null,
    createdAt: index,
    updatedAt: index,
  };
}

export function sampleRun(id: string, taskId: string, createdAt: number): Run {
  return {
    id,
    taskId,
    agentTypeId: 'demo',
    state: 'RUNNING',
    sessionId: 'session',
    containerId: 'container',
    turns: 1,
    activity: 'Reads the code',
    stopReason: null,
    failure: null,
    workspace: null,
    changes: null,
    blocked: [],
    times: { PENDING: 1, RUNNING: 2 },
    createdAt,
  };
}

/** What an agent has said. */
export function sampleEntry(seq: number, text: string): TranscriptEntry {
  return { seq, runId, taskId: 'card-0', turn: 1, kind: 'message', key: null, text, data: null, at: seq };
}

/** So long is the text of a row of some 300 bytes. */
const entryText = 'x'.repeat(250);

/** One durable change: a row of 300 bytes. */
export function smallEntry(seq: number): { runId: string; entries: TranscriptEntry[]; activity: null } {
  return { runId, entries: [sampleEntry(seq, entryText)], activity: null };
}
