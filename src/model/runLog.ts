/** Where a run's raw lines go, for those who look closer. Known secrets have been taken out of what is passed in. */
export interface RunLog {
  info(taskId: string, line: string): void;
  error(taskId: string, text: string): void;
  stderr(taskId: string, chunk: string): void;
  /** A line of the protocol, as it was on the wire. */
  trace(taskId: string, direction: 'in' | 'out', line: string): void;
  /** A line on stdout that is not of the protocol. */
  noise(taskId: string, line: string): void;
}
