import type { LaunchProgress } from '../agents/launchRequest.ts';
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
  #toldOfFiles = false;
  #onReturn: (() => void) | null = null;

  constructor(options: ContainerStoryOptions) {
    this.#options = options;
  }

  /** For whoever starts the container, or takes it over. */
  get told(): Pick<Required<LaunchProgress>, 'blocked' | 'notice' | 'activity'> {
    return { blocked: this.blocked, notice: this.notice, activity: this.activity };
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

  /** What goes on with it, in one line for the card. */
  readonly activity = (activity: string): void => {
    const isEnding = this.#onReturn !== null;
    this.#options.record.note(null, {
      activity: isEnding ? `${activity}. Stop again to leave them there.` : activity,
    });
    this.#onReturn?.();
  };

  /**
   * It is about to be removed.
   *
   * @param onReturn told when files that are only in it are brought back before
   */
  ends(onReturn: () => void): void {
    this.#onReturn = onReturn;
  }

  /** Nobody wanted to wait for the files that are only in it. */
  filesLeft(): void {
    if (this.#toldOfFiles) return;
    this.#toldOfFiles = true;
    const message = `What ${this.#options.agentType.name} has changed last is still on the engine, in its container. It is brought back when the board is opened the next time.`;
    this.notice(message);
    this.#tell({ severity: 'warning', message });
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
