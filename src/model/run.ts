import type { Failure } from './failure.ts';
import type { WorkspaceMode } from './task.ts';

export const runStates = [
  'PENDING',
  'PREPARING',
  'STARTING',
  'RUNNING',
  'WAITING',
  'READY',
  'COMPLETED',
  'FAILED',
  'STOPPED',
] as const;
export type RunState = (typeof runStates)[number];

/** Where the agent of a run works. */
export interface RunWorkspace {
  kind: WorkspaceMode;
  /** The folder that the container has, at the same path. */
  root: string;
  /** Where the agent begins: `root`, or the folder below it that is open in VS Code. */
  workingFolder: string;
  /** The branch of its own; null for kinds without. */
  branch: string | null;
  /** Whether what is done there can be committed. */
  hasRepository: boolean;
}

/** How much a run has changed, as its last checkpoint shows it. */
export interface RunChanges {
  files: number;
  /** Lines, of text files. */
  added: number;
  removed: number;
}

/** One agent container working on one task. Times are milliseconds since the epoch. */
export interface Run {
  id: string;
  taskId: string;
  agentTypeId: string;
  state: RunState;
  /** The agent's own id of the conversation; null until the agent has opened one. */
  sessionId: string | null;
  containerId: string | null;
  /** How many prompts the agent has been given. */
  turns: number;
  /** What the agent did last, in one line. */
  activity: string | null;
  /** Why the last turn ended, as the agent said it. */
  stopReason: string | null;
  failure: Failure | null;
  /** Null until the workspace is ready. */
  workspace: RunWorkspace | null;
  /** Null until the first turn is over. */
  changes: RunChanges | null;
  /** Hosts that its agent wanted to reach and may not, as entries for the list of hosts that would let it. */
  blocked: readonly string[];
  /** When each state was last entered. */
  times: Partial<Record<RunState, number>>;
  createdAt: number;
}

const transitions: Record<RunState, readonly RunState[]> = {
  PENDING: ['PREPARING', 'FAILED', 'STOPPED'],
  PREPARING: ['STARTING', 'FAILED', 'STOPPED'],
  STARTING: ['RUNNING', 'FAILED', 'STOPPED'],
  RUNNING: ['WAITING', 'READY', 'COMPLETED', 'FAILED', 'STOPPED'],
  WAITING: ['RUNNING', 'READY', 'COMPLETED', 'FAILED', 'STOPPED'],
  READY: ['RUNNING', 'COMPLETED', 'FAILED', 'STOPPED'],
  COMPLETED: [],
  FAILED: [],
  STOPPED: [],
};

export function canRunGo(from: RunState, to: RunState): boolean {
  return transitions[from].includes(to);
}

/** Has a container, or is about to: it must be stopped before it is forgotten. */
export function isLive(state: RunState): boolean {
  return transitions[state].length > 0;
}

/** Its agent has worked and is not at work: it can be sent a message, if need be in a new container. */
export function canGoOn({ state, turns }: Pick<Run, 'state' | 'turns'>): boolean {
  return !isBusy(state) && turns > 0;
}

/** The agent is at work on a turn, or is being started for one: it takes a place of the limit. */
export function isBusy(state: RunState): boolean {
  return isLive(state) && state !== 'READY';
}

/** How long a run has been at work: still counting since a moment, or the milliseconds that it took. */
export type RunTime = { since: number } | { took: number };
/** The time of the run's latest turn; that of the first one includes getting the agent ready. */
export function runTime({ state, times, turns, createdAt }: Run): RunTime | null {
  const began = turns > 1 ? (times.RUNNING ?? createdAt) : createdAt;
  if (isBusy(state)) return { since: began };
  const turnOver = times.READY !== undefined && times.READY >= began;
  const ended = turnOver ? times.READY : times[state];
  return ended === undefined ? null : { took: ended - began };
}
