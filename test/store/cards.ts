import type { Run } from '../../src/model/run.ts';
import type { Task } from '../../src/model/task.ts';
import type { Change } from '../../src/store/taskWrites.ts';

export const boardId = 'board';

/** A change of two rows: a card and its history. */
export function newTask(id: string): { task: Task; change: Change } {
  const task: Task = {
    id,
    boardId,
    title: id,
    description: 'x'.repeat(200),
    state: 'BACKLOG',
    priority: 'normal',
    position: 0,
    agentTypeId: null,
    workspaceMode: 'folder',
    repositoryUrl: null,
    branch: null,
    includeUncommitted: true,
    labels: [],
    resources: null,
    heldBecause: null,
    queueOrder: null,
    retry: null,
    createdBy: 'ann',
    createdFrom: null,
    createdAt: 1,
    updatedAt: 1,
  };
  return { task, change: { actor: 'ann', why: null, at: 1, eventId: `event of ${id}` } };
}

/** A run that is at work. */
export function newRun(id: string, taskId: string): Run {
  return {
    id,
    taskId,
    agentTypeId: 'demo',
    state: 'RUNNING',
    sessionId: null,
    containerId: null,
    turns: 0,
    activity: null,
    stopReason: null,
    failure: null,
    workspace: null,
    changes: null,
    blocked: [],
    times: {},
    createdAt: 1,
  };
}
