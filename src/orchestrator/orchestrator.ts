import type { McpServer } from '../acp/types.ts';
import { createRedactor, maskValues } from '../acp/redact.ts';
import type { AgentType } from '../model/agentType.ts';
import type { EngineStatus } from '../model/engine.ts';
import { UserError, type Failure } from '../model/failure.ts';
import { isBusy, type Run } from '../model/run.ts';
import type { HostSettings } from '../model/settings.ts';
import type { Task, TaskState } from '../model/task.ts';
import { refuseTransition } from '../model/taskState.ts';
import type { TaskService } from '../tasks/taskService.ts';
import { variablesOf, withVariables } from './mcpServers.ts';
import { describeQueue, freePlaces, orderQueue, type QueuePlace } from './queue.ts';
import { agentTypeOf, alreadyAtWork, noFolder, noRun, nothingToGoOnWith, runInTheWay } from './refusals.ts';
import { RunController } from './runController.ts';
import type { RunDependencies, RunListener, RunSession } from './runInterfaces.ts';
import { newRun } from './runRecord.ts';

/** While cards wait for an engine that does not answer, it is asked again this often. */
const engineRetryMs = 10_000;

export interface OrchestratorDependencies extends RunDependencies {
  tasks: TaskService;
  settings: HostSettings;
  agentTypes: () => readonly AgentType[];
  /** Those of the settings, with the names of variables in them. */
  mcpServers: () => readonly McpServer[];
}

export interface MoveRequest {
  taskId: string;
  to: TaskState;
  beforeTaskId: string | null;
  stopRun: boolean;
  why?: string;
}

/** Decides which card is worked on when, and lets the card follow what becomes of its run. */
export class Orchestrator implements RunListener {
  readonly #deps: OrchestratorDependencies;
  /** The live run of each card. */
  readonly #live = new Map<string, RunController>();
  readonly #idleTimers = new Map<string, NodeJS.Timeout>();
  #queue: QueuePlace[] = [];
  #admission: Promise<void> | null = null;
  #admitAgain = false;
  #engineTimer: NodeJS.Timeout | null = null;
  #engineFailure: Failure | null = null;
  #disposed = false;
  /** Why all runs are being ended, while they are. */
  #endedBecause: string | null = null;

  constructor(deps: OrchestratorDependencies) {
    this.#deps = deps;
    for (const pattern of ['task.created', 'task.updated', 'task.state_changed', 'task.deleted']) {
      deps.events.subscribe(pattern, () => void this.admit());
    }
  }

