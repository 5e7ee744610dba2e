import type { WorkspaceSettings } from '../model/settings.ts';
import type { Task } from '../model/task.ts';
import type { PrepareRequest, WorkspacePlace } from '../workspaces/workspaces.ts';

/** What is asked for of the workspace of a run. */
export type RunPlace = Pick<PrepareRequest, 'title' | 'place' | 'copyIn' | 'exclude' | 'setup'>;

/** Where the agent of a card works. */
export function placeOf(task: Task, folder: string, settings: WorkspaceSettings): RunPlace {
  const { setupScript, setupLimitSeconds, copyFiles, exclude } = settings;
  // The folder is the user's, and set up as they want it.
  const hasSetup = task.workspaceMode !== 'folder' && setupScript !== '';
  return {
    title: task.title,
    place: workspacePlaceOf(task, folder),
    copyIn: copyFiles,
    exclude,
    setup: hasSetup ? { script: setupScript, limitSeconds: setupLimitSeconds } : null,
  };
}

function workspacePlaceOf(task: Task, folder: string): WorkspacePlace {
  const { workspaceMode, repositoryUrl, branch, includeUncommitted } = task;
  switch (workspaceMode) {
    case 'folder':
    case 'copy':
      return { kind: workspaceMode, folder };
    case 'clone':
      return { kind: 'clone', folder, branch, includeUncommitted };
    case 'repository':
      return { kind: 'repository', url: repositoryUrl ?? '', branch };
  }
}
