import type { AgentType } from '../model/agentType.ts';
import type { UserWord } from '../model/cardView.ts';
import type { EngineFacts, EngineStatus } from '../model/engine.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import type { Task } from '../model/task.ts';
import { DependencyGate } from './dependencyGate.ts';
import type { Launcher } from './launcher.ts';
import type { LiveRuns } from './liveRuns.ts';
import type { OrchestratorDependencies } from './orchestratorDependencies.ts';
import {
  admit,
  occupantOf,
  writerBeside,
  type QueuePlace,
  type Room,
  type Verdict,
  type Waiting,
} from './queue.ts';
import { agentTypeOf, folderInUse, noRoomForMessage, tooLittleMemory } from './refusals.ts';

/** While cards wait for an engine that does not answer, it is asked again this often. */
const engineRetryMs = 10_000;

/** A card that a pass has not started. */
interface Left {
  taskId: string;
  verdict: Verdict;
  needs: QueuePlace['needs'];
}

/** Starts the queued cards that may start, and tells each of the others its place and why it waits. */
export class Admission {
  readonly #deps: OrchestratorDependencies;
  readonly #live: LiveRuns;
  readonly #launcher: Launcher;
  readonly #gate: DependencyGate;
  /** Cards that a person has told to start now. */
  readonly #urgent = new Set<string>();
  #queue: QueuePlace[] = [];
  #published = '';
  #pass: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | null = null;
  /** As it was last seen to be. */
  #engine: EngineFacts | null = null;
  /** Queued cards that the user was told of because they wait for their word, and about what. */
  readonly #toldOf = new Map<string, UserWord>();
  #engineFailure: Failure | null = null;
  #disposed = false;

  constructor(deps: OrchestratorDependencies, live: LiveRuns, launcher: Launcher) {
    this.#deps = deps;
    this.#live = live;
    this.#launcher = launcher;
    this.#gate = new DependencyGate(deps.store, deps.tasks);
    for (const pattern of [
      'task.created',
      'task.updated',
      'task.state_changed',
      'task.deleted',
      'credentials.changed',
      'devcontainer.changed',
    ]) {
      deps.events.subscribe(pattern, () => {
        this.wake();
      });
    }
  }

  /** The queued cards in their order, as last computed. */
  get queue(): readonly QueuePlace[] {
    return this.#queue;
  }

  /** Why the engine cannot be used, as last seen. */
  get engineFailure(): Failure | null {
    return this.#engineFailure;
  }

  /** For whoever has asked the engine meanwhile. */
  async engineSeen(status: EngineStatus): Promise<void> {
    this.#note(status);
    if (!status.failure) await this.admit();
  }

