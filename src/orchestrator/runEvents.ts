import type { EventBus } from '../events/eventBus.ts';
import type { RunState } from '../model/run.ts';

/** What is told of a run that has gone from one state to another. */
export function eventFor(before: RunState, after: RunState): RunEvent {
  switch (after) {
    case 'RUNNING':
      if (before === 'STARTING') return 'agent.started';
      return before === 'RUNNING' ? 'agent.updated' : 'agent.running';
    case 'READY':
      return 'agent.ready';
    case 'COMPLETED':
      return 'agent.completed';
    case 'FAILED':
      return 'agent.failed';
    case 'STOPPED':
      return 'agent.stopped';
    default:
      return 'agent.updated';
  }
}

type RunEvent = Extract<Parameters<EventBus['publish']>[0], `agent.${string}`>;
