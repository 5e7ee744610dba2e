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

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1, useGrouping: false });

/** "340 MB" or "1.5 GB". */
export function memoryText(megabytes: number): string {
  return megabytes < 1000 ? `${String(Math.round(megabytes))} MB` : `${number.format(megabytes / 1024)} GB`;
}

/** Busy processors with one digit behind the point; null where they are not known yet. */
export function cpusText({ cpus }: Pick<RunUsage, 'cpus'>): string | null {
  return cpus === null ? null : number.format(cpus);
}
