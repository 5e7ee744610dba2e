import type { AgentManager } from '../agents/agentManager.ts';
import type { AgentProcess } from '../agents/agentProcess.ts';
import { openConnection, type AcpConnection } from '../acp/connection.ts';
import { AcpError } from '../acp/errors.ts';
import type { Session } from '../acp/session.ts';
import type {
  PermissionOutcome,
  PermissionRequest as AcpPermissionRequest,
  TurnResult,
} from '../acp/types.ts';
import type { EventBus } from '../events/eventBus.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import { isLive, type Run, type RunState } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { RunPatch } from '../store/runWrites.ts';
import type { Store } from '../store/store.ts';
import { WireRecord } from '../store/wireRecord.ts';
import { acpFailure, exitFailure, silenceFailure, type ExitContext } from './agentFailure.ts';
import type { PermissionDesk } from './permissionDesk.ts';
import { permissionFrom, recordSessionEvent } from './recordSession.ts';
import type { RunLog } from '../model/runLog.ts';
import { eventFor } from './runEvents.ts';
import { TranscriptRecorder } from './transcriptRecorder.ts';
import { describeEnd, promptOf } from './turnText.ts';

/** How long a cancelled turn may take to end by itself before its container is stopped. */
const cancelGraceMs = 700;

/** What is needed of the Agent Manager. */
export type Agents = Pick<AgentManager, 'launch' | 'checkEngine' | 'removeLeftovers'>;

export interface RunDependencies {
  store: Store;
  events: EventBus;
  agents: Agents;
  permissions: PermissionDesk;
  log: RunLog;
  clientVersion: string;
  /** Where the exact record of each run goes. */
  wireFolder: string;
}

export interface RunSettings {
  folder: string;
  /** How long the agent may take from its start to its first answer. */
  startTimeoutSeconds: number;
  environment: Readonly<Record<string, string>>;
  /** Takes the secrets out of a line before it is logged. */
  redact: (text: string) => string;
}

/** What the orchestrator is told, so that the card follows. Exactly one of `failed` and `ended` comes, last. */
export interface RunListener {
  turnEnded(run: Run, result: TurnResult): Promise<void>;
  failed(run: Run, failure: Failure): Promise<void>;
  /** Stopped by somebody, or its container ended after its work was done. */
  ended(run: Run): Promise<void>;
}

/** Leads one run from its container's start to its end. */
export class RunController {
  readonly #deps: RunDependencies;
  readonly #settings: RunSettings;
  readonly #listener: RunListener;
  readonly #agentType: AgentType;
  readonly #recorder: TranscriptRecorder;
  readonly #wire: WireRecord;
  readonly #abort = new AbortController();
  #run: Run;
  #process: AgentProcess | null = null;
  #connection: AcpConnection | null = null;
  #session: Session | null = null;
  #turn: Promise<void> = Promise.resolve();
  #turnOpen = true;
  #turns = 0;
  #stopping = false;
  #openRequests = 0;
  #changes: Promise<void> = Promise.resolve();
  #ending: Promise<void> | null = null;

