import * as v from 'valibot';
import { workspaceModes, type TaskState, type WorkspaceMode } from '../model/task.ts';
import type { HeldWork, WorkState } from '../workspaces/workspaces.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const address = v.pipe(v.string(), v.trim(), v.maxLength(2000));
const branch = v.pipe(v.string(), v.trim(), v.maxLength(200));

/** Where the agent of a card works; `task.create` and `task.update` take these. What the mode has no use for is dropped. */
export const placeSchema = {
  workspaceMode: v.optional(v.picklist(workspaceModes)),
  /** For mode `repository`; a password in it is refused. */
  repositoryUrl: v.optional(v.nullable(address)),
  branch: v.optional(v.nullable(branch)),
  includeUncommitted: v.optional(v.boolean()),
};

export const workspaceCommandSchemas = {
  /** Removes the workspaces whose work was taken or given up, or that have none, but for those in use. */
  'workspaces.clear': v.object({}),
};

export interface WorkspaceCommandResults {
  /** The ids of their cards. */
  'workspaces.clear': string[];
}

export const workspaceQuerySchemas = {
  /** All workspaces outside of the folder, with what they take on the disk. */
  workspaces: v.object({}),
  /** Whether a card's workspace holds work that nobody has taken; null when it has none outside of the folder. */
  'workspace.work': v.object({ taskId: id }),
};

export interface WorkspaceEntry {
  /** Of its card, which may be gone. */
  taskId: string;
  /** The card's; null when it is gone for good. */
  title: string | null;
  state: TaskState | 'DELETED' | null;
  kind: WorkspaceMode;
  root: string;
  /** On the disk. */
  bytes: number;
  work: WorkState;
  held: HeldWork | null;
  /** An agent has it, or waits for another message in it. */
  inUse: boolean;
}

export interface WorkspacesView {
  /** The largest first. */
  entries: WorkspaceEntry[];
  checkpointBytes: number;
  repositoryBytes: number;
}

export interface WorkspaceQueryResults {
  workspaces: WorkspacesView;
  'workspace.work': WorkState | null;
}
