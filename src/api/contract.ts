import * as v from 'valibot';
import type { AgentReport } from '../agents/checkAgent.ts';
import { hostEntrySchema, resourceFields } from '../agents/resourcesSchema.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Backup } from '../model/backup.ts';
import type { CardView } from '../model/cardView.ts';
import type { CredentialsView } from '../model/credential.ts';
import type { DevcontainerView } from '../model/devcontainer.ts';
import type { Disposable, KandevEvent } from '../model/events.ts';
import type { EngineStatus } from '../model/engine.ts';
import type { Leftover } from '../model/leftover.ts';
import type { Run } from '../model/run.ts';
import type { RunUsage } from '../model/runUsage.ts';
import type { Question } from '../orchestrator/questionDesk.ts';
import type { RunSession } from '../orchestrator/runInterfaces.ts';
import {
  boardCommandSchemas,
  boardQuerySchemas,
  type BoardCommandResults,
  type BoardQueryResults,
} from './boardContract.ts';
import {
  gatewayCommandSchemas,
  gatewayQuerySchemas,
  type GatewayCommandResults,
  type GatewayQueryResults,
} from './gatewayContract.ts';
import { insightQuerySchemas, type InsightQueryResults } from './insightContract.ts';
import {
  messageCommandSchemas,
  messageQuerySchemas,
  type MessageCommandResults,
  type MessageQueryResults,
} from './messageContract.ts';
import {
  resultCommandSchemas,
  resultQuerySchemas,
  type ResultCommandResults,
  type ResultQueryResults,
} from './resultContract.ts';
import {
  reviewCommandSchemas,
  reviewQuerySchemas,
  type ReviewCommandResults,
  type ReviewQueryResults,
} from './reviewContract.ts';
import {
  ruleCommandSchemas,
  ruleQuerySchemas,
  type RuleCommandResults,
  type RuleQueryResults,
} from './ruleContract.ts';
import { priorities, taskStates, type Task, type TaskEvent } from '../model/task.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import {
  placeSchema,
  workspaceCommandSchemas,
  workspaceQuerySchemas,
  type WorkspaceCommandResults,
  type WorkspaceQueryResults,
} from './workspaceContract.ts';
import type { ContainerLog } from '../store/containerLog.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

const id400 = v.pipe(v.string(), v.minLength(1), v.maxLength(400));

const title = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('A card needs a title.'),
  v.maxLength(500, 'A title has at most 500 characters. Put the rest into the description.'),
);
const description = v.pipe(v.string(), v.maxLength(200_000, 'A description has at most 200,000 characters.'));
/** Of a `CardView`: what is done to a card that has another version by now is refused with `changed`. */
const ifVersion = v.optional(v.pipe(v.number(), v.integer()));
const labels = v.pipe(v.array(v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(50))), v.maxLength(20));

