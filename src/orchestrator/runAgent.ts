import type { AgentProcess } from '../agents/agentProcess.ts';
import type { AcpConnection } from '../acp/connection.ts';
import { AcpError } from '../acp/errors.ts';
import { LineMask } from '../acp/lineMask.ts';
import type { Session } from '../acp/session.ts';
import { StreamMask } from '../acp/streamMask.ts';
import { redactByForm } from '../acp/redact.ts';
import type { PermissionOutcome, PermissionRequest as AcpPermissionRequest } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import type { WireRecord } from '../store/wireRecord.ts';
import { acpFailure, exitFailure, messageFailure, silenceFailure, type ExitContext } from './agentFailure.ts';
import { ContainerStory } from './containerStory.ts';
import { chooseDefaults, connect, openConversation, type ConversationHost } from './conversation.ts';
import { LastWords } from './lastWords.ts';
import { changesSession, permissionFrom, recordSessionEvent } from './recordSession.ts';
import type { RunDependencies, RunSettings } from './runInterfaces.ts';
import type { RunRecord } from './runRecord.ts';
import type { RunWorkspace } from './runWorkspace.ts';
import type { TranscriptRecorder } from './transcriptRecorder.ts';

export interface RunAgentOptions {
  agentType: AgentType;
  settings: RunSettings;
  record: RunRecord;
  recorder: TranscriptRecorder;
  wire: WireRecord;
  workspace: RunWorkspace;
  deps: RunDependencies;
  /** Ends whatever is under way. */
  signal: AbortSignal;
}

/** The agent of one run: its process, the connection to it and its session, and what it asks of its user. */
export class RunAgent {
  readonly #agentType: AgentType;
  readonly #settings: RunSettings;
  readonly #record: RunRecord;
  readonly #recorder: TranscriptRecorder;
  readonly #wire: WireRecord;
  readonly #workspace: RunWorkspace;
  readonly #deps: RunDependencies;
  readonly #signal: AbortSignal;
  readonly #lines: LineMask;
  readonly #stderr: StreamMask;
  readonly #story: ContainerStory;
  #process: AgentProcess | null = null;
  #connection: AcpConnection | null = null;
  readonly #lastWords = new LastWords();
  #session: Session | null = null;
  #openRequests = 0;
  /** Beside the list that it began with. */
  readonly #allowed = new Set<string>();

