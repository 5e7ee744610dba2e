import type { Task } from '../model/task.ts';
import type { PrepareRequest } from '../workspaces/workspaces.ts';

/** What is asked for of the workspace of a run. */
export type RunPlace = Pick<PrepareRequest, 'title' | 'place' | 'copyIn' | 'exclude' | 'setup'>;

/** Where the agent of a card works. */
export function placeOf(task: Task, folder: string): RunPlace {
  return {
    title: task.title,
    place: { kind: 'folder', folder },
    copyIn: [],
    exclude: [],
    setup: null,
  };
}