/** What each command takes. Whatever comes from outside is checked against these before anything is done. */
export const commandSchemas = {
  'task.create': v.object({
    /** Chosen by the caller so that asking twice makes one card; left out, a new one. */
    id: v.optional(id),
    /** Left out: the first board. */
    boardId: v.optional(id),
    title,
    description: v.optional(description, ''),
    state: v.optional(v.picklist(['BACKLOG', 'TODO']), 'BACKLOG'),
    priority: v.optional(v.picklist(priorities), 'normal'),
    agentTypeId: v.optional(v.nullable(id), null),
    labels: v.optional(labels, []),
    /** Left out: as the board has it. */
    ...placeSchema,
  }),
  'task.update': v.object({
    taskId: id,
    title: v.optional(title),
    description: v.optional(description),
    priority: v.optional(v.picklist(priorities)),
    agentTypeId: v.optional(v.nullable(id)),
    labels: v.optional(labels),
    /** Another place is refused while the workspace holds work that nobody has taken; else that workspace is removed. */
    ...placeSchema,
    ifVersion,
  }),
  /** What the card's runs may use, beginning with the next; null: what the agent type says. */
  'task.setResources': v.object({ taskId: id, resources: v.nullable(v.strictObject(resourceFields)) }),
  /**
   * What becomes of a host that the card's agent was refused: `card` lets this card's runs reach it, `agent` only the
   * live run, for a list of the agent type that has it now; `leave` leaves it as it is. A live run has it at once.
   */
  'task.answerBlocked': v.object({
    taskId: id,
    entry: hostEntrySchema,
    answer: v.picklist(['card', 'agent', 'leave']),
  }),
  /** Puts a card into a state, and before another card of that column; without `beforeTaskId` at the end. */
  'task.move': v.object({
    taskId: id,
    to: v.picklist(taskStates),
    beforeTaskId: v.optional(v.nullable(id)),
    /** Stop the run that works on the card, where there is one; without it such a move is refused. */
    stopRun: v.optional(v.boolean(), false),
    /**
     * Takes the card's last move back: to where it came from, also where the table of states knows no such way.
     * `heldBecause` is what held it there. Refused when something else has happened to it since.
     */
    undo: v.optional(v.object({ heldBecause: v.nullable(v.pipe(v.string(), v.maxLength(1000))) })),
    why: v.optional(v.string()),
    ifVersion,
  }),
  /** Takes a card off the board; a live run is stopped first. It can be brought back for 30 days. */
  'task.delete': v.object({ taskId: id, ifVersion }),
  /** Brings a deleted card back to where it was. */
  'task.restore': v.object({ taskId: id }),
  /** Starts the card now, or queues it where there is no room. Also the retry of a failed one. */
  'task.start': v.object({ taskId: id }),
  /**
   * Starts the card before its turn, whatever the limits of runs say and while the queue is paused. Refused with the
   * reason while another one works in its folder, or memory is short: it is the first in the queue then.
   */
  'task.startNow': v.object({ taskId: id }),
  /** Says which cards have to be done before this one; refused where cards would wait for each other. */
  'task.setDependencies': v.object({ taskId: id, dependsOn: v.pipe(v.array(id), v.maxLength(100)) }),
  /** Moves a queued card within the queue. */
  'queue.move': v.object({ taskId: id, to: v.picklist(['up', 'down', 'top']) }),
  /** Nothing of the queue is started by itself until it is resumed; what runs goes on. */
  'queue.pause': v.object({}),
  'queue.resume': v.object({}),
  /** Ends the card's live run and removes its container. */
  'task.stop': v.object({ taskId: id }),
  /** Gives an agent that stands still in the middle of its turn the same time again. */
  'run.wait': v.object({ taskId: id }),
  /** Cancels the turn of an agent that stands still, and asks it to go on. */
  'run.nudge': v.object({ taskId: id }),
  /**
   * Null as the option closes the request without an answer: the agent is told "cancelled". One that is for good makes a
   * rule, and the agent is told the one for this time where it offers that.
   */
  'permission.answer': v.object({ requestId: id, optionId: v.nullable(v.string()) }),
  /** Answers what an agent asks its user; what does not fit the question is refused and the question stays open. */
  'question.answer': v.object({
    questionId: id,
    answer: v.variant('action', [
      v.object({
        action: v.literal('accept'),
        content: v.optional(
          v.record(v.string(), v.union([v.string(), v.number(), v.boolean(), v.array(v.string())])),
        ),
      }),
      v.object({ action: v.literal('decline') }),
      v.object({ action: v.literal('cancel') }),
    ]),
  }),
  /** Chooses a mode, a model or whatever else the agent of a live run offers. */
  'run.setOption': v.object({
    taskId: id,
    optionId: v.pipe(v.string(), v.maxLength(500)),
    value: v.union([v.string(), v.boolean()]),
  }),
  /** Starts an agent, asks it what it can do, and stops it. */
  'agent.check': v.object({
    agentTypeId: id,
    /** Chosen by the caller, who can cancel it by this. */
    checkId: v.optional(id),
  }),
  /** Gives up a check that is under way, and removes its container. */
  'agent.cancelCheck': v.object({ checkId: id }),
  /** The user has signed in to an agent: the cards that failed for want of that are started again. */
  'agent.signedIn': v.object({ agentTypeId: id }),
  /** Writes a copy of the database that any SQLite program can open. */
  'database.exportCopy': v.object({ path: v.pipe(v.string(), v.minLength(1)) }),
  /** Makes the board what it was; what it is now becomes a backup itself. Ends all runs. */
  'database.restoreBackup': v.object({ backupId: id }),
  ...boardCommandSchemas,
  ...resultCommandSchemas,
  ...messageCommandSchemas,
  ...reviewCommandSchemas,
  ...ruleCommandSchemas,
  ...workspaceCommandSchemas,
  ...gatewayCommandSchemas,
  /**
   * Says what agents may have of the user's, by ids of the query `credentials`: these from now on, and nothing else. An
   * empty list is an answer, too. A running container keeps what it has.
   */
  'credentials.share': v.object({ ids: v.pipe(v.array(id400), v.maxLength(200)) }),
  /** Whether agents' images may be built on the devcontainer.json that the query `devcontainer` has shown by its hash. */
  'devcontainer.answer': v.object({ hash: id, isUsed: v.boolean() }),
  /** Looks for the Docker engine again. */
  'engine.check': v.object({}),
  /** Removes some of what the query `leftovers` finds, by its runs; what belongs to somebody again stays. */
  'engine.removeLeftovers': v.object({ runIds: v.pipe(v.array(id), v.maxLength(10_000)) }),
};

export interface CommandResults
  extends
    BoardCommandResults,
    ResultCommandResults,
    MessageCommandResults,
    ReviewCommandResults,
    RuleCommandResults,
    WorkspaceCommandResults,
    GatewayCommandResults {
  'task.create': Task;
  'task.update': Task;
  'task.setResources': Task;
  'task.answerBlocked': null;
  'task.move': Task;
  'task.delete': null;
  'task.restore': Task;
  'task.start': Task;
  'task.startNow': Task;
  'task.setDependencies': Task;
  'queue.move': Task;
  'queue.pause': null;
  'queue.resume': null;
  'task.stop': Task;
  'run.wait': null;
  'run.nudge': Run;
  'task.prompt': Run;
  'permission.answer': null;
  'question.answer': null;
  'run.setOption': null;
  'agent.check': AgentReport;
  'agent.cancelCheck': null;
  'agent.signedIn': Task[];
  'database.exportCopy': null;
  'database.restoreBackup': null;
  'credentials.share': CredentialsView;
  'devcontainer.answer': null;
  'engine.check': EngineStatus;
  /** The runs of which nothing is left. */
  'engine.removeLeftovers': string[];
}

