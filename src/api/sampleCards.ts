import type { NewTask } from '../tasks/taskService.ts';

/** Cards for an empty board: one to start at once, one with a text worth reading, one for a person. */
export const sampleCards: readonly NewTask[] = [
  {
    title: 'Write an overview of this repository',
    description:
      'Look at the files of this folder and write an overview for a newcomer: what it is, how it is laid out, where to start.\n\nAsk before you write.',
    state: 'BACKLOG',
    priority: 'high',
    agentTypeId: 'demo',
    labels: ['docs'],
  },
  {
    title: 'List the open TODO comments',
    description: 'Collect every `TODO` and `FIXME` with its file and line, the oldest first.',
    state: 'BACKLOG',
    priority: 'normal',
    agentTypeId: 'demo',
    labels: ['clean-up'],
  },
  {
    title: 'Decide what to build next',
    description: 'This card has no agent: it is yours. Drag it to In Progress when you take it on.',
    state: 'BACKLOG',
    priority: 'low',
    agentTypeId: null,
    labels: [],
  },
];
