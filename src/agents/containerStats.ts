import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import { dial } from './dial.ts';
import type { Engine } from './engine.ts';
import { streamLines } from './streamLines.ts';

/** What a container uses. */
export interface ContainerUsage {
  /** Processors that are busy; null before it was measured twice. */
  cpus: number | null;
  memoryMb: number;
  /** 0 where there is none. */
  memoryLimitMb: number;
  pids: number;
}

const megabyte = 1024 ** 2;
/** A container that is paused or stuck says nothing. */
const silenceMs = 30_000;

const cpuSchema = v.object({
  cpu_usage: v.object({ total_usage: v.number() }),
  system_cpu_usage: v.optional(v.number()),
  online_cpus: v.optional(v.number()),
});
/** Engines leave out what they do not know: all of it for a container that has ended. */
const statsSchema = v.object({
  cpu_stats: cpuSchema,
  precpu_stats: cpuSchema,
  memory_stats: v.object({
    usage: v.number(),
    limit: v.fallback(v.number(), 0),
    stats: v.fallback(v.record(v.string(), v.unknown()), {}),
  }),
  pids_stats: v.fallback(v.object({ current: v.fallback(v.number(), 0) }), { current: 0 }),
});

/** Reads one measurement as the engine sends it; null when it has nothing to say. */
function readStats(line: string): ContainerUsage | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return null;
  }
  const result = v.safeParse(statsSchema, parsed);
  if (!result.success) return null;
  const { cpu_stats: now, precpu_stats: before, memory_stats: memory, pids_stats: pids } = result.output;
  // What the system can take back at once is not what the agent needs. The names are those of cgroups 1 and 2.
  const { total_inactive_file: inactive1, inactive_file: inactive2 } = memory.stats;
  const inactive = [inactive1, inactive2].find((value) => typeof value === 'number') ?? 0;
  return {
    cpus: busyCpus(now, before),
    memoryMb: Math.max(0, memory.usage - inactive) / megabyte,
    memoryLimitMb: memory.limit / megabyte,
    pids: pids.current,
  };
}

type CpuStats = v.InferOutput<typeof cpuSchema>;

function busyCpus(now: CpuStats, before: CpuStats): number | null {
  if (now.system_cpu_usage === undefined || before.system_cpu_usage === undefined) return null;
  const all = now.system_cpu_usage - before.system_cpu_usage;
  const own = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  return all <= 0 ? null : Math.max(0, (own / all) * (now.online_cpus ?? 1));
}

/**
 * Follows what a container uses, about once a second, until the signal is aborted or the container has ended. Never
 * rejects: what nobody can measure is not shown.
 */
export async function followStats(
  engine: Engine,
  containerId: string,
  onUsage: (usage: ContainerUsage) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const response = (await engine.call(
      'measuring a container',
      (docker, abortSignal) =>
        dial(docker, {
          method: 'GET',
          path: `/containers/${containerId}/stats`,
          query: { stream: true },
          abortSignal,
          stream: true,
        }),
      { signal },
    )) as IncomingMessage;
    const stop = (): void => {
      response.destroy();
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    for await (const line of streamLines(response, silenceMs, () => new Error('It says nothing.'))) {
      const usage = readStats(line);
      if (usage) onUsage(usage);
    }
  } catch {
    // The container has ended, the engine is gone, or nobody looks any more.
  }
}