  /** Sets right what an end of VS Code in mid-work left behind: a card is never shown running when nothing runs. */
  async recover(): Promise<void> {
    const { store, permissions, tasks } = this.#deps;
    await permissions.closeAll('kandev');
    for (const run of await store.query('liveRuns', {})) {
      const done = run.state === 'READY';
      await store.write('run.update', {
        runId: run.id,
        to: done ? 'COMPLETED' : 'STOPPED',
        patch: { containerId: null },
        at: Date.now(),
      });
      const task = await tasks.get(run.taskId);
      if (done || task.state !== 'IN_PROGRESS') continue;
      const why = 'VS Code was closed while the agent was at work.';
      await tasks.changeState(task.id, { to: 'TODO', actor: 'kandev', why, heldBecause: why });
    }
    void this.#deps.agents
      .removeLeftovers((runId) => [...this.#live.values()].some(({ run }) => run.id === runId))
      .catch(() => undefined);
    await this.admit();
  }

  /** The queued cards in their order, as last computed. */
  get queue(): readonly QueuePlace[] {
    return this.#queue;
  }

  /**
   * Queues a card, from whatever state it is in, and starts it as soon as there is room.
   * @throws UserError when it cannot be started at all; a card that only waits for the engine stays queued
   */
  async start(taskId: string, actor: string): Promise<Task> {
    const { tasks, settings } = this.#deps;
    const task = await tasks.get(taskId);
    const live = this.#live.get(taskId);
    if (live && isBusy(live.run.state)) throw alreadyAtWork(task);
    if (settings.folder() === null) throw noFolder();
    agentTypeOf(task, this.#deps.agentTypes());
    await this.#endIdle(taskId);
    if (task.state === 'TODO') await tasks.update(taskId, { heldBecause: null });
    else await tasks.changeState(taskId, { to: 'TODO', actor, why: 'Started' });
    await this.admit();
    if (this.#engineFailure && this.#queue.some((place) => place.taskId === taskId)) {
      const { message, ...rest } = this.#engineFailure;
      throw new UserError({
        ...rest,
        message: `${message} “${task.title}” is queued and starts when Docker answers.`,
      });
    }
    return tasks.get(taskId);
  }

  /** Ends the card's run; a queued card is taken out of the queue. The card goes back to To Do and waits there. */
  async stop(taskId: string): Promise<Task> {
    const { tasks } = this.#deps;
    const live = this.#live.get(taskId);
    if (live) {
      await live.stop();
      return tasks.get(taskId);
    }
    const task = await tasks.get(taskId);
    if (task.state === 'TODO' && task.agentTypeId !== null && task.heldBecause === null) {
      return tasks.update(taskId, { heldBecause: 'You took it out of the queue.' });
    }
    throw noRun(task);
  }

  /**
   * Sends another prompt to the agent that has finished. Where its container is gone, a new one goes on with the
   * conversation.
   */
  async prompt(taskId: string, text: string, actor: string): Promise<Run> {
    const task = await this.#deps.tasks.get(taskId);
    const live = this.#live.get(taskId);
    const run = live ? await live.prompt(text) : await this.#resume(task, text, actor);
    this.#stopIdleTimer(taskId);
    if (live) await this.#backToWork(task, actor);
    return run;
  }

  /** What can be chosen in the conversation of a card's live run. */
  session(taskId: string): RunSession | null {
    return this.#live.get(taskId)?.session ?? null;
  }

  /** @throws UserError when no agent is there, or it refuses the choice */
  async setOption(taskId: string, optionId: string, value: string | boolean): Promise<void> {
    const live = this.#live.get(taskId);
    if (!live) throw noRun(await this.#deps.tasks.get(taskId));
    await live.setOption(optionId, value);
  }

  /** Starts the cards again that failed because nobody was signed in to this agent. */
  async signedIn(agentTypeId: string, actor: string): Promise<Task[]> {
    const { store, tasks } = this.#deps;
    const board = await tasks.board();
    const cards = await store.query('boardCards', { boardId: board.id });
    const held = cards.filter(
      ({ task, run }) =>
        task.state === 'FAILED' &&
        task.agentTypeId === agentTypeId &&
        run?.failure?.reason === 'sign-in-needed',
    );
    const started: Task[] = [];
    for (const { task } of held) started.push(await this.start(task.id, actor));
    return started;
  }

  /** Moves a card by hand. Where that starts or ends an agent's work, it does that too. */
  async move(request: MoveRequest, actor: string): Promise<Task> {
    const { tasks } = this.#deps;
    const { taskId, to, beforeTaskId } = request;
    const task = await tasks.get(taskId);
    if (task.state === to) return tasks.place(taskId, beforeTaskId);
    const live = this.#live.get(taskId);
    if (live && isBusy(live.run.state)) {
      if (!request.stopRun) throw runInTheWay(task, to);
      await live.stop();
      if (to === 'TODO') return tasks.place(taskId, beforeTaskId);
      return this.#changeState(await tasks.get(taskId), request, actor);
    }
    const startable = task.state === 'BACKLOG' || task.state === 'TODO';
    if (to === 'IN_PROGRESS' && task.agentTypeId !== null && startable) return this.start(taskId, actor);
    const moved = await this.#changeState(task, request, actor);
    if (to !== 'REVIEW' && to !== 'IN_PROGRESS') await this.#endIdle(taskId);
    return moved;
  }

  /** Ends what runs for a card, and deletes it. */
  async delete(taskId: string, actor: string): Promise<void> {
    await this.#live.get(taskId)?.stop();
    await this.#deps.tasks.delete(taskId, actor);
  }

  async checkEngine(): Promise<EngineStatus> {
    const status = await this.#deps.agents.checkEngine();
    this.#engineFailure = status.failure;
    if (!status.failure) await this.admit();
    return status;
  }

  /** Starts what may start. One pass at a time; a call during a pass makes another follow. */
  async admit(): Promise<void> {
    this.#admitAgain = true;
    this.#admission ??= this.#admitWhileAsked().finally(() => {
      this.#admission = null;
    });
    await this.#admission;
  }

  /** Ends all runs and keeps their cards from being started again by themselves. */
  async endAllRuns(why: string): Promise<void> {
    this.#endedBecause = why;
    await Promise.all([...this.#live.values()].map((controller) => controller.stop()));
    this.#endedBecause = null;
  }

  /** Ends all runs: their containers would have nobody to talk to. Takes a few seconds at most. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    if (this.#engineTimer) clearTimeout(this.#engineTimer);
    for (const taskId of [...this.#idleTimers.keys()]) this.#stopIdleTimer(taskId);
    await this.endAllRuns('VS Code was closed while the agent was at work.');
  }

  async turnEnded(run: Run, result: { stopReason: string }): Promise<void> {
    const why =
      result.stopReason === 'end_turn' ? 'The agent has finished' : `The agent ended: ${result.stopReason}`;
    await this.#follow(run, { to: 'REVIEW', why });
    const timer = setTimeout(
      () => void this.#endIdle(run.taskId),
      this.#deps.settings.keepContainerMinutes() * 60_000,
    );
    timer.unref();
    this.#idleTimers.set(run.taskId, timer);
    await this.admit();
  }

  async failed(run: Run, failure: Failure): Promise<void> {
    this.#forget(run);
    await this.#follow(run, { to: 'FAILED', why: failure.message });
    void this.admit();
  }

  async ended(run: Run): Promise<void> {
    this.#forget(run);
    if (run.state === 'STOPPED') {
      const why = this.#endedBecause ?? 'You stopped the agent.';
      await this.#follow(run, { to: 'TODO', why, heldBecause: why });
    }
    void this.admit();
  }

  async #admitWhileAsked(): Promise<void> {
    while (this.#admitAgain && !this.#disposed) {
      this.#admitAgain = false;
      await this.#admitOnce();
    }
  }

  async #admitOnce(): Promise<void> {
    const { store, settings, agents } = this.#deps;
    const waiting = orderQueue(await store.query('waitingTasks', {})).filter(({ id }) => !this.#isBusy(id));
    const free = freePlaces(this.#busyCount(), settings.maxConcurrentRuns());
    if (waiting.length > 0 && free > 0) this.#engineFailure = (await agents.checkEngine()).failure;
    if (waiting.length === 0) this.#engineFailure = null;
    if (!this.#engineFailure) for (const task of waiting.slice(0, free)) await this.#launch(task);
    const left = waiting.filter(({ id }) => !this.#isBusy(id));
    this.#publishQueue(left);
    this.#watchEngine(left.length > 0 && this.#engineFailure !== null);
  }

  async #launch(task: Task): Promise<void> {
    const { tasks, settings, agentTypes } = this.#deps;
    const folder = settings.folder();
    if (folder === null) return;
    let agentType: AgentType;
    try {
      agentType = agentTypeOf(task, agentTypes());
    } catch (error) {
      await tasks.update(task.id, { heldBecause: (error as Error).message });
      return;
    }
    await this.#endIdle(task.id);
    const controller = await this.#newRun(task, agentType, folder);
    await tasks.changeState(task.id, {
      to: 'IN_PROGRESS',
      actor: 'kandev',
      why: `Given to ${agentType.name}`,
    });
    void controller.start(task);
  }

  /** Has a new run go on where the last one of this card has left off. */
  async #resume(task: Task, message: string, actor: string): Promise<Run> {
    const { store, settings, agentTypes } = this.#deps;
    const [card] = await store.query('cards', { taskIds: [task.id] });
    const previous = card?.run;
    if (!previous || previous.turns === 0) throw nothingToGoOnWith(task);
    const folder = settings.folder();
    if (folder === null) throw noFolder();
    const controller = await this.#newRun(task, agentTypeOf(task, agentTypes()), folder);
    await this.#backToWork(task, actor);
    // Another agent than before knows nothing of that conversation's id.
    const sessionId = previous.agentTypeId === controller.run.agentTypeId ? previous.sessionId : null;
    void controller.resume(task, { ...previous, sessionId }, message);
    return controller.run;
  }

  async #newRun(task: Task, agentType: AgentType, folder: string): Promise<RunController> {
    const { store, settings, mcpServers } = this.#deps;
    const run = newRun(task, agentType);
    const servers = mcpServers();
    const environment = await settings.environment(agentType.environment);
    const forServers = await settings.environment(variablesOf(servers));
    const secrets = [...Object.values(environment), ...Object.values(forServers)];
    const controller = new RunController(
      run,
      agentType,
      {
        folder,
        startTimeoutSeconds: settings.startTimeoutSeconds(),
        environment,
        mcpServers: withVariables(servers, forServers),
        optionDefaults: settings.optionDefaults(agentType.id),
        maskValues: maskValues(secrets),
        redact: createRedactor(secrets),
      },
      this,
      this.#deps,
    );
    this.#live.set(task.id, controller);
    await store.write('run.insert', { run });
    return controller;
  }

  /** From wherever the card is; not every state leads to In Progress. */
  async #backToWork({ id, state }: Task, actor: string): Promise<void> {
    const { tasks } = this.#deps;
    const why = 'Sent the agent a message';
    if (state === 'IN_PROGRESS') return;
    if (refuseTransition(state, 'IN_PROGRESS') !== null) {
      await tasks.changeState(id, { to: 'TODO', actor, why, heldBecause: why });
    }
    await tasks.changeState(id, { to: 'IN_PROGRESS', actor, why });
  }

  /** Lets the card follow its run, unless somebody has moved it elsewhere meanwhile. */
  async #follow(run: Run, change: { to: TaskState; why: string; heldBecause?: string }): Promise<void> {
    const { tasks } = this.#deps;
    const task = await tasks.get(run.taskId);
    if (task.state === 'IN_PROGRESS') await tasks.changeState(run.taskId, { ...change, actor: 'kandev' });
  }

