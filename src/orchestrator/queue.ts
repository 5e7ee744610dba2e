import type { AgentType } from '../model/agentType.ts';
import type { UserWord } from '../model/cardView.ts';
import type { EngineFacts } from '../model/engine.ts';
import type { Resources } from '../model/resources.ts';
import type { QueuePause, Task } from '../model/task.ts';

export interface QueuePlace {
  taskId: string;
  /** From 1. */
  place: number;
  /** Why it is not running yet, in words. */
  why: string;
  /** Until when it waits at least, where that is known. */
  until: number | null;
  /** What the user has to say before it can start; null when it waits for something else. */
  needs: UserWord | null;
}

const waitFor: Readonly<Record<UserWord, string>> = {
  credentials: 'Waits for you: say what agents may have of yours',
  devcontainer: "Waits for you: say whether it may work in an image on this workspace's devcontainer.json",
};

type WaitingTask = Pick<Task, 'id' | 'title' | 'workspaceMode' | 'retry'>;
type Share = Pick<Resources, 'cpus' | 'memoryMb'>;
type RunType = Pick<AgentType, 'id' | 'name' | 'maxConcurrentRuns'> & { resources: Share };

/** A card of the queue, and what it asks for. */
export interface Waiting {
  task: WaitingTask;
  agentType: RunType;
  /** A person has said that it is to start now. */
  urgent: boolean;
  /** What the user has to say before it can start. Left out: nothing. */
  needs?: QueuePlace['needs'];
}

/** A run that has a container, or is about to. */
export interface Occupant {
  taskId: string;
  title: string;
  agentTypeId: string;
  resources: Share;
  /** It works in the open folder itself. */
  inFolder: boolean;
  /** Its agent is at work; else its container only waits for a message. */
  busy: boolean;
  /** When its turn was over. */
  idleSince: number;
}

/** What there is room for. */
export interface Room {
  now: number;
  pause: QueuePause | null;
  /** How many agents may be at work at the same time. */
  limit: number;
  occupants: readonly Occupant[];
  /** Null when it is not known: then only the limits count. */
  engine: Pick<EngineFacts, 'cpus' | 'memoryMb'> | null;
  /** Why the engine cannot be used. */
  engineProblem: string | null;
}

export type Verdict =
  /** `endFirst`: cards whose idle containers have to give way to it. */
  { kind: 'start'; endFirst: string[] } | { kind: 'wait'; why: string; until: number | null };

/** What is left of the room while the queue is gone through from its head. */
interface Left {
  occupants: Occupant[];
  /** The first card that lacks room: what comes behind it may not take away what it waits for. */
  short: { title: string; of: 'memory' | 'CPUs' }[];
}

/**
 * Which cards of the queue may start, and why each of the others waits. A card that waits for something of its own (its
 * pause, its folder, a place of its agent's) is passed by; one that waits for memory or CPUs is not, so that a large one
 * gets its turn.
 */
export function admit(queue: readonly Waiting[], room: Room): Verdict[] {
  const left: Left = { occupants: [...room.occupants], short: [] };
  return queue.map((waiting) => {
    const why = whyNot(waiting, room, left);
    if (why !== null) return { kind: 'wait', until: null, ...why };
    const endFirst = toEnd(waiting, room, left);
    left.occupants = left.occupants.filter(
      ({ taskId }) => taskId !== waiting.task.id && !endFirst.includes(taskId),
    );
    left.occupants.push(occupantOf(waiting.task, waiting.agentType));
    return { kind: 'start', endFirst };
  });
}

interface Wait {
  why: string;
  until?: number;
}

function whyNot({ task, agentType, urgent, needs }: Waiting, room: Room, left: Left): Wait | null {
  if (needs) return { why: waitFor[needs] };
  if (room.engineProblem !== null) return { why: room.engineProblem };
  if (room.pause && !urgent) return { why: 'The queue is paused' };
  const { retry } = task;
  if (retry?.at && retry.at > room.now && !urgent) {
    return { why: `Is tried again by itself, retry ${retry.made} of ${retry.of}`, until: retry.at };
  }
  const writer = writerBeside(task, left.occupants);
  if (writer) return { why: `Waits for “${writer.title}”, which works in the folder` };
  if (!urgent) {
    const limited = limitReached(agentType, room, left);
    if (limited !== null) return { why: limited };
  }
  return shortage({ task, agentType, urgent }, room, left);
}

