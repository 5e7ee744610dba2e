import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import type { AgentType } from '../model/agentType.ts';
import type { CardView } from '../model/cardView.ts';
import type { Disposable, KandevEvent } from '../model/events.ts';
import { UserError } from '../model/failure.ts';
import type { Task, WorkspaceMode } from '../model/task.ts';
import type { AgentChecks } from '../orchestrator/agentCheckup.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { CredentialDesk } from '../orchestrator/credentialDesk.ts';
import type { DevcontainerDesk } from '../orchestrator/devcontainerDesk.ts';
import type { PermissionDesk } from '../orchestrator/permissionDesk.ts';
import type { QuestionDesk } from '../orchestrator/questionDesk.ts';
import type { RuleBook } from '../orchestrator/ruleBook.ts';
import type { ContainerLog } from '../store/containerLog.ts';
import type { PictureFolder } from '../store/pictureFolder.ts';
import type { StoredCard } from '../store/reads.ts';
import type { Store } from '../store/store.ts';
import type { Boards } from '../tasks/boards.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import { BoardDesk } from './boardDesk.ts';
import type { BoardTransfer } from './boardTransfer.ts';
import { ChangeCount } from './changeCount.ts';
import {
  commandSchemas,
  querySchemas,
  type CommandInput,
  type CommandName,
  type CommandParams,
  type CommandTableOf,
  type CommandResults,
  type Kandev,
  type QueryInput,
  type QueryName,
  type QueryParams,
  type QueryTableOf,
  type QueryResults,
} from './contract.ts';
import { gatewayCommands, noGateway, type GatewayControl } from './gatewayContract.ts';
import { insightQueries } from './insightContract.ts';
import type { Leftovers } from './leftovers.ts';
import { parse, withoutUndefined } from './parseInput.ts';
import { Results } from './results.ts';
import { Reviews } from './reviews.ts';
import { Rules } from './rules.ts';
import { CardMessages } from './cardMessages.ts';
import { CardWorkspaces } from './cardWorkspaces.ts';

export interface KandevServices {
  store: Store;
  events: EventBus;
  boards: Boards;
  tasks: TaskService;
  orchestrator: Orchestrator;
  permissions: PermissionDesk;
  rules: RuleBook;
  questions: QuestionDesk;
  credentials: CredentialDesk;
  devcontainers: DevcontainerDesk;
  transfer: BoardTransfer;
  workspaces: Workspaces;
  pictures: PictureFolder;
  leftovers: Leftovers;
  /** Where agents can work in the open folder, as it is now. */
  workspaceModes: () => Promise<WorkspaceMode[]>;
  agentTypes: () => readonly AgentType[];
  checks: Pick<AgentChecks, 'check' | 'cancel'>;
  /** What is kept of a run's container. */
  containerLog: (runId: string) => Promise<ContainerLog | null>;
  /** Of what is done without anybody waiting for it. */
  onProblem: (text: string) => void;
  /** Left out: programs cannot reach this board. */
  gateway?: GatewayControl;
}

type CommandTable = CommandTableOf<CommandName>;
type ResourceCommand = 'task.setResources' | 'task.answerBlocked';
type DataCommand =
  | ResourceCommand
  | Extract<
      CommandName,
      `${'workspaces' | 'database' | 'credentials' | 'devcontainer' | 'engine'}.${string}`
    >;
type QueueCommand = Extract<CommandName, `queue.${string}`> | 'task.startNow' | 'task.setDependencies';
type QueryTable = QueryTableOf<QueryName>;

/** The services of this process behind the interface that all faces use, on behalf of one person. */
export class LocalKandev implements Kandev {
  readonly #services: KandevServices;
  readonly #actor: () => string;
  readonly #boards: BoardDesk;
  readonly #results: Results;
  readonly #reviews: Reviews;
  readonly #rules: Rules;
  readonly #messages: CardMessages;
  readonly #places: CardWorkspaces;
  readonly #commands: CommandTable;
  readonly #queries: QueryTable;
  readonly #changes: ChangeCount;

  /** `actor` names who asks, for the history of the cards. */
  constructor(services: KandevServices, actor: () => string, changes = new ChangeCount(services.events)) {
    this.#changes = changes;
    this.#services = services;
    this.#actor = actor;
    this.#boards = new BoardDesk(services, actor);
    this.#results = new Results(services, actor);
    const { messages } = services.orchestrator;
    this.#reviews = new Reviews({ ...services, messages }, actor);
    this.#rules = new Rules(services, actor);
    this.#messages = new CardMessages(services, actor);
    this.#places = new CardWorkspaces(services);
    this.#commands = this.#commandTable();
    this.#queries = this.#queryTable();
  }

  async execute<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandResults[C]> {
    const params = parse(commandSchemas[command], input) as CommandParams<C>;
    return this.#commands[command](params);
  }