  async #changeState(task: Task, { to, beforeTaskId, why }: MoveRequest, actor: string): Promise<Task> {
    if (task.state === to) return task;
    return this.#deps.tasks.changeState(task.id, {
      to,
      actor,
      beforeTaskId,
      ...(why === undefined ? {} : { why }),
    });
  }

  async #endIdle(taskId: string): Promise<void> {
    const live = this.#live.get(taskId);
    if (live && !isBusy(live.run.state)) await live.stop();
  }

  #forget(run: Run): void {
    this.#stopIdleTimer(run.taskId);
    if (this.#live.get(run.taskId)?.run.id === run.id) this.#live.delete(run.taskId);
  }

  #stopIdleTimer(taskId: string): void {
    clearTimeout(this.#idleTimers.get(taskId));
    this.#idleTimers.delete(taskId);
  }

  #isBusy(taskId: string): boolean {
    const live = this.#live.get(taskId);
    return live !== undefined && isBusy(live.run.state);
  }

  #busyCount(): number {
    return [...this.#live.values()].filter(({ run }) => isBusy(run.state)).length;
  }

  #publishQueue(waiting: readonly Task[]): void {
    const limit = this.#deps.settings.maxConcurrentRuns();
    const queue = describeQueue(waiting, this.#busyCount(), limit, this.#engineFailure?.message ?? null);
    if (JSON.stringify(queue) === JSON.stringify(this.#queue)) return;
    this.#queue = queue;
    this.#deps.events.publish('queue.changed', { length: queue.length });
  }

  #watchEngine(needed: boolean): void {
    if (this.#engineTimer) clearTimeout(this.#engineTimer);
    this.#engineTimer = needed ? setTimeout(() => void this.admit(), engineRetryMs) : null;
  }
}