  constructor(
    run: Run,
    agentType: AgentType,
    settings: RunSettings,
    listener: RunListener,
    deps: RunDependencies,
  ) {
    this.#run = run;
    this.#agentType = agentType;
    this.#settings = settings;
    this.#listener = listener;
    this.#deps = deps;
    this.#wire = new WireRecord({
      folder: deps.wireFolder,
      runId: run.id,
      onError: (error) => {
        deps.log.error(run.taskId, `The record of the run cannot be written: ${String(error)}`);
      },
    });
    this.#recorder = new TranscriptRecorder(run, {
      store: deps.store,
      events: deps.events,
      onError: (error) => {
        deps.log.error(run.taskId, `The transcript could not be stored: ${failureOf(error).message}`);
      },
    });
  }

  get run(): Run {
    return this.#run;
  }

  /** Starts the container and gives the agent its task. Whatever happens is told to the listener; it never rejects. */
  start(task: Task): Promise<void> {
    this.#turn = this.#guard(async () => {
      await this.#launch();
      await this.#takeTurn(promptOf(task));
    });
    return this.#turn;
  }

  /**
   * Gives an agent that has ended its turn another prompt in the same session.
   * @throws UserError `refused` while it still works on the last one
   */
  async prompt(text: string): Promise<Run> {
    if (this.#turnOpen || this.#run.state !== 'READY') {
      throw new UserError({
        reason: 'refused',
        message: `${this.#agentType.name} is still at work. Send the message when it has finished, or stop it first.`,
        action: { kind: 'stop', taskId: this.#run.taskId },
      });
    }
    this.#turnOpen = true;
    await this.#to('RUNNING', { turns: this.#turns + 1 });
    this.#turn = this.#guard(() => this.#takeTurn(text));
    return this.#run;
  }

  /** Ends the run and removes its container. A run whose work was done is completed, any other is stopped. */
  async stop(): Promise<void> {
    const working = this.#run.state !== 'READY';
    this.#stopping = true;
    if (working && this.#session) await this.#cancelTurn(this.#session);
    this.#abort.abort();
    await this.#end(working ? 'STOPPED' : 'COMPLETED', null);
  }

  async #launch(): Promise<void> {
    const { agents, log } = this.#deps;
    const { redact } = this.#settings;
    const { taskId, id: runId } = this.#run;
    this.#note('PREPARING', { activity: 'Preparing the container' });
    this.#process = await agents.launch(
      {
        runId,
        taskId,
        agentType: this.#agentType,
        folder: this.#settings.folder,
        environment: this.#settings.environment,
      },
      {
        activity: (activity) => {
          this.#note(null, { activity });
        },
        log: (line) => {
          log.info(taskId, redact(line));
        },
        starting: () => {
          this.#note('STARTING', { activity: 'Starting the container' });
        },
        stderr: (chunk) => {
          const redacted = redact(chunk);
          log.stderr(taskId, redacted);
          this.#wire.append('stderr', redacted);
        },
      },
      this.#abort.signal,
    );
    this.#note('STARTING', { containerId: this.#process.containerId, activity: 'Waiting for the agent' });
    await this.#openSession(this.#process);
  }

  async #openSession(process: AgentProcess): Promise<void> {
    const { log, clientVersion } = this.#deps;
    const { redact } = this.#settings;
    const { taskId } = this.#run;
    const connection = openConnection({
      stdin: process.stdin,
      stdout: process.stdout,
      clientInfo: { name: 'kandev-vscode', title: 'Kandev for VS Code', version: clientVersion },
      dialect: this.#agentType.dialect,
      handlers: { requestPermission: (request, signal) => this.#askPermission(request, signal) },
      onTrace: (direction, line) => {
        const redacted = redact(line);
        log.trace(taskId, direction, redacted);
        this.#wire.append(direction, redacted);
      },
      onNoise: (line) => {
        log.noise(taskId, redact(line));
      },
      onError: (error) => {
        log.error(taskId, redact(error.message));
      },
    });
    this.#connection = connection;
    const limits = { timeoutMs: this.#settings.startTimeoutSeconds * 1000, signal: this.#abort.signal };
    await this.#orExit(connection.initialize(limits));
    this.#session = await this.#orExit(
      connection.newSession({ cwd: process.workingDirectory, mcpServers: [] }, limits),
    );
    this.#session.onEvent((event) => {
      recordSessionEvent(this.#recorder, event);
    });
    await this.#chooseFirstMode(this.#session);
    this.#note('RUNNING', { sessionId: this.#session.id, turns: 1, activity: 'Working' });
  }

  /** Some agents begin in a mode where they decide by themselves what the user should be asked. */
  async #chooseFirstMode(session: Session): Promise<void> {
    const { firstMode } = this.#agentType;
    const mode = session.state.option('mode');
    if (firstMode === null || mode?.currentValue === firstMode) return;
    if (mode?.choices.some(({ id }) => id === firstMode)) {
      await this.#orExit(session.setOption(mode.id, firstMode));
    }
  }

  async #takeTurn(text: string): Promise<void> {
    const session = this.#session;
    const process = this.#process;
    if (!session || !process) throw new Error('A turn needs a session.');
    this.#turns += 1;
    this.#recorder.beginTurn(this.#turns);
    this.#recorder.add({ kind: 'user', text });
    if (this.#openRequests > 0) this.#note('WAITING', {});
    const result = await this.#orExit(session.prompt([{ type: 'text', text }]));
    // A turn that ended because it was cancelled is not for review.
    if (this.#stopping) return;
    if (!result.hadOutput) this.#noteSilentTurn(this.#settings.redact(process.stderrTail()));
    this.#recorder.add({ kind: 'turn_end', text: describeEnd(result.stopReason), data: result });
    await this.#recorder.flush();
    await this.#to('READY', { stopReason: result.stopReason });
    this.#turnOpen = false;
    void process.exited.then(() => (this.#run.state === 'READY' ? this.#end('COMPLETED', null) : undefined));
    await this.#listener.turnEnded(this.#run, result);
  }

  /** A turn without a word often hides an error that only stderr tells. */
  #noteSilentTurn(stderr: string): void {
    const said = stderr.trim();
    const text = `${this.#agentType.name} ended its turn without saying or doing anything.`;
    this.#recorder.add({ kind: 'notice', text: said === '' ? text : `${text} Its last output: ${said}` });
  }

  async #askPermission(request: AcpPermissionRequest, signal: AbortSignal): Promise<PermissionOutcome> {
    this.#openRequests++;
    // What led to the question is told before it.
    await this.#recorder.flush();
    await this.#to('WAITING', {});
    const optionId = await this.#deps.permissions.ask(permissionFrom(request, this.#run), signal);
    this.#openRequests--;
    if (this.#openRequests === 0 && this.#run.state === 'WAITING') await this.#to('RUNNING', {});
    return optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId };
  }

  /** Asks the agent to end its turn, and waits a moment for it to do so. */
  async #cancelTurn(session: Session): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, cancelGraceMs);
    });
    await Promise.race([session.cancel().catch(() => undefined), grace]);
    clearTimeout(timer);
  }

  /** What `work` gives, unless the agent's process ends first. */
  async #orExit<T>(work: Promise<T>): Promise<T> {
    const process = this.#process;
    if (!process) return work;
    const closed = process.exited.then(async (exit) => {
      // What it said last is still on its way through the connection.
      await this.#connection?.closed;
      throw new UserError(exitFailure(exit, this.#exitContext()));
    });
    closed.catch(() => undefined);
    try {
      return await Promise.race([work, closed]);
    } catch (error) {
      // A closed connection is how a dying process shows itself first.
      if (error instanceof AcpError && error.reason === 'closed') return await closed;
      throw error;
    }
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      // Whatever has no better remedy can be tried again.
      const failure = {
        action: { kind: 'retry', taskId: this.#run.taskId } as const,
        ...this.#failureOf(error),
      };
      if (failure.reason === 'internal') this.#deps.log.error(this.#run.taskId, failure.detail ?? '');
      await this.#end('FAILED', failure);
    }
  }

  #failureOf(error: unknown): Failure {
    if (!(error instanceof AcpError)) return failureOf(error);
    if (error.reason === 'timeout') {
      return silenceFailure(this.#settings.startTimeoutSeconds, this.#exitContext());
    }
    return acpFailure(error, this.#exitContext());
  }

  #exitContext(): ExitContext {
    return {
      taskId: this.#run.taskId,
      agentType: this.#agentType,
      initialized: this.#session !== null,
      stderr: this.#settings.redact(this.#process?.stderrTail() ?? ''),
    };
  }

  /** The one way out: everything is closed, then the state is final, then the listener hears of it. Runs once. */
  #end(state: 'COMPLETED' | 'FAILED' | 'STOPPED', failure: Failure | null): Promise<void> {
    this.#ending ??= this.#close(state, failure);
    return this.#ending;
  }

  async #close(state: 'COMPLETED' | 'FAILED' | 'STOPPED', failure: Failure | null): Promise<void> {
    this.#abort.abort();
    await this.#release();
    if (state !== 'FAILED') {
      // A launch that was under way cleans up after itself; what it still handed over is released here.
      await this.#turn;
      await this.#release();
    }
    await this.#recorder.flush();
    await this.#wire.close();
    await this.#to(state, { failure, containerId: null });
    if (failure) await this.#listener.failed(this.#run, failure);
    else await this.#listener.ended(this.#run);
  }

  async #release(): Promise<void> {
    this.#connection?.dispose();
    try {
      await this.#process?.dispose();
    } catch (error) {
      this.#deps.log.error(this.#run.taskId, failureOf(error).message);
    }
  }

  /**
   * Stores a change of the run and tells of it; `to` null changes only the details. Changes are made in the order of
   * the calls, so that nobody has to wait for one before the next.
   */
  #to(to: RunState | null, patch: RunPatch): Promise<void> {
    const change = this.#changes.then(() => this.#change(to, patch));
    this.#changes = change.catch(() => undefined);
    return change;
  }

  async #change(to: RunState | null, patch: RunPatch): Promise<void> {
    const before = this.#run.state;
    if (!isLive(before)) return;
    const run = await this.#deps.store.write('run.update', {
      runId: this.#run.id,
      to,
      patch,
      at: Date.now(),
    });
    this.#run = run;
    this.#deps.events.publish(eventFor(before, run.state), { run });
  }

  /** As `#to`, for what need not be on the disk before the next step is taken. */
  #note(to: RunState | null, patch: RunPatch): void {
    this.#to(to, patch).catch((error: unknown) => {
      this.#deps.log.error(this.#run.taskId, failureOf(error).message);
    });
  }
}
