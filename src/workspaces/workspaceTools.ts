import type { HostGit } from './hostGit.ts';
import type { Isolation } from './isolation.ts';
import type { Merger } from './mergeTrees.ts';
import type { RemoteRepositories } from './remoteRepository.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import type { UserRepositoryTools } from './userRepository.ts';
import type { WorkIndexes } from './workIndex.ts';
import type { WorkspaceRecords } from './workspaceRecord.ts';
import type { Editors } from './workspaces.ts';

/** What all that is done with workspaces is done with. */
export interface WorkspaceTools extends UserRepositoryTools {
  git: HostGit;
  isolation: Isolation;
  indexes: WorkIndexes;
  store: SnapshotStore;
  records: WorkspaceRecords;
  remotes: RemoteRepositories;
  editors: Editors;
  merger: Merger;
  /** All that is ours; no part of a workspace, even where it lies below one. */
  storageFolder: string;
  /** Where clones and copies are. */
  treesFolder: string;
}

/** The names of what is kept; in the snapshot store, and those of runs and workspaces in the user's repository too. */
export const refNames = {
  before: (runId: string) => `refs/kandev/${runId}/before`,
  after: (runId: string) => `refs/kandev/${runId}/after`,
  /** Before the last turn but the first. */
  turn: (runId: string) => `refs/kandev/${runId}/turn`,
  /** Where HEAD stood after a run: keeps commits of the agent reachable. */
  head: (runId: string) => `refs/kandev/${runId}/head`,
  agentBranch: (runId: string, branch: string) => `refs/kandev/${runId}/branches/${branch}`,
  /** What a clone began with. */
  start: (workspaceId: string) => `refs/kandev/${workspaceId}/start`,
  base: (workspaceId: string) => `refs/kandev/${workspaceId}/base`,
  now: (workspaceId: string) => `refs/kandev/${workspaceId}/now`,
  /** What was brought into the folder last. */
  applied: (workspaceId: string) => `refs/kandev/${workspaceId}/applied`,
  result: (workspaceId: string) => `refs/kandev/${workspaceId}/result`,
  undoFrom: (undoId: string) => `refs/kandev/${undoId}/undo-from`,
  undoTo: (undoId: string) => `refs/kandev/${undoId}/undo-to`,
};