export const querySchemas = {
  /** Those of the asked cards that still exist. */
  cards: v.object({ taskIds: v.array(id) }),
  /** The cards of all boards that have changed since a version, the one whose last change is longest ago first. */
  'cards.changed': v.object({
    afterVersion: v.pipe(v.number(), v.integer(), v.minValue(0)),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 200),
  }),
  'task.history': v.object({ taskId: id }),
  /** All runs of a card, the first one first. */
  'task.runs': v.object({ taskId: id }),
  /** The newest first. */
  backups: v.object({}),
  /** A run's transcript from its end: at most `limit` entries before `beforeSeq`, in their order. */
  'run.transcript': v.object({
    runId: id,
    beforeSeq: v.optional(v.number()),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 200),
  }),
  /**
   * What has been added to or changed in the transcripts of all runs of a card since `afterRev`, each entry as it is now
   * and with a `rev` that only rises: to be told of everything, once, ask again with the last one.
   */
  'task.entries': v.object({
    taskId: id,
    afterRev: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 200),
  }),
  agentTypes: v.object({}),
  /** What agents ask their user, beside permissions; the oldest first. */
  questions: v.object({}),
  /** What can be chosen in the conversation of a card's live run; null when none is open. */
  'run.session': v.object({ taskId: id }),
  ...boardQuerySchemas,
  ...resultQuerySchemas,
  ...messageQuerySchemas,
  ...reviewQuerySchemas,
  ...ruleQuerySchemas,
  ...workspaceQuerySchemas,
  ...gatewayQuerySchemas,
  ...insightQuerySchemas,
  /** What agents may have of the user's, and which running containers have it. */
  credentials: v.object({}),
  /** The devcontainer.json of the workspace; null where it has none. */
  devcontainer: v.object({}),
  /** What the live runs use at the moment; asking keeps measuring going for some seconds. */
  usage: v.object({}),
  /** What the container of a run wrote to stderr, and what became of it; null when that is not kept any more. */
  'run.containerLog': v.object({ runId: id }),
  engine: v.object({}),
  /** What of this installation is on the engine and belongs to nobody any more. */
  leftovers: v.object({}),
};

export interface QueryResults
  extends
    BoardQueryResults,
    ResultQueryResults,
    MessageQueryResults,
    ReviewQueryResults,
    RuleQueryResults,
    WorkspaceQueryResults,
    GatewayQueryResults,
    InsightQueryResults {
  cards: { revision: number; cards: CardView[] };
  'cards.changed': { cards: CardView[]; deleted: { taskId: string; boardId: string; version: number }[] };
  'task.history': TaskEvent[];
  'task.runs': Run[];
  backups: Backup[];
  'run.transcript': TranscriptEntry[];
  'task.entries': { rev: number; entry: TranscriptEntry }[];
  agentTypes: AgentType[];
  questions: Question[];
  'run.session': RunSession | null;
  credentials: CredentialsView;
  devcontainer: DevcontainerView | null;
  usage: RunUsage[];
  'run.containerLog': ContainerLog | null;
  engine: EngineStatus;
  leftovers: Leftover[];
}

export type CommandName = keyof typeof commandSchemas;
export type CommandInput<C extends CommandName> = v.InferInput<(typeof commandSchemas)[C]>;
export type CommandParams<C extends CommandName> = v.InferOutput<(typeof commandSchemas)[C]>;
export type QueryName = keyof typeof querySchemas;
export type QueryInput<Q extends QueryName> = v.InferInput<(typeof querySchemas)[Q]>;
export type QueryParams<Q extends QueryName> = v.InferOutput<(typeof querySchemas)[Q]>;

/** What does each of some commands, and what answers each of some queries. */
export type CommandTableOf<C extends CommandName> = {
  [K in C]: (params: CommandParams<K>) => Promise<CommandResults[K]>;
};
export type QueryTableOf<Q extends QueryName> = {
  [K in Q]: (params: QueryParams<K>) => Promise<QueryResults[K]>;
};

/**
 * The one way into Kandev: what the tree, the boards, the prompts and the commands use, other windows of the folder,
 * and the API gateway. Everything in and out can be sent as JSON; what is refused is thrown as a `UserError`.
 */
export interface Kandev {
  execute<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandResults[C]>;
  query<Q extends QueryName>(query: Q, input: QueryInput<Q>): Promise<QueryResults[Q]>;
  /** `pattern` as for the event bus: `task.*`, `acp.message.>`, `>`. */
  subscribe(pattern: string, listener: (event: KandevEvent) => void): Disposable;
}
