import { defaultColumns, type Board } from '../../../src/model/board.ts';
import type { CardView } from '../../../src/model/cardView.ts';
import type { PermissionRequest } from '../../../src/model/permission.ts';
import type { Run } from '../../../src/model/run.ts';
import type { Task } from '../../../src/model/task.ts';

/** Cards and boards to test with: whole ones, of which a test names only what it is about. */

export const board: Board = { id: 'board', name: 'Board', columns: defaultColumns, workspaceMode: 'folder' };

export function aTask(id: string, task: Partial<Task> = {}): Task {
  return {
    id,
    boardId: board.id,
    title: `Card ${id}`,
    description: '',
    state: 'BACKLOG',
    priority: 'normal',
    position: 0,
    agentTypeId: 'demo',
    workspaceMode: 'folder',
    repositoryUrl: null,
    branch: null,
    includeUncommitted: true,
    labels: [],
    resources: null,
    heldBecause: null,
    queueOrder: null,
    retry: null,
    createdBy: 'tester',
    createdFrom: null,
    createdAt: 0,
    updatedAt: 0,
    ...task,
  };
}

export function aRun(taskId: string, run: Partial<Run> = {}): Run {
  return {
    id: `run-${taskId}`,
    taskId,
    agentTypeId: 'demo',
    state: 'RUNNING',
    sessionId: null,
    containerId: null,
    turns: 1,
    activity: null,
    stopReason: null,
    failure: null,
    workspace: null,
    changes: null,
    blocked: [],
    times: {},
    createdAt: 0,
    ...run,
  };
}

export function aRequest(taskId: string, request: Partial<PermissionRequest> = {}): PermissionRequest {
  return {
    id: `request-${taskId}`,
    runId: `run-${taskId}`,
    taskId,
    toolCallId: 'call',
    title: 'Run the tests',
    toolKind: 'execute',
    command: null,
    paths: [],
    diffs: [],
    places: [],
    options: [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }],
    state: 'open',
    answer: null,
    answeredBy: null,
    ruling: null,
    requestedAt: 0,
    resolvedAt: null,
    ...request,
  };
}

export function aCard(id: string, task: Partial<Task> = {}, card: Partial<CardView> = {}): CardView {
  return {
    version: 1,
    run: null,
    permissions: [],
    approvals: 'ask',
    questions: [],
    queue: null,
    stalledSince: null,
    dependencies: [],
    origin: null,
    review: { drafts: 0, sent: 0, reopened: 0 },
    ...card,
    task: aTask(id, task),
  };
}