  /** @throws UserError when the card has no agent that it could ever be given to */
  async checkStartable(task: Task): Promise<void> {
    if (!this.#engine) this.#note(await this.#deps.agents.checkEngine());
    this.#fitting(task);
  }

  /**
   * Takes room for a card whose conversation goes on at once, and makes it where containers are only kept: to be given
   * back as `LiveRuns.claim` says.
   * @throws UserError that says what it lacks
   */
  async claimForMessage(task: Task, agentType: AgentType): Promise<void> {
    if (!this.#engine) this.#note(await this.#deps.agents.checkEngine());
    const writer = writerBeside(task, this.#live.occupants());
    if (writer) throw folderInUse(task, writer);
    // What is wrong with the engine is told by what is done next.
    const room = { ...this.#room(null), engineProblem: null };
    const [verdict] = admit([{ task: { ...task, retry: null }, agentType, urgent: true }], room);
    if (verdict?.kind === 'wait') throw noRoomForMessage(task, verdict.why);
    this.#live.claim(occupantOf(task, agentType));
    try {
      await this.#makeRoom(task, verdict?.endFirst ?? []);
    } catch (error) {
      this.#live.giveBack(task.id);
      throw error;
    }
  }

  /** From now on only what keeps work and machine safe holds this queued card back. */
  hurry(taskId: string): void {
    this.#urgent.add(taskId);
  }

  /** As `admit`, for what need not wait for it. */
  wake(): void {
    this.admit().catch((error: unknown) => {
      this.#deps.log.error('', failureOf(error).message);
    });
  }

  /** The next time that this card has to wait for the user, they are told again. */
  tellAgain(taskId: string): void {
    this.#toldOf.delete(taskId);
  }

  /** Starts what may start. One pass at a time; a call during a pass makes another follow. */
  async admit(): Promise<void> {
    this.#again = true;
    this.#pass ??= this.#passWhileAsked().finally(() => {
      this.#pass = null;
    });
    await this.#pass;
  }

  /** Nothing is started any more once this has resolved. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#pass?.catch(() => undefined);
  }

  async #passWhileAsked(): Promise<void> {
    while (this.#again && !this.#disposed) {
      this.#again = false;
      await this.#passOnce();
    }
  }

  async #passOnce(): Promise<void> {
    const { store } = this.#deps;
    // One that is told to hurry from now on may be queued too late for this pass.
    const urgent = [...this.#urgent];
    const blocked = await this.#gate.settle();
    const tasks = (await store.query('waitingTasks', {})).filter(({ id }) => !this.#live.isBusy(id));
    const pause = await store.query('queuePause', {});
    await this.#askEngine(tasks.length > 0 && (pause === null || this.#urgent.size > 0));
    const waiting = await this.#startable(tasks);
    const room = this.#room(pause);
    const verdicts = admit(waiting, room);
    const starts = waiting.flatMap(({ task, agentType }, index) => {
      const verdict = verdicts[index];
      if (verdict?.kind !== 'start') return [];
      this.#live.claim(occupantOf(task, agentType));
      return [{ task, endFirst: verdict.endFirst }];
    });
    for (const { task, endFirst } of starts) await this.#start(task, endFirst);
    const left = waiting.flatMap(({ task, needs = null }, index): Left[] => {
      const verdict = verdicts[index];
      return verdict && !this.#live.isBusy(task.id) ? [{ taskId: task.id, verdict, needs }] : [];
    });
    for (const taskId of urgent)
      if (!left.some((each) => each.taskId === taskId)) this.#urgent.delete(taskId);
    this.#publish(left, { paused: pause !== null, blocked });
    this.#lookAgain(left);
    this.#tell(left);
  }

  /** Of each card once that it waits for the user's word. */
  #tell(left: readonly Left[]): void {
    const undecided = new Map(left.flatMap(({ taskId, needs }) => (needs ? [[taskId, needs]] : [])));
    for (const taskId of this.#toldOf.keys()) if (!undecided.has(taskId)) this.#toldOf.delete(taskId);
    for (const [taskId, needs] of undecided) {
      if (this.#toldOf.get(taskId) === needs) continue;
      this.#toldOf.set(taskId, needs);
      this.#deps.events.publish(`${needs}.needed`, { taskId });
    }
  }

  async #askEngine(needed: boolean): Promise<void> {
    const { agents, settings } = this.#deps;
    const mayStart = this.#live.busyCount() < settings.maxConcurrentRuns() || this.#urgent.size > 0;
    if (needed && mayStart) this.#note(await agents.checkEngine());
    // Nobody waits for it, so it is in nobody's way.
    else if (!needed) this.#engineFailure = null;
  }

  #note({ engine, failure }: EngineStatus): void {
    this.#engine = engine ?? this.#engine;
    this.#engineFailure = failure;
  }

  /** Those that can be given to their agent. The others are held, with the reason. */
  async #startable(tasks: readonly Task[]): Promise<(Waiting & { task: Task })[]> {
    const startable: (Waiting & { task: Task })[] = [];
    for (const task of tasks) {
      try {
        const agentType = this.#fitting(task);
        const needs = await this.#wordFor(agentType, task);
        startable.push({ task, agentType, urgent: this.#urgent.has(task.id), needs });
      } catch (error) {
        await this.#deps.tasks.update(task.id, { heldBecause: failureOf(error).message });
      }
    }
    return startable;
  }

  /** What the user must say before the agent is started; of two things the first. */
  async #wordFor(agentType: AgentType, task: Task): Promise<UserWord | null> {
    const { credentials, devcontainers } = this.#deps;
    if (await devcontainers.mustAsk(agentType, task)) return 'devcontainer';
    return (await credentials.mustAsk(agentType)) ? 'credentials' : null;
  }

  #fitting(task: Task): AgentType {
    const agentType = agentTypeOf(task, this.#deps.agentTypes());
    const memoryMb = this.#engine?.memoryMb;
    if (memoryMb !== undefined && agentType.resources.memoryMb > memoryMb) {
      throw tooLittleMemory(task, agentType, memoryMb);
    }
    return agentType;
  }

  #room(pause: Room['pause']): Room {
    return {
      now: Date.now(),
      pause,
      limit: this.#deps.settings.maxConcurrentRuns(),
      occupants: this.#live.occupants(),
      engine: this.#engine,
      engineProblem: this.#engineFailure?.message ?? null,
    };
  }

  async #start(task: Task, endFirst: readonly string[]): Promise<void> {
    try {
      await this.#makeRoom(task, endFirst);
      this.#urgent.delete(task.id);
      await this.#launcher.launch(task);
    } catch (error) {
      // The card may be gone meanwhile; the others are not kept waiting for it.
      this.#deps.log.error(task.id, failureOf(error).message);
    } finally {
      this.#live.giveBack(task.id);
    }
  }

  async #makeRoom({ title }: Task, endFirst: readonly string[]): Promise<void> {
    for (const taskId of endFirst) {
      this.#deps.log.info(taskId, `Its container has ended to make room for “${title}”.`);
      await this.#live.endIdle(taskId);
    }
  }

  /** @param beside what else is shown of cards that wait: a change of it is told of too */
  #publish(left: readonly Left[], beside: object): void {
    this.#queue = left.map(({ taskId, verdict, needs }, index) => ({
      taskId,
      place: index + 1,
      why: verdict.kind === 'wait' ? verdict.why : 'Starting',
      until: verdict.kind === 'wait' ? verdict.until : null,
      needs,
    }));
    const published = JSON.stringify([this.#queue, beside]);
    if (published === this.#published) return;
    this.#published = published;
    this.#deps.events.publish('queue.changed', { length: left.length });
  }

  /** When nothing that is told of will have changed, but the time or the engine. */
  #lookAgain(left: readonly { verdict: Verdict }[]): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const times = left.flatMap(({ verdict }) =>
      verdict.kind === 'wait' && verdict.until !== null ? [verdict.until - Date.now()] : [],
    );
    if (left.length > 0 && this.engineFailure) times.push(engineRetryMs);
    if (times.length > 0 && !this.#disposed) {
      this.#timer = setTimeout(
        () => {
          this.wake();
        },
        Math.max(0, Math.min(...times)),
      );
    }
  }
}
