import type { EngineStatus } from '../model/engine.ts';
import { whyBlocked } from '../model/dependencies.ts';
import { UserError } from '../model/failure.ts';
import { isBusy, type Run } from '../model/run.ts';
import type { Message } from '../model/prompt.ts';
import type { RunUsage } from '../model/runUsage.ts';
import type { Task } from '../model/task.ts';
import { refuseTransition } from '../model/taskState.ts';
import { Admission } from './admission.ts';
import { withAllowed } from './allowHost.ts';
import { CardFollower } from './cardFollower.ts';
import { Launcher } from './launcher.ts';
import { LiveRuns } from './liveRuns.ts';
import { checkMessage } from './messageCheck.ts';
import { Messages } from './messages.ts';
import type { OrchestratorDependencies } from './orchestratorDependencies.ts';
import { Outbox } from './outbox.ts';
import type { QueuePlace } from './queue.ts';
import { Recovery } from './recovery.ts';
import { agentTypeOf, alreadyAtWork, blocked, noFolder, noRun, notYet, runInTheWay } from './refusals.ts';
import { RunWatch } from './runWatch.ts';
import { takeBackMove, type MoveRequest } from './takeBackMove.ts';
import { nudgeText } from './turnText.ts';
import type { RunSession } from './runInterfaces.ts';

/**
 * What people do with cards that agents work on. Which card is worked on when is decided by `Admission`; the cards
 * follow their runs by `CardFollower`.
 */
export class Orchestrator {
  /** The messages that wait for agents. */
  readonly outbox: Outbox;
  readonly messages: Messages;
  readonly #deps: OrchestratorDependencies;
  readonly #live: LiveRuns;
  readonly #follower: CardFollower;
  readonly #launcher: Launcher;
  readonly #admission: Admission;
  readonly #watch: RunWatch;
  readonly #closing = new AbortController();

