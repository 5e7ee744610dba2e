import type { AgentProcess, ExitInfo } from '../agents/agentProcess.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Notice } from '../model/failure.ts';
import type { Resources } from '../model/resources.ts';
import type { WireRecord } from '../store/wireRecord.ts';
import type { RunDependencies } from './runInterfaces.ts';
import type { RunRecord } from './runRecord.ts';
import type { TranscriptRecorder } from './transcriptRecorder.ts';

export interface ContainerStoryOptions {
  agentType: AgentType;
  record: RunRecord;
  recorder: TranscriptRecorder;
  wire: WireRecord;
  events: RunDependencies['events'];
}

/**
 * What becomes of a run's container beside the conversation, told where it belongs: in the record of the run, from
 * which "Show Container Log" reads it; in the transcript; on the card; and to the user at once, where they can help.
 */
export class ContainerStory {
  readonly #options: ContainerStoryOptions;
  #process: AgentProcess | null = null;
  #toldOfMemory = false;

  constructor(options: ContainerStoryOptions) {
    this.#options = options;
  }

  started(process: AgentProcess): void {
    const { agentType, wire } = this.#options;
    const id = process.containerId.slice(0, 12);
    const limits = describeResources(agentType.resources);
    wire.append('note', `Container ${id} of the image ${agentType.image} was started: ${limits}.`);
    this.goesOn(process);
  }

  /** After another process, which has told of its start. */
  goesOn(process: AgentProcess): void {
    const { wire } = this.#options;
    this.#process = process;
    void process.exited.then((exit) => {
      wire.append('note', describeExit(exit));
    });
  }

  /** The agent wanted to reach a host that is not on its list. */
  readonly blocked = (entry: string): void => {
    const { agentType, record, recorder, wire } = this.#options;
    const { taskId, blocked } = record.run;
    wire.append('note', `blocked: ${entry}`);
    if (blocked.includes(entry)) return;
    record.note(null, { blocked: [...blocked, entry] });
    recorder.add({ kind: 'notice', text: `blocked: ${entry}` });
    this.#tell({
      severity: 'warning',
      message: `${agentType.name} wanted to reach ${entry}, which is not on its list of hosts.`,
      action: { kind: 'allowHost', taskId, entry },
    });
  };

  /** To be called when a turn has ended: a tool that ran out of memory leaves the agent alive. */
  async turnEnded(): Promise<void> {
    const { agentType, record } = this.#options;
    if (this.#toldOfMemory || !(await this.#process?.ranOutOfMemory?.())) return;
    this.#toldOfMemory = true;
    const message = `A program that ${agentType.name} had started was stopped: together they went over the memory limit of ${agentType.resources.memoryMb} MB.`;
    this.notice(message);
    this.#tell({
      severity: 'warning',
      message,
      action: { kind: 'editResources', taskId: record.run.taskId },
    });
  }

  /** Something to read in the transcript. */
  readonly notice = (text: string): void => {
    this.#options.wire.append('note', text);
    this.#options.recorder.add({ kind: 'notice', text });
  };

  #tell(notice: Notice): void {
    const { record, events } = this.#options;
    events.publish('run.notice', { taskId: record.run.taskId, runId: record.run.id, notice });
  }
}

function describeResources({ cpus, memoryMb, pids, network }: Resources): string {
  const reach =
    network === 'bridge'
      ? 'everything over the network'
      : network === 'none' || network.length === 0
        ? 'no network'
        : `${network.join(', ')} over the network`;
  return `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}, ${memoryMb} MB of memory, ${pids} processes, ${reach}`;
}

function describeExit({ exitCode, oomKilled }: ExitInfo): string {
  const code = exitCode === null ? 'without an exit code' : `with exit code ${exitCode}`;
  return `It ended ${code}${oomKilled ? ', and something in it had run out of memory' : ''}.`;
}
