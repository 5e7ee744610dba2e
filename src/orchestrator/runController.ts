import type { AgentProcess } from '../agents/agentProcess.ts';
import type { AcpConnection } from '../acp/connection.ts';
import { AcpError } from '../acp/errors.ts';
import type { Session } from '../acp/session.ts';
import type { PermissionOutcome, PermissionRequest as AcpPermissionRequest } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import { WireRecord } from '../store/wireRecord.ts';
import { chooseDefaults, connect, openConversation, type ConversationHost } from './conversation.ts';
import { retell } from './resumption.ts';
import { acpFailure, exitFailure, silenceFailure, type ExitContext } from './agentFailure.ts';
import { changesSession, permissionFrom, recordSessionEvent } from './recordSession.ts';
import type { RunDependencies, RunListener, RunSession, RunSettings } from './runInterfaces.ts';
import { RunRecord } from './runRecord.ts';
import { TranscriptRecorder } from './transcriptRecorder.ts';
import { describeEnd, promptOf } from './turnText.ts';

/** How long a cancelled turn may take to end by itself before its container is stopped. */
const cancelGraceMs = 700;

/** Leads one run from its container's start to its end. */
export class RunController {
  readonly #deps: RunDependencies;
  readonly #settings: RunSettings;
  readonly #listener: RunListener;
  readonly #agentType: AgentType;
  readonly #recorder: TranscriptRecorder;
  readonly #wire: WireRecord;
  readonly #record: RunRecord;
  readonly #abort = new AbortController();
  #process: AgentProcess | null = null;
  #connection: AcpConnection | null = null;
  #session: Session | null = null;
  #turn: Promise<void> = Promise.resolve();
  #turnOpen = true;
  #turns = 0;
  #stopping = false;
  #openRequests = 0;
  #ending: Promise<void> | null = null;

