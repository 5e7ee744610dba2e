import type { AgentConnection, AgentProcess } from '../agents/agentProcess.ts';
import type { AcpConnection } from '../acp/connection.ts';
import { AcpError } from '../acp/errors.ts';
import type { Session } from '../acp/session.ts';
import type { ConnectionState, Hold } from '../acp/takeOver.ts';
import type { AgentCapabilities, PromptBlock, SessionEvent, TurnResult } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import type { Message } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { RunLink as StoredLink } from '../store/runLinks.ts';
import { AgentLines } from './agentLines.ts';
import {
  exitFailure,
  goneFailure,
  messageFailure,
  runFailure,
  withoutSecrets,
  type ExitContext,
} from './agentFailure.ts';
import { ContainerStory } from './containerStory.ts';
import {
  chooseDefaults,
  connect,
  leftOutOf,
  openConversation,
  type ConversationHost,
} from './conversation.ts';
import { heldFiles } from './heldFiles.ts';
import type { Departure } from './departure.ts';
import { LastWords } from './lastWords.ts';
import { promptBlocks } from './promptBlocks.ts';
import { changesSession, recordSessionEvent } from './recordSession.ts';
import type { RunAgentOptions, RunDependencies, RunSettings } from './runInterfaces.ts';
import { RunLink } from './runLink.ts';
import type { RunRecord } from './runRecord.ts';
import type { RunWorkspace } from './runWorkspace.ts';
import { entriesToGoOn, leftOffAt, snapshotOf } from './takeOver.ts';
import type { TranscriptRecorder } from './transcriptRecorder.ts';
import { AgentToolDesk } from './agentToolDesk.ts';
import { UserRequests } from './userRequests.ts';

/** The agent of one run: its process, the connection to it and its session. */
export class RunAgent {
  readonly #agentType: AgentType;
  readonly #settings: RunSettings;
  readonly #record: RunRecord;
  readonly #recorder: TranscriptRecorder;
  readonly #workspace: RunWorkspace;
  readonly #deps: RunDependencies;
  readonly #signal: AbortSignal;
  readonly #lines: AgentLines;
  readonly #story: ContainerStory;
  #process: AgentProcess | null = null;
  #connection: AcpConnection | null = null;
  readonly #lastWords = new LastWords();
  #session: Session | null = null;
  #link: RunLink | null = null;
  readonly #requests: UserRequests;
  readonly #tools: AgentToolDesk;
  /** Beside the list that it began with. */
  readonly #allowed = new Set<string>();