  constructor(deps: OrchestratorDependencies) {
    this.#deps = deps;
    this.#live = new LiveRuns(() => deps.settings.keepContainerMinutes());
    this.outbox = new Outbox(deps);
    this.messages = new Messages({
      outbox: this.outbox,
      live: this.#live,
      prompt: (taskId, message, actor) => this.prompt(taskId, message, actor),
      check: (taskId, message) => checkMessage(deps, taskId, message),
      events: deps.events,
      log: deps.log,
    });
    this.#follower = new CardFollower(
      deps,
      this.#live,
      () => {
        this.#admission.wake();
      },
      (run, result) => this.messages.turnEnded(run, result),
    );
    this.#launcher = new Launcher(deps, this.#live, this.#follower);
    this.#admission = new Admission(deps, this.#live, this.#launcher);
    this.#watch = new RunWatch({
      events: deps.events,
      rules: () => deps.settings.runRules(),
      onLimit: (taskId, failure) => void this.#live.get(taskId)?.giveUp(failure),
      keep: (runId, worked) => deps.store.write('run.putWorkedTime', { runId, worked }),
      log: deps.log,
    });
  }

  /** To be called once the board is open, before anything else. */
  async recover(): Promise<void> {
    const { signal } = this.#closing;
    await new Recovery(this.#deps, this.#live, this.#launcher, this.#follower, this.#watch, signal).run();
    await this.#admission.admit();
  }

  /** The queued cards in their order, as last computed. */
  get queue(): readonly QueuePlace[] {
    return this.#admission.queue;
  }

  /**
   * Queues a card, from whatever state it is in, and starts it as soon as there is room.
   * @throws UserError when it cannot be started at all; a card that only waits for the engine stays queued
   */
  async start(taskId: string, actor: string): Promise<Task> {
    const { tasks } = this.#deps;
    const task = await this.#queueUp(taskId, actor);
    this.#admission.tellAgain(taskId);
    await this.#admission.admit();
    const { engineFailure } = this.#admission;
    if (engineFailure && this.queue.some((place) => place.taskId === taskId)) {
      const { message, ...rest } = engineFailure;
      throw new UserError({
        ...rest,
        message: `${message} “${task.title}” is queued and starts when Docker answers.`,
      });
    }
    return tasks.get(taskId);
  }

  /**
   * Starts a card before its turn: it waits neither for a place nor for the queue to go on, but for whoever works in its
   * folder, and for memory.
   * @throws UserError that says what it waits for, when it could not be started at once; it is the first in the queue
   */
  async startNow(taskId: string, actor: string): Promise<Task> {
    const { tasks } = this.#deps;
    const task = await this.#queueUp(taskId, actor);
    this.#admission.hurry(taskId);
    if (!this.#live.isBusy(taskId)) await tasks.moveInQueue(taskId, 'top').catch(() => undefined);
    await this.#admission.admit();
    const place = this.queue.find((each) => each.taskId === taskId);
    if (place) throw notYet(task, place.why);
    return tasks.get(taskId);
  }

  /** Says which cards have to be done before this one. A card that waited for nothing else is queued. */
  async setDependencies(taskId: string, dependsOn: readonly string[], actor: string): Promise<Task> {
    const { tasks } = this.#deps;
    const task = await tasks.setDependencies(taskId, dependsOn);
    if (task.state === 'BLOCKED' && dependsOn.length === 0) {
      await tasks.changeState(taskId, { to: 'TODO', actor, why: 'It waits for no other card any more' });
    }
    await this.#admission.admit();
    return tasks.get(taskId);
  }

  /** While it is paused nothing of the queue is started by itself. */
  async pauseQueue(actor: string): Promise<void> {
    await this.#deps.store.write('queue.setPause', { pause: { by: actor, at: Date.now() } });
    await this.#admission.admit();
  }

  async resumeQueue(): Promise<void> {
    await this.#deps.store.write('queue.setPause', { pause: null });
    await this.#admission.admit();
  }

  /** Ends the card's run; a queued card is taken out of the queue. The card goes back to To Do and waits there. */
  async stop(taskId: string): Promise<Task> {
    const { tasks } = this.#deps;
    const live = this.#live.get(taskId);
    if (live) {
      await live.stopSoon();
      return tasks.get(taskId);
    }
    const task = await tasks.get(taskId);
    if (task.state === 'TODO' && task.agentTypeId !== null && task.heldBecause === null) {
      const why = task.retry?.at ? 'You cancelled the retry.' : 'You took it out of the queue.';
      return tasks.update(taskId, { heldBecause: why, retry: null });
    }
    throw noRun(task);
  }

  /**
   * Sends another prompt to the agent that has finished. Where its container is gone, a new one goes on with the
   * conversation.
   */
  async prompt(taskId: string, message: Message, actor: string): Promise<Run> {
    await this.#live.get(taskId)?.takenOver();
    const task = await this.#deps.tasks.get(taskId);
    const agentType = this.#live.agentType(taskId) ?? agentTypeOf(task, this.#deps.agentTypes());
    await this.#admission.claimForMessage(task, agentType);
    try {
      const live = this.#live.get(taskId);
      const begin = (): Promise<void> => this.#backToWork(task, actor);
      if (!live) return await this.#launcher.resume(task, message, begin);
      const run = await live.prompt(message);
      this.#live.stopIdleTimer(taskId);
      await begin();
      return run;
    } finally {
      this.#live.giveBack(taskId);
    }
  }

  /** Whether an agent works on the card, or waits for another message. */
  hasRun(taskId: string): boolean {
    return this.#live.get(taskId) !== undefined;
  }

  /** Ends the card's run when its turn is over. @throws UserError `run-active` while an agent is at work */
  async endIdle(taskId: string): Promise<void> {
    if (this.#live.isBusy(taskId)) throw alreadyAtWork(await this.#deps.tasks.get(taskId));
    await this.#live.endIdle(taskId);
  }

  /** Since when a card's agent has been silent in the middle of its turn, where that is for too long. */
  stalledSince(taskId: string): number | null {
    return this.#watch.stalledSince(taskId);
  }

  /** Gives a silent agent the same time again before it is told of. */
  wait(taskId: string): void {
    this.#watch.wait(taskId);
  }

  /**
   * Cancels the turn of an agent that stands still and asks it to go on in the same session. One that does not even
   * react to that is stopped, and goes on in a new container.
   */
  async nudge(taskId: string, actor: string): Promise<Run> {
    const task = await this.#deps.tasks.get(taskId);
    const live = this.#live.get(taskId);
    if (!live || !isBusy(live.run.state)) throw noRun(task);
    if (await live.nudge(nudgeText)) return live.run;
    await live.stop();
    return this.prompt(taskId, { text: nudgeText, pictures: [] }, actor);
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

  /** What the live runs use at the moment, as far as it is known; asking keeps measuring going for some seconds. */
  usage(): Promise<RunUsage[]> {
    return this.#live.usage(this.#deps.agents);
  }

  /** See LiveRuns. */
  whileStill<T>(work: () => Promise<T>): Promise<T> {
    return this.#live.whileStill(work);
  }

  /**
   * Says what becomes of a host that a card's agent was refused. A live run can reach it at once.
   * @throws UserError `refused` when the card's runs have no list of hosts any more
   */
  async answerBlocked(taskId: string, entry: string, answer: 'card' | 'agent' | 'leave'): Promise<void> {
    const { tasks, store, events, agentTypes } = this.#deps;
    const task = await tasks.get(taskId);
    const live = this.#live.get(taskId);
    if (answer === 'card') {
      const resources = withAllowed(task, agentTypeOf(task, agentTypes()), entry);
      await tasks.update(taskId, { resources });
    }
    if (answer !== 'leave') await live?.allowHost(entry);
    if (live) return live.forgetBlocked(entry);
    const [card] = await store.query('cards', { taskIds: [taskId] });
    if (!card?.run) return;
    const blocked = card.run.blocked.filter((each) => each !== entry);
    const change = { runId: card.run.id, to: null, patch: { blocked }, at: Date.now() };
    events.publish('agent.updated', { run: await store.write('run.update', change) });
  }

  /** Starts the cards again that failed because nobody was signed in to this agent. */
  async signedIn(agentTypeId: string, actor: string): Promise<Task[]> {
    const { store } = this.#deps;
    const cards = await store.query('allCards', {});
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
    const { taskId, to, beforeTaskId, ifVersion } = request;
    const task = await tasks.get(taskId, ifVersion);
    if (task.state === to) return tasks.place(taskId, beforeTaskId, ifVersion);
    const live = this.#live.get(taskId);
    if (live && isBusy(live.run.state)) {
      if (!request.stopRun) throw runInTheWay(task, to);
      await live.stop();
      if (to === 'TODO') return tasks.place(taskId, beforeTaskId);
      const { ifVersion: _, ...rest } = request;
      return this.#changeState(await tasks.get(taskId), rest, actor);
    }
    if (request.undo) return takeBackMove({ tasks, live: this.#live }, task, request, actor);
    const startable = task.state === 'BACKLOG' || task.state === 'TODO';
    if (to === 'IN_PROGRESS' && task.agentTypeId !== null && startable) return this.start(taskId, actor);
    const moved = await this.#changeState(task, request, actor);
    if (to !== 'REVIEW' && to !== 'IN_PROGRESS') await this.#live.endIdle(taskId);
    return moved;
  }

  /** Ends what runs for a card, and deletes it. */
  async delete(taskId: string, actor: string, ifVersion?: number): Promise<void> {
    await this.#deps.tasks.get(taskId, ifVersion);
    const live = this.#live.get(taskId);
    await live?.stop();
    await this.#deps.tasks.delete(taskId, actor, live ? undefined : ifVersion);
  }

  async checkEngine(): Promise<EngineStatus> {
    const status = await this.#deps.agents.checkEngine();
    await this.#admission.engineSeen(status);
    return status;
  }

  /** Ends all runs and keeps their cards from being started again by themselves. */
  async endAllRuns(why: string): Promise<void> {
    this.#follower.endedBecause = why;
    // At once: VS Code may not leave us the time to see the last container go.
    await Promise.all(this.#live.all().map(({ run }) => this.#follower.hold(run, why)));
    await this.#live.stopAll();
    this.#follower.endedBecause = null;
  }

  /** Leaves the agents at work, or ends them, as the user has chosen. Takes a few seconds at most. */
  async dispose(): Promise<void> {
    this.#closing.abort();
    await this.#watch.dispose();
    const { settings, permissions } = this.#deps;
    await this.#admission.dispose();
    this.#live.stopIdleTimers();
    if (settings.whenClosed() === 'stop') {
      await this.endAllRuns('VS Code was closed while the agent was at work.');
      return;
    }
    permissions.suspend();
    await this.#live.detachAll();
  }

  /** Makes a card wait for its agent, from whatever state it is in. */
  async #queueUp(taskId: string, actor: string): Promise<Task> {
    const { tasks, settings } = this.#deps;
    const task = await tasks.get(taskId);
    const live = this.#live.get(taskId);
    if (live && isBusy(live.run.state)) throw alreadyAtWork(task);
    if (settings.folder() === null) throw noFolder();
    const [card] = await this.#deps.store.query('cards', { taskIds: [taskId] });
    const waitsFor = whyBlocked(card?.dependencies ?? []);
    if (task.state === 'BLOCKED' && waitsFor !== null) throw blocked(task, waitsFor);
    await this.#admission.checkStartable(task);
    await this.#live.endIdle(taskId);
    if (task.state === 'TODO') return tasks.update(taskId, { heldBecause: null, retry: null });
    return tasks.changeState(taskId, { to: 'TODO', actor, why: 'Started' });
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

  async #changeState(
    task: Task,
    { to, beforeTaskId, why, ifVersion }: MoveRequest,
    actor: string,
  ): Promise<Task> {
    if (task.state === to) return task;
    return this.#deps.tasks.changeState(task.id, {
      to,
      actor,
      beforeTaskId,
      ifVersion,
      ...(why === undefined ? {} : { why }),
    });
  }
}
