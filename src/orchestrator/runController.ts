import { AcpError } from '../acp/errors.ts';
import type { TurnResult } from '../acp/types.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import { withAction } from '../model/failureTable.ts';
import type { Message } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { RunLink as StoredLink } from '../store/runLinks.ts';
import { WireRecord } from '../store/wireRecord.ts';
import { Departure } from './departure.ts';
import { retell } from './resumption.ts';
import { RunAgent } from './runAgent.ts';
import type { RunDependencies, RunListener, RunSession, RunSettings } from './runInterfaces.ts';
import { RunRecord } from './runRecord.ts';
import { RunWorkspace } from './runWorkspace.ts';
import { TranscriptRecorder } from './transcriptRecorder.ts';
import { describeEnd, promptOf } from './turnText.ts';

/** How long a cancelled turn may take to end by itself before its container is stopped. */
const cancelGraceMs = 700;
/** The same where the container is to be kept. */
const interruptGraceMs = 15_000;

/** How long an agent that is nudged may take to end its turn. */
const nudgeGraceMs = 5_000;

/** Leads one run from its container's start to its end. */
export class RunController {
  readonly #deps: RunDependencies;
  readonly #settings: RunSettings;
  readonly #listener: RunListener;
  readonly #agentType: AgentType;
  readonly #recorder: TranscriptRecorder;
  readonly #wire: WireRecord;
  readonly #record: RunRecord;
  readonly #workspace: RunWorkspace;
  readonly #agent: RunAgent;
  readonly #abort = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #turnOpen = true;
  /** Of an agent whose turn was over. */
  #takeover: Promise<void> | null = null;
  #turns = 0;
  #stopping = false;
  /** What the agent is to go on with when the turn that was cancelled is over. */
  #nudge: string | null = null;
  #isDetached = false;
  readonly #departure = new Departure();
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
      secrets: settings.secrets,
      onError: (error) => {
        deps.log.error(run.taskId, `The transcript could not be stored: ${failureOf(error).message}`);
      },
    });
    this.#workspace = new RunWorkspace(deps, this.#record, this.#recorder);
    this.#agent = new RunAgent({
      agentType,
      settings,
      record: this.#record,
      recorder: this.#recorder,
      wire: this.#wire,
      workspace: this.#workspace,
      deps,
      signal: this.#abort.signal,
    });
  }

  get run(): Run {
    return this.#record.run;
  }

  /** Starts the container and gives the agent its task. Whatever happens is told to the listener; it never rejects. */
  start(task: Task): Promise<void> {
    this.#turn = this.#guard(async () => {
      await this.#agent.launch(null);
      await this.#takeTurn({ text: promptOf(task), pictures: [] });
    });
    return this.#turn;
  }

  /** As `start`, for a card that an earlier run has worked on: its conversation goes on with this message. */
  resume(task: Task, previous: Run, message: Message): Promise<void> {
    this.#turn = this.#guard(async () => {
      const remembers = await this.#agent.launch(previous);
      if (remembers) return this.#takeTurn(message);
      const query = { runId: previous.id, beforeSeq: null, limit: 1000 };
      const said = await this.#deps.store.query('transcript', query);
      await this.#takeTurn(message, retell(task, said, message.text));
    });
    return this.#turn;
  }

  /**
   * Gives an agent that has ended its turn another prompt in the same session.
   * @throws UserError `refused` while it still works on the last one
   */
  async prompt(message: Message): Promise<Run> {
    if (this.#turnOpen || this.#stopping || this.run.state !== 'READY') {
      throw new UserError({
        reason: 'refused',
        message: `${this.#agentType.name} is still at work. Send the message when it has finished, or stop it first.`,
        action: { kind: 'stop', taskId: this.run.taskId },
      });
    }
    this.#turnOpen = true;
    const isTold = Promise.withResolvers<undefined>();
    this.#turn = this.#guard(() =>
      this.#takeTurn(message, message.text, isTold.resolve.bind(null, undefined)),
    );
    // A run that has ended meanwhile tells of it itself.
    await Promise.race([isTold.promise, this.#turn]);
    return this.run;
  }

  /** What can be chosen in its conversation; null before there is one. */
  get session(): RunSession | null {
    const state = this.#agent.session?.state;
    if (!state) return null;
    const { image, embeddedContext } = this.#agent.takes;
    return { options: state.options, commands: state.commands, takes: { image, embeddedContext } };
  }

  /** @throws UserError when nothing can be chosen, or the agent refuses it */
  async setOption(optionId: string, value: string | boolean): Promise<void> {
    const { session } = this.#agent;
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
    this.#agent.sessionChanged();
  }

  /** Cuts the turn short; the agent then waits for another prompt. One that does not listen fails the run. */
  async interrupt(): Promise<void> {
    await this.#agent.session?.cancel(interruptGraceMs);
  }

  /** Lets the agent reach a host from now on. */
  allowHost(entry: string): Promise<void> {
    return this.#agent.allowHost(entry);
  }

  /** Takes a host from those that were refused. */
  forgetBlocked(entry: string): Promise<void> {
    return this.#record.change(null, { blocked: this.run.blocked.filter((each) => each !== entry) });
  }

  /**
   * Cancels the agent's turn and has it go on with another prompt in the same session; false when it has not ended the
   * turn in time, and works on.
   */
  async nudge(text: string): Promise<boolean> {
    const { session } = this.#agent;
    if (!session || this.run.state === 'READY') return false;
    this.#nudge = text;
    const ended = await session.cancel(nudgeGraceMs);
    if (!ended) this.#nudge = null;
    return ended;
  }

  /** As `stop`, for a run that is not to go on; what it has done is kept. */
  async giveUp(failure: Failure): Promise<void> {
    this.#stopping = true;
    await this.#agent.session?.cancel(cancelGraceMs).catch(() => undefined);
    await this.#fail(failure);
  }

  /** Ends the run and removes its container. A run whose work was done is completed, any other is stopped. */
  async stop(): Promise<void> {
    if (this.#stopping && this.#ending) {
      // Once more, while its files are on their way.
      this.#departure.leave();
      return this.#ending;
    }
    const working = this.run.state !== 'READY';
    this.#stopping = true;
    if (working) await this.#agent.session?.cancel(cancelGraceMs).catch(() => undefined);
    this.#abort.abort();
    await this.#end(working ? 'STOPPED' : 'COMPLETED', null);
  }

  /** As `stop`, but waits no longer than a moment for files that are on their way back from the engine. */
  async stopSoon(): Promise<void> {
    await Promise.race([this.stop(), this.#departure.isLong]);
  }

  /**
   * Goes on with an agent that another process has left at work. Whatever happens is told to the listener; it never
   * rejects.
   */
  takeOver(link: StoredLink): Promise<void> {
    const { state, turns } = this.run;
    this.#turns = turns;
    this.#turnOpen = state !== 'READY';
    this.#workspace.continueFrom(this.run);
    if (this.#turnOpen) {
      this.#turn = this.#guard(() => this.#goOnWithTurn(link));
      return this.#turn;
    }
    this.#takeover = this.#agent.takeOver(link).then(
      () => {
        this.#awaitExit();
      },
      // Its work was done.
      () => (this.#isDetached ? undefined : void this.#end('COMPLETED', null)),
    );
    this.#turn = this.#takeover;
    return this.#turn;
  }

  /** Settles when an agent whose work is done has been taken over, or its run has ended for want of it. */
  async takenOver(): Promise<void> {
    // Not any later turn: whoever asks may be what that waits for.
    if (!this.#takeover) return;
    await this.#takeover;
    await this.#ending;
  }

  async #goOnWithTurn(link: StoredLink): Promise<void> {
    const { turn } = await this.#agent.takeOver(link);
    if (this.run.state === 'WAITING' && !this.#agent.asks) await this.#record.change('RUNNING', {});
    if (turn !== null) await this.#finishTurn(await this.#agent.orExit(turn));
    else if (link.prompt !== null) await this.#sendPrompt({ pictures: [], ...link.prompt });
    else throw new Error('A turn is open without a prompt.');
  }

  /** Has the agent stand still while something is done with the files that it could write. */
  whileStill<T>(work: () => Promise<T>): Promise<T> {
    return this.#agent.process?.whileStill?.(work) ?? work();
  }

  /** Leaves the agent at work, for another process to take over: within a second. */
  async detach(): Promise<void> {
    // There is nothing to leave of one that is just ending.
    if (this.#ending) return this.#ending;
    this.#isDetached = true;
    this.#abort.abort();
    await this.#agent.detach();
    await this.#wire.close();
  }

  /**
   * @param sent what the agent is given, where that is more than what its user has said
   * @param onTold called when it is stored that the agent works on it
   */
  async #takeTurn(
    { text, pictures }: Message,
    sent = text,
    onTold: () => void = () => undefined,
  ): Promise<void> {
    this.#turns += 1;
    this.#recorder.beginTurn(this.#turns);
    await this.#workspace.beginTurn(this.#abort.signal);
    this.#recorder.add({ kind: 'user', text, ...(pictures.length > 0 ? { data: { pictures } } : {}) });
    await this.#agent.tell({ text: sent, pictures }, this.#turns);
    onTold();
    await this.#sendPrompt({ text: sent, pictures });
  }

  async #sendPrompt(message: Message): Promise<void> {
    const { session } = this.#agent;
    if (!session) throw new Error('A turn needs a session.');
    const blocks = await this.#agent.blocksOf(message);
    await this.#finishTurn(await this.#agent.orExit(session.prompt(blocks)));
  }

  async #finishTurn(said: TurnResult): Promise<void> {
    const result = this.#settings.secrets.maskIn(said);
    // A turn that ended because it was cancelled is not for review.
    if (this.#stopping) return;
    if (this.#nudge !== null) return this.#goOn(this.#nudge, result);
    const hold = this.#agent.hold();
    try {
      await this.#closeTurn(result, hold.position);
    } finally {
      hold.release();
    }
    this.#turnOpen = false;
    this.#awaitExit();
    await this.#listener.turnEnded(this.run, result, this.#agent.summary);
  }

  async #closeTurn(result: TurnResult, position: number): Promise<void> {
    const { process } = this.#agent;
    if (!process) throw new Error('A turn needs an agent.');
    for (const text of await process.collectFiles(this.#abort.signal)) {
      this.#recorder.add({ kind: 'notice', text: `Not brought back from the engine: ${text}` });
    }
    const hidden = this.#agent.hiddenFailure(result.stopReason);
    if (hidden) throw new UserError(hidden);
    await this.#agent.turnEnded();
    if (!result.hadOutput) this.#noteSilentTurn(this.#settings.secrets.redact(process.stderrTail()));
    this.#recorder.add({ kind: 'turn_end', text: describeEnd(result.stopReason), data: result });
    await this.whileStill(() => this.#workspace.finish(this.#abort.signal));
    await this.#agent.endTurn(result.stopReason, position);
  }

  /** An agent whose work is done may end by itself. */
  #awaitExit(): void {
    void this.#agent.process?.exited.then(() =>
      this.run.state === 'READY' && !this.#isDetached ? this.#end('COMPLETED', null) : undefined,
    );
  }

  async #goOn(text: string, result: TurnResult): Promise<void> {
    this.#nudge = null;
    this.#recorder.add({ kind: 'turn_end', text: describeEnd(result.stopReason), data: result });
    return this.#takeTurn({ text, pictures: [] });
  }

  /** A turn without a word often hides an error that only stderr tells. */
  #noteSilentTurn(stderr: string): void {
    const said = stderr.trim();
    const text = `${this.#agentType.name} ended its turn without saying or doing anything.`;
    this.#recorder.add({ kind: 'notice', text: said === '' ? text : `${text} Its last output: ${said}` });
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const failure = this.#agent.failureOf(error);
      if (failure.reason === 'internal') this.#deps.log.error(this.run.taskId, failure.detail ?? '');
      await this.#fail(failure);
    }
  }

  #fail(failure: Failure): Promise<void> {
    const { taskId } = this.run;
    return this.#end('FAILED', withAction(failure, { taskId, agentTypeId: this.#agentType.id }));
  }

  /** The one way out: everything is closed, then the state is final, then the listener hears of it. Runs once. */
  #end(state: 'COMPLETED' | 'FAILED' | 'STOPPED', failure: Failure | null): Promise<void> {
    this.#ending ??= this.#close(state, failure);
    return this.#ending;
  }

  async #close(state: 'COMPLETED' | 'FAILED' | 'STOPPED', failure: Failure | null): Promise<void> {
    this.#abort.abort();
    await this.#agent.release(this.#departure);
    if (state !== 'FAILED') {
      // A launch that was under way cleans up after itself; what it still handed over is released here.
      await this.#turn;
      await this.#agent.release(this.#departure);
    }
    // Nobody writes there any more: what it has done up to its end is kept too.
    await this.#workspace.finish();
    await this.#recorder.flush();
    await this.#wire.close();
    await this.#deps.permissions.closeOf(this.run.id);
    await this.#record.change(state, { failure, containerId: null });
    try {
      if (failure) await this.#listener.failed(this.run, failure);
      else await this.#listener.ended(this.run);
    } catch (error) {
      // The board was closed meanwhile: its card follows when it is opened again.
      this.#deps.log.error(this.run.taskId, failureOf(error).message);
    }
  }
}