/** Whoever writes in the open folder; only one at a time may. A run whose turn is over does not. */
export function writerBeside(
  task: Pick<Task, 'id' | 'workspaceMode'>,
  occupants: readonly Occupant[],
): Occupant | undefined {
  if (task.workspaceMode !== 'folder') return undefined;
  return occupants.find(({ taskId, inFolder, busy }) => inFolder && busy && taskId !== task.id);
}

function limitReached({ id, name, maxConcurrentRuns }: RunType, room: Room, left: Left): string | null {
  const busy = left.occupants.filter((each) => each.busy);
  if (busy.length >= room.limit) return `Waits for a place: ${atWork(room.limit)}`;
  const ofType = busy.filter(({ agentTypeId }) => agentTypeId === id).length;
  if (maxConcurrentRuns === undefined || ofType < maxConcurrentRuns) return null;
  return `Waits for a place of ${name}: ${atWork(maxConcurrentRuns)}`;
}

function atWork(limit: number): string {
  return limit === 1 ? 'another agent is at work' : `${limit} agents are at work`;
}

function shortage(waiting: Waiting, room: Room, left: Left): Wait | null {
  const { engine } = room;
  if (!engine) return null;
  const { task, agentType, urgent } = waiting;
  const others = left.occupants.filter((each) => each.busy && each.taskId !== task.id);
  const memory = agentType.resources.memoryMb;
  const before = left.short.find(({ of }) => of === 'memory' || !urgent);
  if (before) return { why: `Waits behind “${before.title}”, which needs ${before.of}` };
  const memoryUsed = sum(others, ({ memoryMb }) => memoryMb);
  if (memoryUsed + memory > engine.memoryMb) {
    left.short.push({ title: task.title, of: 'memory' });
    return {
      why: `Waits for memory: it needs ${gigabytes(memory)}, and ${gigabytes(engine.memoryMb - memoryUsed)} of ${gigabytes(engine.memoryMb)} are free`,
    };
  }
  const cpus = Math.min(agentType.resources.cpus, engine.cpus);
  const cpusUsed = sum(others, (resources) => resources.cpus);
  if (urgent || cpusUsed + cpus <= engine.cpus) return null;
  left.short.push({ title: task.title, of: 'CPUs' });
  return {
    why: `Waits for CPUs: it needs ${cpus}, and ${rounded(engine.cpus - cpusUsed)} of ${engine.cpus} are free`,
  };
}

/** The idle containers that have to go so that there is memory for it: those first that have been idle for longest. */
function toEnd({ task, agentType }: Waiting, { engine }: Room, { occupants }: Left): string[] {
  if (!engine) return [];
  const others = occupants.filter(({ taskId }) => taskId !== task.id);
  let used = sum(others, ({ memoryMb }) => memoryMb) + agentType.resources.memoryMb;
  const ended: string[] = [];
  const idle = others.filter(({ busy }) => !busy).sort((a, b) => a.idleSince - b.idleSince);
  for (const { taskId, resources } of idle) {
    if (used <= engine.memoryMb) break;
    used -= resources.memoryMb;
    ended.push(taskId);
  }
  return ended;
}

/** What a run of this card takes while its agent is at work. */
export function occupantOf(task: Waiting['task'], agentType: RunType): Occupant {
  return {
    taskId: task.id,
    title: task.title,
    agentTypeId: agentType.id,
    resources: agentType.resources,
    inFolder: task.workspaceMode === 'folder',
    busy: true,
    idleSince: 0,
  };
}

function sum(occupants: readonly Occupant[], of: (resources: Share) => number): number {
  return occupants.reduce((total, { resources }) => total + of(resources), 0);
}

function gigabytes(megabytes: number): string {
  return megabytes < 1024 ? `${Math.max(0, megabytes)} MB` : `${rounded(megabytes / 1024)} GB`;
}

function rounded(value: number): number {
  return Math.round(Math.max(0, value) * 10) / 10;
}
