/** What the container of a live run uses at the moment. */
export interface RunUsage {
  taskId: string;
  runId: string;
  /** Processors that are busy: 0.5 is half of one. Null before it was measured twice. */
  cpus: number | null;
  memoryMb: number;
  /** 0 where there is none. */
  memoryLimitMb: number;
  pids: number;
}