  constructor({ agentType, settings, record, recorder, wire, workspace, deps, signal }: RunAgentOptions) {
    this.#agentType = agentType;
    this.#settings = settings;
    this.#record = record;
    this.#recorder = recorder;
    this.#wire = wire;
    this.#workspace = workspace;
    this.#deps = deps;
    this.#signal = signal;
    this.#lines = new LineMask(settings.secrets, (direction, line) => {
      deps.log.trace(record.run.taskId, direction, line);
      wire.append(direction, line);
    });
    this.#stderr = new StreamMask(settings.secrets);
    this.#story = new ContainerStory({ agentType, record, recorder, wire, events: deps.events });
  }

  /** Null before it is started. */
  get process(): AgentProcess | null {
    return this.#process;
  }

  /** Null before the conversation is open. */
  get session(): Session | null {
    return this.#session;
  }

  /** Its user has not answered all that it has asked. */
  get asks(): boolean {
    return this.#openRequests > 0;
  }

  /** Starts it and opens its conversation. Whether it knows what was said in the run before. */
  async launch(previous: Run | null): Promise<boolean> {
    const { agents, log } = this.#deps;
    const { folder, environment, shared, secrets } = this.#settings;
    const { taskId, id: runId } = this.#record.run;
    this.#record.note('PREPARING', { activity: 'Preparing the container' });
    this.#process = await agents.launch(
      {
        runId,
        taskId,
        agentType: this.#agentType,
        folder,
        prepare: (signal) => this.#workspace.prepare(this.#settings.place, signal),
        environment,
        shared,
        outlives: false,
      },
      {
        activity: (activity) => {
          this.#record.note(null, { activity });
        },
        log: (line) => {
          log.info(taskId, secrets.redact(line));
        },
        starting: () => {
          this.#record.note('STARTING', { activity: 'Starting the container' });
        },
        stderr: (chunk) => {
          this.#tellStderr(this.#stderr.push(chunk));
        },
        blocked: (entry) => {
          this.#story.blocked(entry);
        },
        notice: (text) => {
          this.#story.notice(text);
        },
      },
      this.#signal,
    );
    this.#story.started(this.#process);
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
      { root: this.#workspace.root ?? folder, environment, files, clientVersion },
      this.#host(),
    );
    this.#connection = connection;
    const limits = { timeoutMs: startTimeoutSeconds * 1000, signal: this.#signal };
    await this.orExit(connection.initialize(limits));
    const { session, remembers, notice } = await this.orExit(
      openConversation(
        connection,
        this.#agentType,
        { cwd: process.workingDirectory, mcpServers, environment },
        previous,
        limits,
      ),
    );
    this.#session = session;
    session.onEvent((event, turn) => {
      recordSessionEvent(this.#recorder, event, this.#agentType.quirks);
      // What follows from the end of a turn is not among its words.
      if (turn.open) this.#lastWords.note(event);
      if (changesSession(event)) this.sessionChanged();
    });
    if (notice !== null) this.#recorder.add({ kind: 'notice', text: notice });
    for (const { name } of session.leftOut.mcpServers) {
      const text = `${this.#agentType.name} cannot use the MCP server “${name}”, so it was not given it.`;
      this.#recorder.add({ kind: 'notice', text });
    }
    await this.orExit(chooseDefaults(session, this.#agentType, optionDefaults));
    this.#record.note('RUNNING', { sessionId: session.id, turns: 1, activity: 'Working' });
    this.sessionChanged();
    return remembers;
  }

  #host(): ConversationHost {
    const { log } = this.#deps;
    const { secrets } = this.#settings;
    const { taskId } = this.#record.run;
    return {
      requestPermission: (request, signal) => this.#askPermission(request, signal),
      ask: (question, signal) =>
        this.#waitForUser(() => this.#deps.questions.ask(this.#record.run, secrets.maskIn(question), signal)),
      trace: (direction, line) => {
        this.#lines.push(direction, line);
      },
      noise: (line) => {
        log.noise(taskId, secrets.redact(line));
      },
      problem: (error) => {
        log.error(taskId, secrets.redact(error.message));
      },
    };
  }

  #tellStderr(text: string): void {
    if (text === '') return;
    const redacted = redactByForm(text);
    this.#deps.log.stderr(this.#record.run.taskId, redacted);
    this.#wire.append('stderr', redacted);
  }

  /** To be called when it has ended a turn. */
  turnEnded(): Promise<void> {
    return this.#story.turnEnded();
  }

  /** Lets it reach a host from now on, where it has a list of them. */
  async allowHost(entry: string): Promise<void> {
    const { network } = this.#agentType.resources;
    if (typeof network === 'string') return;
    this.#allowed.add(entry);
    const hosts = [...network, ...this.#allowed];
    await this.#deps.agents.setHosts(this.#record.run.id, this.#settings.folder, hosts);
  }

  /** Other things can be chosen in it now. */
  sessionChanged(): void {
    const { taskId, id: runId } = this.#record.run;
    this.#deps.events.publish('session.changed', { taskId, runId });
  }

  async #askPermission(request: AcpPermissionRequest, signal: AbortSignal): Promise<PermissionOutcome> {
    // The agent's own ids go back to it as they were.
    const asked = this.#settings.secrets.maskIn(
      permissionFrom(request, this.#record.run, this.#agentType.quirks),
    );
    const answer = await this.#waitForUser(() => this.#deps.permissions.ask(asked, signal));
    const chosen = asked.options.findIndex(({ optionId }) => optionId === answer);
    const optionId = request.options[chosen]?.optionId;
    return optionId === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId };
  }

  /** Shows the run as waiting for its user for as long as `ask` takes. */
  async #waitForUser<T>(ask: () => Promise<T>): Promise<T> {
    this.#openRequests++;
    let answer: T;
    try {
      // What led to the question is told before it.
      await this.#recorder.flush();
      await this.#record.change('WAITING', {});
      answer = await ask();
    } finally {
      this.#openRequests--;
    }
    if (this.#openRequests === 0 && this.#record.run.state === 'WAITING')
      await this.#record.change('RUNNING', {});
    return answer;
  }

  /** What `work` gives, unless the agent's process ends first. */
  async orExit<T>(work: Promise<T>): Promise<T> {
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

  /** What to tell of an error in the conversation. */
  failureOf(error: unknown): Failure {
    return this.#settings.secrets.maskIn(this.#failureOf(error));
  }

  #failureOf(error: unknown): Failure {
    if (!(error instanceof AcpError)) {
      const failure = failureOf(error);
      const isHidden =
        failure.reason === 'folder-not-visible' && this.#settings.place.place.kind === 'folder';
      return isHidden
        ? { ...failure, action: { kind: 'workInCopy', taskId: this.#record.run.taskId } }
        : failure;
    }
    if (error.reason === 'timeout') {
      return silenceFailure(this.#settings.startTimeoutSeconds, this.#exitContext());
    }
    return this.#withoutSecrets(acpFailure(error, this.#exitContext()));
  }

  /** What went wrong in a turn that has ended as if all were well; null where nothing is known to have. */
  hiddenFailure(stopReason: string): Failure | null {
    const said = this.#lastWords.take();
    const pattern = this.#agentType.quirks?.errorMessage;
    if (stopReason !== 'end_turn' || pattern === undefined || !new RegExp(pattern).test(said)) return null;
    return this.#withoutSecrets(messageFailure(said, this.#exitContext()));
  }

  /** An error may repeat the key that was not taken. */
  #withoutSecrets({ message, detail, ...failure }: Failure): Failure {
    const { secrets } = this.#settings;
    return {
      ...failure,
      message: secrets.redact(message),
      ...(detail === undefined ? {} : { detail: secrets.redact(detail) }),
    };
  }

  #exitContext(): ExitContext {
    return {
      taskId: this.#record.run.taskId,
      agentType: this.#agentType,
      initialized: this.#session !== null,
      stderr: this.#settings.secrets.redact(this.#process?.stderrTail() ?? ''),
    };
  }

  /** Closes the connection and removes the container. Safe to call twice. */
  async release(): Promise<void> {
    this.#connection?.dispose();
    this.#lines.flush();
    this.#tellStderr(this.#stderr.flush());
    try {
      await this.#process?.dispose();
    } catch (error) {
      this.#deps.log.error(this.#record.run.taskId, failureOf(error).message);
    }
  }
}