  constructor(
    run: Run,
    agentType: AgentType,
    settings: RunSettings,
    listener: RunListener,
    deps: RunDependencies,
  ) {
    this.#record = new RunRecord(run, deps);
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
      redact: settings.maskValues,
      onError: (error) => {
        deps.log.error(run.taskId, `The transcript could not be stored: ${failureOf(error).message}`);
      },
    });
  }

  get run(): Run {
    return this.#record.run;
  }

  /** Starts the container and gives the agent its task. Whatever happens is told to the listener; it never rejects. */
  start(task: Task): Promise<void> {
    this.#turn = this.#guard(async () => {
      await this.#launch(null);
      await this.#takeTurn(promptOf(task));
    });
    return this.#turn;
  }

  /** As `start`, for a card that an earlier run has worked on: its conversation goes on with this message. */
  resume(task: Task, previous: Run, message: string): Promise<void> {
    this.#turn = this.#guard(async () => {
      const remembers = await this.#launch(previous);
      if (remembers) return this.#takeTurn(message);
      const query = { runId: previous.id, beforeSeq: null, limit: 1000 };
      const said = await this.#deps.store.query('transcript', query);
      await this.#takeTurn(message, retell(task, said, message));
    });
    return this.#turn;
  }

  /**
   * Gives an agent that has ended its turn another prompt in the same session.
   * @throws UserError `refused` while it still works on the last one
   */
  async prompt(text: string): Promise<Run> {
    if (this.#turnOpen || this.run.state !== 'READY') {
      throw new UserError({
        reason: 'refused',
        message: `${this.#agentType.name} is still at work. Send the message when it has finished, or stop it first.`,
        action: { kind: 'stop', taskId: this.run.taskId },
      });
    }
    this.#turnOpen = true;
    await this.#record.change('RUNNING', { turns: this.#turns + 1 });
    this.#turn = this.#guard(() => this.#takeTurn(text));
    return this.run;
  }

  /** What can be chosen in its conversation; null before there is one. */
  get session(): RunSession | null {
    const state = this.#session?.state;
    return state ? { options: state.options, commands: state.commands } : null;
  }

  /** @throws UserError when nothing can be chosen, or the agent refuses it */
  async setOption(optionId: string, value: string | boolean): Promise<void> {
    const session = this.#session;
    if (!session)
      throw new UserError({ reason: 'no-run', message: `${this.#agentType.name} is not ready yet.` });
    try {
      await session.setOption(optionId, value);
    } catch (error) {
      if (!(error instanceof AcpError)) throw error;
      throw new UserError({
        reason: 'agent-error',
        message: `${this.#agentType.name} did not take this choice: ${error.message}`,
      });
    }
    this.#deps.events.publish('session.changed', this.#about());
  }

  /** Ends the run and removes its container. A run whose work was done is completed, any other is stopped. */
  async stop(): Promise<void> {
    const working = this.run.state !== 'READY';
    this.#stopping = true;
    if (working) await this.#session?.cancel(cancelGraceMs).catch(() => undefined);
    this.#abort.abort();
    await this.#end(working ? 'STOPPED' : 'COMPLETED', null);
  }

  /** Whether the agent knows what was said in the run before. */
  async #launch(previous: Run | null): Promise<boolean> {
    const { agents, log } = this.#deps;
    const { redact } = this.#settings;
    const { taskId, id: runId } = this.run;
    this.#record.note('PREPARING', { activity: 'Preparing the container' });
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
          this.#record.note(null, { activity });
        },
        log: (line) => {
          log.info(taskId, redact(line));
        },
        starting: () => {
          this.#record.note('STARTING', { activity: 'Starting the container' });
        },
        stderr: (chunk) => {
          const redacted = redact(chunk);
          log.stderr(taskId, redacted);
          this.#wire.append('stderr', redacted);
        },
      },
      this.#abort.signal,
    );
    this.#record.note('STARTING', {
      containerId: this.#process.containerId,
      activity: 'Waiting for the agent',
    });
    return this.#openSession(this.#process, previous);
  }

  async #openSession(process: AgentProcess, previous: Run | null): Promise<boolean> {
    const { files, clientVersion } = this.#deps;
    const { folder, environment, startTimeoutSeconds, mcpServers, optionDefaults } = this.#settings;
    const connection = connect(
      process,
      this.#agentType,
      { folder, environment, files, clientVersion },
      this.#host(),
    );
    this.#connection = connection;
    const limits = { timeoutMs: startTimeoutSeconds * 1000, signal: this.#abort.signal };
    await this.#orExit(connection.initialize(limits));
    const { session, remembers, notice } = await this.#orExit(
      openConversation(
        connection,
        this.#agentType,
        { cwd: process.workingDirectory, mcpServers, environment },
        previous,
        limits,
      ),
    );
    this.#session = session;
    session.onEvent((event) => {
      recordSessionEvent(this.#recorder, event, this.#agentType.quirks);
      if (changesSession(event)) this.#deps.events.publish('session.changed', this.#about());
    });
    if (notice !== null) this.#recorder.add({ kind: 'notice', text: notice });
    for (const { name } of session.leftOut.mcpServers) {
      const text = `${this.#agentType.name} cannot use the MCP server “${name}”, so it was not given it.`;
      this.#recorder.add({ kind: 'notice', text });
    }
    await this.#orExit(chooseDefaults(session, this.#agentType, optionDefaults));
    this.#record.note('RUNNING', { sessionId: session.id, turns: 1, activity: 'Working' });
    this.#deps.events.publish('session.changed', this.#about());
    return remembers;
  }

  #host(): ConversationHost {
    const { log } = this.#deps;
    const { redact } = this.#settings;
    const { taskId } = this.run;
    return {
      requestPermission: (request, signal) => this.#askPermission(request, signal),
      ask: (question, signal) =>
        this.#waitForUser(() => this.#deps.questions.ask(this.run, question, signal)),
      trace: (direction, line) => {
        const redacted = redact(line);
        log.trace(taskId, direction, redacted);
        this.#wire.append(direction, redacted);
      },
      noise: (line) => {
        log.noise(taskId, redact(line));
      },
      problem: (error) => {
        log.error(taskId, redact(error.message));
      },
    };
  }

  #about(): { taskId: string; runId: string } {
    return { taskId: this.run.taskId, runId: this.run.id };
  }

  /** @param sent what the agent is given, where that is more than what its user has said */
  async #takeTurn(text: string, sent = text): Promise<void> {
    const session = this.#session;
    const process = this.#process;
    if (!session || !process) throw new Error('A turn needs a session.');
    this.#turns += 1;
    this.#recorder.beginTurn(this.#turns);
    this.#recorder.add({ kind: 'user', text });
    if (this.#openRequests > 0) this.#record.note('WAITING', {});
    const result = await this.#orExit(session.prompt([{ type: 'text', text: sent }]));
    // A turn that ended because it was cancelled is not for review.
    if (this.#stopping) return;
    await process.collectFiles(this.#abort.signal);
    if (!result.hadOutput) this.#noteSilentTurn(this.#settings.redact(process.stderrTail()));
    this.#recorder.add({ kind: 'turn_end', text: describeEnd(result.stopReason), data: result });
    await this.#recorder.flush();
    await this.#record.change('READY', { stopReason: result.stopReason });
    this.#turnOpen = false;
    void process.exited.then(() => (this.run.state === 'READY' ? this.#end('COMPLETED', null) : undefined));
    await this.#listener.turnEnded(this.run, result);
  }

  /** A turn without a word often hides an error that only stderr tells. */
  #noteSilentTurn(stderr: string): void {
    const said = stderr.trim();
    const text = `${this.#agentType.name} ended its turn without saying or doing anything.`;
    this.#recorder.add({ kind: 'notice', text: said === '' ? text : `${text} Its last output: ${said}` });
  }

  async #askPermission(request: AcpPermissionRequest, signal: AbortSignal): Promise<PermissionOutcome> {
    const optionId = await this.#waitForUser(() =>
      this.#deps.permissions.ask(permissionFrom(request, this.run), signal),
    );
    return optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId };
  }

  /** Shows the run as waiting for its user for as long as `ask` takes. */
  async #waitForUser<T>(ask: () => Promise<T>): Promise<T> {
    this.#openRequests++;
    // What led to the question is told before it.
    await this.#recorder.flush();
    await this.#record.change('WAITING', {});
    const answer = await ask();
    this.#openRequests--;
    if (this.#openRequests === 0 && this.run.state === 'WAITING') await this.#record.change('RUNNING', {});
    return answer;
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
        action: { kind: 'retry', taskId: this.run.taskId } as const,
        ...this.#failureOf(error),
      };
      if (failure.reason === 'internal') this.#deps.log.error(this.run.taskId, failure.detail ?? '');
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
      taskId: this.run.taskId,
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
    await this.#record.change(state, { failure, containerId: null });
    if (failure) await this.#listener.failed(this.run, failure);
    else await this.#listener.ended(this.run);
  }

  async #release(): Promise<void> {
    this.#connection?.dispose();
    try {
      await this.#process?.dispose();
    } catch (error) {
      this.#deps.log.error(this.run.taskId, failureOf(error).message);
    }
  }
}
