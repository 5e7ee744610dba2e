import { leaveOutData } from '../acp/leaveOutData.ts';
import { LineMask, type Direction } from '../acp/lineMask.ts';
import { redactByForm } from '../acp/redact.ts';
import { StreamMask } from '../acp/streamMask.ts';
import type { RunAgentOptions } from './runInterfaces.ts';

/** What goes back and forth between a run and its agent, as it is kept and logged: without secrets and pictures. */
export class AgentLines {
  readonly #options: Pick<RunAgentOptions, 'record' | 'wire' | 'deps'>;
  readonly #lines: LineMask;
  readonly #stderr: StreamMask;

  constructor({ settings, record, wire, deps }: RunAgentOptions) {
    this.#options = { record, wire, deps };
    this.#lines = new LineMask(settings.secrets, (direction, line) => {
      deps.log.trace(record.run.taskId, direction, line);
      wire.append(direction, line);
    });
    this.#stderr = new StreamMask(settings.secrets);
  }

  /** A line of the protocol. */
  push(direction: Direction, line: string): void {
    this.#lines.push(direction, leaveOutData(line));
  }

  readonly onStderr = (chunk: string): void => {
    this.#tellStderr(this.#stderr.push(chunk));
  };

  /** Nothing more comes. */
  flush(): void {
    this.#lines.flush();
    this.#tellStderr(this.#stderr.flush());
  }

  #tellStderr(text: string): void {
    if (text === '') return;
    const { record, wire, deps } = this.#options;
    const redacted = redactByForm(text);
    deps.log.stderr(record.run.taskId, redacted);
    wire.append('stderr', redacted);
  }
}
