import type { ExitInfo } from '../agents/agentProcess.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Failure } from '../model/failure.ts';

export interface LimitContext {
  taskId: string;
  agentType: Pick<AgentType, 'name' | 'resources'>;
  stderr: string;
}

/** As V8 says it when its own heap is full, before it aborts; and node, when it cannot even begin. */
const heapFull = /JavaScript heap out of memory|Reached heap limit|Fatal process out of memory/i;
/** As shells, node, python, go and pthreads say it. */
const noProcess =
  /fork: (retry: )?Resource temporarily unavailable|can't fork|Cannot fork|spawn \S+ EAGAIN|can't start new thread|failed to create new OS thread|pthread_create(?: failed)?: (?:Resource temporarily unavailable|\S*EAGAIN)|uv_thread_create/i;
const noSpace = /ENOSPC|No space left on device|Disk quota exceeded/i;

/**
 * What to tell of an agent that ended at one of the limits of its container; null when it ended for another reason. An
 * exit code alone would not do: what has run out is told by the engine, or by the end of stderr.
 */
export function limitFailure(exit: ExitInfo, context: LimitContext): Failure | null {
  const { agentType, taskId, stderr } = context;
  const { name, resources } = agentType;
  const detail = stderr.trim();
  const common = {
    ...(detail === '' ? {} : { detail }),
    action: { kind: 'editResources', taskId } as const,
  };
  if (exit.oomKilled) {
    return {
      ...common,
      reason: 'out-of-memory',
      message:
        exit.exitCode === 0
          ? `${name} ended because a program that it had started was stopped: together they went over the memory limit of ${resources.memoryMb} MB.`
          : `${name} was stopped because it went over its memory limit of ${resources.memoryMb} MB.`,
    };
  }
  if (heapFull.test(stderr)) {
    return {
      ...common,
      reason: 'out-of-memory',
      message: `${name} ran out of memory: node's own limit follows from the container's, which is ${resources.memoryMb} MB.`,
    };
  }
  if (exit.exitCode === 0) return null;
  if (noProcess.test(stderr)) {
    return {
      ...common,
      reason: 'process-limit',
      message: `${name} could start no more processes: its container may have ${resources.pids} at the same time.`,
    };
  }
  if (noSpace.test(stderr)) {
    return {
      ...common,
      reason: 'disk-full',
      message: `${name} had no room left to write. What is outside of the folder, such as /tmp and its home, is kept in memory, at most half of its ${resources.memoryMb} MB each; or the disk of this machine is full.`,
    };
  }
  return null;
}
