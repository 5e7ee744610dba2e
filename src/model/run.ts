import type { Failure } from './failure.ts';

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