  async query<Q extends QueryName>(query: Q, input: QueryInput<Q>): Promise<QueryResults[Q]> {
    const params = parse(querySchemas[query], input) as QueryParams<Q>;
    return this.#queries[query](params);
  }

  /** The same services on behalf of somebody else. */
  actingAs(actor: string): Kandev {
    return new LocalKandev(this.#services, () => actor, this.#changes);
  }

  subscribe(pattern: string, listener: (event: KandevEvent) => void): Disposable {
    return this.#services.events.subscribe(pattern, listener);
  }

  #commandTable(): CommandTable {
    const { tasks, orchestrator, questions, checks } = this.#services;
    const actor = this.#actor;
    return {
      'task.create': async (params) => {
        this.#checkAgentType(params.agentTypeId);
        return tasks.create({ ...params, ...(await this.#places.newPlace(params, params.boardId)) }, actor());
      },
      'task.update': (params) => this.#update(params),
      'task.move': ({ beforeTaskId, ...move }) =>
        orchestrator.move({ ...withoutUndefined(move), beforeTaskId: beforeTaskId ?? null }, actor()),
      'task.delete': async ({ taskId, ifVersion }) => {
        await orchestrator.delete(taskId, actor(), ifVersion);
        return null;
      },
      'task.restore': ({ taskId }) => tasks.restore(taskId, actor()),
      'task.start': ({ taskId }) => orchestrator.start(taskId, actor()),
      'run.wait': ({ taskId }) => {
        orchestrator.wait(taskId);
        return Promise.resolve(null);
      },
      'run.nudge': ({ taskId }) => orchestrator.nudge(taskId, actor()),
      'task.stop': ({ taskId }) => orchestrator.stop(taskId),
      ...this.#queueCommands(),
      ...this.#messages.commands(),
      'permission.answer': async ({ requestId, optionId }) => {
        await this.#rules.answer(requestId, optionId);
        return null;
      },
      'question.answer': ({ questionId, answer }) => {
        const { action } = answer;
        const content = action === 'accept' ? answer.content : undefined;
        questions.answer(questionId, content ? { action: 'accept', content } : { action });
        return Promise.resolve(null);
      },
      'run.setOption': async ({ taskId, optionId, value }) => {
        await orchestrator.setOption(taskId, optionId, value);
        return null;
      },
      'agent.check': ({ agentTypeId, checkId = randomUUID() }) =>
        checks.check(this.#agentType(agentTypeId), checkId),
      'agent.cancelCheck': ({ checkId }) => {
        checks.cancel(checkId);
        return Promise.resolve(null);
      },
      'agent.signedIn': ({ agentTypeId }) => orchestrator.signedIn(agentTypeId, actor()),
      ...this.#boards.commands(),
      ...this.#results.commands(),
      ...this.#reviews.commands(),
      ...this.#rules.commands(),
      ...this.#dataCommands(),
      ...gatewayCommands(() => this.#gateway()),
    };
  }

  #queueCommands(): Pick<CommandTable, QueueCommand> {
    const { tasks, orchestrator } = this.#services;
    const actor = this.#actor;
    return {
      'task.startNow': ({ taskId }) => orchestrator.startNow(taskId, actor()),
      'task.setDependencies': ({ taskId, dependsOn }) =>
        orchestrator.setDependencies(taskId, dependsOn, actor()),
      'queue.move': ({ taskId, to }) => tasks.moveInQueue(taskId, to),
      'queue.pause': async () => {
        await orchestrator.pauseQueue(actor());
        return null;
      },
      'queue.resume': async () => {
        await orchestrator.resumeQueue();
        return null;
      },
    };
  }

  #resourceCommands(): Pick<CommandTable, ResourceCommand> {
    const { tasks, orchestrator } = this.#services;
    return {
      'task.setResources': ({ taskId, resources }) =>
        tasks.update(taskId, { resources }, { actor: this.#actor() }),
      'task.answerBlocked': async ({ taskId, entry, answer }) => {
        await orchestrator.answerBlocked(taskId, entry, answer);
        return null;
      },
    };
  }

  #dataCommands(): Pick<CommandTable, DataCommand> {
    const { store, events, orchestrator, credentials, devcontainers, leftovers } = this.#services;
    return {
      ...this.#resourceCommands(),
      'workspaces.clear': () => this.#places.clear(),
      'database.exportCopy': async ({ path }) => {
        await store.exportCopy(path);
        return null;
      },
      'database.restoreBackup': async ({ backupId }) => {
        await orchestrator.endAllRuns('A backup was restored.');
        await store.restoreBackup(backupId);
        await orchestrator.recover();
        events.publish('board.replaced', { backupId });
        return null;
      },
      'credentials.share': ({ ids }) => credentials.share(ids),
      'devcontainer.answer': async ({ hash, isUsed }) => {
        await devcontainers.answer(hash, isUsed);
        return null;
      },
      'engine.check': () => orchestrator.checkEngine(),
      'engine.removeLeftovers': ({ runIds }) => leftovers.remove(runIds),
    };
  }

  #queryTable(): QueryTable {
    const {
      store,
      boards,
      orchestrator,
      questions,
      credentials,
      devcontainers,
      agentTypes,
      workspaceModes: modes,
    } = this.#services;
    return {
      boards: async () => {
        const list = await boards.list();
        const revision = this.#changes.count;
        const [cards, queuePause] = await Promise.all([
          store.query('allCards', {}),
          store.query('queuePause', {}),
        ]);
        const workspaceModes = await modes();
        return {
          ...{ revision, boards: list, queuePause, workspaceModes },
          cards: cards.map((card) => this.#view(card)),
        };
      },
      workspaces: () => this.#places.view(),
      'workspace.work': ({ taskId }) => this.#places.workOf(taskId),
      cards: async ({ taskIds }) => {
        const revision = this.#changes.count;
        const cards = await store.query('cards', { taskIds });
        return { revision, cards: cards.map((card) => this.#view(card)) };
      },
      'cards.changed': async (params) => {
        const { cards, deleted } = await store.query('changedCards', params);
        return { cards: cards.map((card) => this.#view(card)), deleted };
      },
      'task.history': ({ taskId }) => store.query('taskHistory', { taskId }),
      'task.runs': ({ taskId }) => store.query('taskRuns', { taskId }),
      backups: () => store.listBackups(),
      'run.transcript': ({ runId, beforeSeq, limit }) =>
        store.query('transcript', { runId, beforeSeq: beforeSeq ?? null, limit }),
      'task.entries': (params) => store.query('changedEntries', params),
      ...this.#messages.queries(),
      agentTypes: () => Promise.resolve([...agentTypes()]),
      questions: () => Promise.resolve(questions.open),
      'run.session': ({ taskId }) => Promise.resolve(orchestrator.session(taskId)),
      ...this.#boards.queries(),
      ...this.#results.queries(),
      ...this.#reviews.queries(),
      ...this.#rules.queries(),
      credentials: () => credentials.view(),
      devcontainer: () => devcontainers.view(),
      ...this.#engineQueries(),
      ...insightQueries(store),
      gateway: () => Promise.resolve(this.#services.gateway?.status ?? { url: null, port: null }),
      'gateway.tokens': async () => this.#gateway().tokens(),
    };
  }

  #engineQueries(): Pick<QueryTable, 'usage' | 'run.containerLog' | 'engine' | 'leftovers'> {
    const { orchestrator, leftovers, containerLog } = this.#services;
    return {
      usage: () => orchestrator.usage(),
      'run.containerLog': ({ runId }) => containerLog(runId),
      engine: () => orchestrator.checkEngine(),
      leftovers: () => leftovers.find(),
    };
  }

  async #update({ taskId, ifVersion, ...patch }: CommandParams<'task.update'>): Promise<Task> {
    this.#checkAgentType(patch.agentTypeId ?? null);
    // Before its workspace is touched, and once more by the database.
    await this.#services.tasks.get(taskId, ifVersion);
    const place = await this.#places.changedPlace(taskId, patch);
    const how = { actor: this.#actor(), ifVersion };
    return this.#services.tasks.update(taskId, { ...withoutUndefined(patch), ...place }, how);
  }

  #view(card: StoredCard): CardView {
    const place = this.#services.orchestrator.queue.find(({ taskId }) => taskId === card.task.id);
    const questions = this.#services.questions.open
      .filter(({ taskId }) => taskId === card.task.id)
      .map(({ id, elicitation }) => ({ id, message: elicitation.message }));
    return {
      ...card,
      stalledSince: this.#services.orchestrator.stalledSince(card.task.id),
      questions,
      queue: place ? { place: place.place, why: place.why, until: place.until, needs: place.needs } : null,
    };
  }

  #gateway(): GatewayControl {
    const { gateway } = this.#services;
    if (!gateway) throw noGateway();
    return gateway;
  }

  #agentType(agentTypeId: string): AgentType {
    this.#checkAgentType(agentTypeId);
    const found = this.#services.agentTypes().find(({ id }) => id === agentTypeId);
    if (!found) throw new Error(`The agent type ${agentTypeId} is gone.`);
    return found;
  }

  #checkAgentType(agentTypeId: string | null): void {
    const known = this.#services.agentTypes();
    if (agentTypeId === null || known.some(({ id }) => id === agentTypeId)) return;
    throw new UserError({
      reason: 'agent-type-unknown',
      message: `There is no agent “${agentTypeId}”. Known agents: ${known.map(({ id }) => id).join(', ')}.`,
      action: { kind: 'openSetting', setting: 'kandev.agents' },
    });
  }
}
