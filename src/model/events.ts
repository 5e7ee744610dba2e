import type { Notice } from './failure.ts';
import type { GatewayStatus } from './gateway.ts';
import type { PermissionRequest } from './permission.ts';
import type { PermissionRule } from './permissionRule.ts';
import type { Run } from './run.ts';
import type { Task, TaskState } from './task.ts';
import type { TranscriptEntry } from './transcript.ts';

/** The data of each event, by its type. `acp.message` is published under `acp.message.{task_id}`. */
export interface EventData {
  'task.created': { task: Task };
  'task.updated': { task: Task };
  'task.state_changed': { task: Task; from: TaskState; to: TaskState; actor: string; why: string | null };
  'task.deleted': { taskId: string; boardId: string };
  'agent.updated': { run: Run };
  'agent.started': { run: Run };
  'agent.running': { run: Run };
  'agent.ready': { run: Run };
  'agent.completed': { run: Run };
  'agent.failed': { run: Run };
  'agent.stopped': { run: Run };
  /** `appended` is what the entry's text gained since it was last published: all of it for a new one. */
  'acp.message': { taskId: string; runId: string; entry: TranscriptEntry; appended: string };
  'permission.requested': { request: PermissionRequest };
  'permission.resolved': { request: PermissionRequest };
  /** Somebody has answered for good: with a rule, which has answered so many further requests at once. */
  'rule.made': { taskId: string; requestId: string; rule: PermissionRule; answered: number };
  /** Other rules decide about requests, or other choices for what they do not decide. */
  'rules.changed': { answered: number };
  /** Something about a run's container that its user should know now. */
  'run.notice': { taskId: string; runId: string; notice: Notice };
  /** An agent asks its user something that is no permission. */
  'question.asked': { taskId: string; runId: string; questionId: string };
  'question.closed': { taskId: string; runId: string; questionId: string };
  /** Other modes, models, options or commands can be chosen in a run. */
  'session.changed': { taskId: string; runId: string };
  /** Somebody has taken, given up or taken back what an agent has made. */
  'result.changed': { taskId: string; what: ResultChange; actor: string };
  /** A board is new, or back. */
  'board.created': { boardId: string };
  /** It was deleted, with its cards. */
  'board.deleted': { boardId: string };
  /** Something of a board itself or of the boards' order is different; its cards are as they were. */
  'board.updated': { boardId: string };
  /** Other messages wait for a card's agent, or in another order. */
  'prompts.changed': { taskId: string };
  /** A card's agent was given a message: in the turn that is open. `promptId` as its sender chose it. */
  'prompt.given': { taskId: string; promptId: string; runId: string; turn: number };
  /** Other comments stand at a card's result, or they stand elsewhere. */
  'review.changed': { taskId: string };
  /** A backup was restored: whatever was known of the board is out of date. */
  'board.replaced': { backupId: string };
  /** An agent has been silent in mid-turn for too long, since that time; null: it is not any more. */
  'run.stalled': { taskId: string; runId: string; since: number | null };
  'queue.changed': { length: number };
  /** Programs can reach the board at another address, or not any more. */
  'gateway.changed': { status: GatewayStatus };
  /** A card was started, and waits for the user to say what agents may have of theirs. */
  'credentials.needed': { taskId: string };
  /** The user has said what agents may have of theirs. */
  'credentials.changed': { shared: readonly string[] };
  /** A card was started, and waits for the user to say whether its agent is built on the workspace's devcontainer.json. */
  'devcontainer.needed': { taskId: string };
  /** The user has said so. */
  'devcontainer.changed': { isUsed: boolean };
}

export type ResultChange = 'rollBack' | 'discard' | 'undo' | 'apply' | 'merge' | 'commit' | 'branch' | 'push';

export type EventType = keyof EventData;

/** An event as it travels: `type` is the subject, as NATS subjects are. */
export interface Envelope<T extends EventType = EventType> {
  id: string;
  type: T extends 'acp.message' ? `acp.message.${string}` : T;
  source: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  data: EventData[T];
}

/** Any event; `kandevEvent.type` tells which, except for the task id behind `acp.message.`. */
export type KandevEvent = { [T in EventType]: Envelope<T> }[EventType];

export interface Disposable {
  dispose(): void;
}