  constructor(options: RunAgentOptions) {
    const { agentType, settings, record, recorder, wire, workspace, deps, signal } = options;
    this.#requests = new UserRequests(options, () => this.#process?.sharesFiles ?? false);
    this.#tools = new AgentToolDesk(options, this.#requests);
    this.#agentType = agentType;
    this.#settings = settings;
    this.#record = record;
    this.#recorder = recorder;
    this.#workspace = workspace;
    this.#deps = deps;
    this.#signal = signal;
    this.#lines = new AgentLines(options);
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

  /** What of a prompt it takes beside text; nothing before it has said so. */
  get takes(): AgentCapabilities['prompt'] {
    return this.#connection?.capabilities.prompt ?? { image: false, audio: false, embeddedContext: false };
  }

  /** Its user has not answered all that it has asked. */
  get asks(): boolean {
    return this.#requests.areOpen;
  }

  /** What it says that it has done in its last turn; null where it has not said so by its tools. */
  get summary(): string | null {
    return this.#tools.summary;
  }

  /** Starts it and opens its conversation. Whether it knows what was said in the run before. */
  async launch(previous: Run | null): Promise<boolean> {
    const { agents, log } = this.#deps;
    const { folder, environment, shared, secrets, base } = this.#settings;
    const { taskId, id: runId } = this.#record.run;
    this.#record.note('PREPARING', { activity: 'Preparing the container' });
    for (const text of base.notices) this.#story.notice(text);
    this.#process = await agents.launch(
      {
        runId,
        taskId,
        agentType: this.#agentType,
        folder,
        prepare: (signal) => this.#workspace.prepare(this.#settings.place, signal),
        environment,
        shared,
        devcontainer: base.devcontainer,
        outlives: true,
      },
      {
        ...this.#story.told,
        log: (line) => {
          log.info(taskId, secrets.redact(line));
        },
        starting: () => {
          this.#record.note('STARTING', { activity: 'Starting the container' });
        },
        stderr: this.#lines.onStderr,
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

  /**
   * Goes on with it where another process has left off, as soon as the engine answers.
   * @returns the turn that is open, null when none is, or its prompt has not been sent yet
   * @throws UserError when it does not run any more
   */
  async takeOver(stored: StoredLink): Promise<{ turn: Promise<TurnResult> | null }> {
    const { run } = this.#record;
    const query = { runId: run.id, beforeSeq: null, limit: entriesToGoOn };
    const entries = await this.#deps.store.query('transcript', query);
    this.#recorder.continueFrom(entries);
    const found = await this.#deps.agents.takeOver(
      {
        runId: run.id,
        onStderr: this.#lines.onStderr,
        ...this.#story.told,
        toldUntil: entries.at(-1)?.at ?? run.createdAt,
      },
      leftOffAt(stored),
      this.#signal,
    );
    if (found === null || !('stdin' in found)) {
      throw new UserError(goneFailure(found, { ...this.#exitContext(), initialized: true }));
    }
    const kept = found.connection;
    if (kept === null) throw new Error('An agent that was taken over has no keeper.');
    this.#process = found;
    this.#story.goesOn(found);
    const link = this.#linkTo(kept);
    const connection = this.#connect(found, link.resume(stored));
    const { session, turn } = connection.continueSession(
      snapshotOf(run, stored, entries, kept.asked),
      this.#onEvent,
    );
    this.#session = session;
    this.#recorder.touch();
    this.sessionChanged();
    return { turn };
  }

  #linkTo(kept: AgentConnection): RunLink {
    const link = new RunLink(this.#record.run.id, this.#deps.store, kept, () => {
      this.#recorder.touch();
    });
    kept.onChange((isUp) => {
      const activity = isUp ? 'Connected to Docker again' : 'Connection to Docker lost, reconnecting';
      this.#record.note(null, { activity });
      this.#deps.log.info(this.#record.run.taskId, activity);
    });
    this.#link = link;
    this.#recorder.follow(link);
    this.#tools.serve(kept);
    return link;
  }

  #connect(process: AgentProcess, state: ConnectionState | null): AcpConnection {
    const { files, clientVersion } = this.#deps;
    const { environment } = this.#settings;
    const root = this.#workspace.root ?? this.#settings.folder;
    const connection = connect(
      process,
      this.#agentType,
      { root, environment, files, clientVersion, journal: this.#link, state },
      this.#host(),
    );
    this.#connection = connection;
    this.#link?.follow(connection);
    return connection;
  }

  readonly #onEvent = (event: SessionEvent, turn: { open: boolean }): void => {
    recordSessionEvent(this.#recorder, event, this.#agentType.quirks);
    // What follows from the end of a turn is not among its words.
    if (turn.open) this.#lastWords.note(event);
    if (changesSession(event)) this.sessionChanged();
  };

  async #openSession(process: AgentProcess, previous: Run | null): Promise<boolean> {
    const { environment, startTimeoutSeconds, mcpServers, optionDefaults } = this.#settings;
    if (process.connection) this.#linkTo(process.connection);
    const connection = this.#connect(process, null);
    const limits = { timeoutMs: startTimeoutSeconds * 1000, signal: this.#signal };
    await this.orExit(connection.initialize(limits));
    const { session, remembers, notice } = await this.orExit(
      openConversation(
        connection,
        this.#agentType,
        {
          cwd: process.workingDirectory,
          mcpServers: [...mcpServers, ...this.#tools.serversAt(process.connection)],
          environment,
        },
        previous,
        limits,
      ),
    );
    this.#session = session;
    session.onEvent(this.#onEvent);
    if (notice !== null) this.#recorder.add({ kind: 'notice', text: notice });
    for (const text of leftOutOf(session, this.#agentType)) this.#recorder.add({ kind: 'notice', text });
    await this.orExit(chooseDefaults(session, this.#agentType, optionDefaults));
    this.sessionChanged();
    return remembers;
  }

  /** Stores that it is about to be told this: whoever goes on with the run tells it, unless it was told. */
  async tell(message: Message, turns: number): Promise<void> {
    const session = this.#session;
    if (session === null) throw new Error('There is no conversation yet.');
    const patch = { sessionId: session.id, turns, activity: 'Working' };
    this.#tools.turnBegins();
    const { options, commands } = session.state;
    const text = this.#settings.secrets.mask(message.text);
    const link = this.#link?.tell({ ...message, text }, { options, commands });
    await this.#record.changeWith('RUNNING', patch, (change) =>
      this.#recorder.commit({ change, ...(link ? { link } : {}) }),
    );
    if (this.#requests.areOpen) this.#record.note('WAITING', {});
  }

  /** What it is sent for a message. What cannot be sent is told of in the transcript. */
  async blocksOf(message: Message): Promise<PromptBlock[]> {
    const { taskId, workspace } = this.#record.run;
    const { blocks, notices } = await promptBlocks(message, {
      place: workspace,
      workingDirectory: this.#process?.workingDirectory ?? '/',
      capabilities: this.takes,
      files: heldFiles(this.#deps.files, workspace?.root ?? this.#settings.folder),
      readPicture: (id) => this.#deps.pictures.read(taskId, id),
    });
    for (const text of notices) this.#recorder.add({ kind: 'notice', text });
    return blocks;
  }

  /** To be called when its turn has just ended: what it says later waits for the release. */
  hold(): Hold {
    this.#tools.turnEnded();
    return this.#connection?.hold() ?? { position: 0, release: () => undefined };
  }

  /** Stores that its turn has ended, with all it said before `position`. */
  async endTurn(stopReason: string, position: number): Promise<void> {
    await this.#recorder.flush();
    const link = this.#link?.endTurn(position);
    await this.#record.changeWith('READY', { stopReason }, (change) =>
      this.#recorder.commit({ change, ...(link ? { link } : {}) }),
    );
  }

  #host(): ConversationHost {
    const { log } = this.#deps;
    const { secrets } = this.#settings;
    const { taskId } = this.#record.run;
    return {
      requestPermission: (request, signal) => this.#requests.permission(request, signal),
      ask: (question, signal) => this.#requests.question(question, signal),
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
    if (this.#session) {
      const { options, commands } = this.#session.state;
      this.#link?.sessionChanged({ options, commands });
    }
    this.#deps.events.publish('session.changed', { taskId, runId });
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
    return this.#settings.secrets.maskIn(runFailure(error, this.#settings, this.#exitContext()));
  }

  /** What went wrong in a turn that has ended as if all were well; null where nothing is known to have. */
  hiddenFailure(stopReason: string): Failure | null {
    const said = this.#lastWords.take();
    const pattern = this.#agentType.quirks?.errorMessage;
    if (stopReason !== 'end_turn' || pattern === undefined || !new RegExp(pattern).test(said)) return null;
    return withoutSecrets(messageFailure(said, this.#exitContext()), this.#settings.secrets);
  }

  #exitContext(): ExitContext {
    return {
      taskId: this.#record.run.taskId,
      agentType: this.#agentType,
      initialized: this.#session !== null,
      stderr: this.#settings.secrets.redact(this.#process?.stderrTail() ?? ''),
    };
  }

  /** Leaves it at work, for another process to take over. */
  async detach(): Promise<void> {
    await this.#recorder.flush();
    this.#closeConnection();
    this.#process?.detach();
  }

  #closeConnection(): void {
    this.#connection?.dispose();
    this.#lines.flush();
  }

  /** Closes the connection and removes the container. Safe to call twice. */
  async release(departure: Departure): Promise<void> {
    this.#closeConnection();
    this.#story.ends(departure.begun);
    try {
      await this.#process?.dispose(departure.left);
    } catch (error) {
      if (departure.left.aborted) this.#story.filesLeft();
      else this.#deps.log.error(this.#record.run.taskId, failureOf(error).message);
    }
  }
}
