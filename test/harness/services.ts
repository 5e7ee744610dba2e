import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CardAgentTools } from '../../src/api/agentTools.ts';
import { BoardTransfer } from '../../src/api/boardTransfer.ts';
import type { Kandev } from '../../src/api/contract.ts';
import { Leftovers } from '../../src/api/leftovers.ts';
import { LocalKandev } from '../../src/api/localKandev.ts';
import { ConsentFile } from '../../src/credentials/consent.ts';
import { LocalEventBus } from '../../src/events/eventBus.ts';
import type { AgentType } from '../../src/model/agentType.ts';
import type { CardView } from '../../src/model/cardView.ts';
import type { CredentialOffer } from '../../src/model/credential.ts';
import type { EventData, EventType, KandevEvent } from '../../src/model/events.ts';
import type { RunLog } from '../../src/model/runLog.ts';
import type { AgentCardRules, HostSettings, RunRules, WorkspaceSettings } from '../../src/model/settings.ts';
import { AgentChecks } from '../../src/orchestrator/agentCheckup.ts';
import { CredentialDesk } from '../../src/orchestrator/credentialDesk.ts';
import { resolveMcpServers, variablesOf } from '../../src/orchestrator/mcpServers.ts';
import { DevcontainerAnswers } from '../../src/credentials/devcontainerAnswers.ts';
import { DevcontainerDesk } from '../../src/orchestrator/devcontainerDesk.ts';
import { Orchestrator } from '../../src/orchestrator/orchestrator.ts';
import { PermissionDesk } from '../../src/orchestrator/permissionDesk.ts';
import { RuleBook } from '../../src/orchestrator/ruleBook.ts';
import { QuestionDesk } from '../../src/orchestrator/questionDesk.ts';
import { readContainerLog } from '../../src/store/containerLog.ts';
import { PictureFolder } from '../../src/store/pictureFolder.ts';
import type { Store } from '../../src/store/store.ts';
import { Boards } from '../../src/tasks/boards.ts';
import { TaskService } from '../../src/tasks/taskService.ts';
import { workspaceModesOf } from '../../src/workspaces/findRepository.ts';
import { LocalWorkspaces } from '../../src/workspaces/localWorkspaces.ts';
import { diskFiles } from './diskFiles.ts';
import { demoAgentFile, LocalAgents } from './localAgents.ts';
import { temporaryStore } from './store.ts';

/** A log that keeps what it is told. */
export class MemoryLog implements RunLog {
  readonly lines: string[] = [];

  info(_taskId: string, line: string): void {
    this.lines.push(`info ${line}`);
  }

  error(_taskId: string, text: string): void {
    this.lines.push(`error ${text}`);
  }

  stderr(_taskId: string, chunk: string): void {
    this.lines.push(`stderr ${chunk}`);
  }

  trace(_taskId: string, direction: 'in' | 'out', line: string): void {
    this.lines.push(`${direction} ${line}`);
  }

  noise(_taskId: string, line: string): void {
    this.lines.push(`noise ${line}`);
  }
}

export interface TestServices {
  kandev: Kandev;
  folder: string;
  pictures: PictureFolder;
  /** Where the runs' wire records are. */
  wireFolder: string;
  store: Store;
  agents: LocalAgents;
  /** What else there is on this machine that could be shared; nothing, at first. */
  offers: CredentialOffer[];
  log: MemoryLog;
  /** Every event so far. */
  events: KandevEvent[];
  settings: {
    maxConcurrentRuns: number;
    startTimeoutSeconds: number;
    runRules: RunRules;
    agentCards: AgentCardRules;
    /** What was entered, and kept in VS Code. */
    environment: Record<string, string>;
    /** What is set where VS Code was started. */
    hostEnvironment: Record<string, string>;
    optionDefaults: Record<string, string | boolean>;
    mcpServers: unknown[];
    workspace: WorkspaceSettings;
  };
  /** A card for the demo agent; `flags` chooses the agent type of that name. */
  card(script: readonly string[], agentTypeId?: string): Promise<string>;
  /** Resolves as soon as a card is as wanted; looks again after each event. */
  until(taskId: string, wanted: (card: CardView) => boolean): Promise<CardView>;
  /** The board on behalf of somebody else than Ann. */
  actingAs(actor: string): Kandev;
  publish<T extends EventType>(type: T, data: EventData[T]): void;
  /** Ends the runs as the end of VS Code does, and opens the same board again. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** The agent types of the tests, by id: the demo agent with flags. */
const flagsOf: Record<string, readonly string[]> = {
  demo: [],
  silent: ['--silent'],
  dies: ['--exit-before-initialize', '3', '--stderr', 'no licence found'],
  noisy: ['--noise'],
  future: ['--protocol-version', '99'],
  planner: [],
  blind: ['--no-pictures'],
  based: [],
  locked: ['--auth-key'],
  leaky: [],
};

const leakyAgent = fileURLToPath(new URL('leaky-agent.mts', import.meta.url));

/** All services of Kandev over a real database, with the demo agent as a process of this machine. */
export async function startServices(): Promise<TestServices> {
  const place = await temporaryStore();
  const folder = await mkdtemp(join(tmpdir(), 'kandev-folder-'));
  const agentFile = await demoAgentFile();
  const services = new Services(folder, place, agentFile);
  await services.open();
  return services;
}

interface Opened {
  kandev: LocalKandev;
  bus: LocalEventBus;
  store: Store;
  orchestrator: Orchestrator;
}

class Services implements TestServices {
  readonly folder: string;
  readonly wireFolder: string;
  readonly pictures: PictureFolder;
  readonly agents = new LocalAgents();
  offers: CredentialOffer[] = [];
  readonly log = new MemoryLog();
  readonly events: KandevEvent[] = [];
  readonly settings: TestServices['settings'] = {
    maxConcurrentRuns: 3,
    startTimeoutSeconds: 20,
    runRules: { retries: 0, retryPauseSeconds: 30, stallMinutes: 5, turnLimitMinutes: 0, runLimitMinutes: 0 },
    agentCards: { perCard: 10, depth: 1, mayStart: false },
    environment: {},
    hostEnvironment: {},
    optionDefaults: {},
    mcpServers: [],
    workspace: { setupScript: '', setupLimitSeconds: 20, copyFiles: [], exclude: [] },
  };
  readonly #place: Awaited<ReturnType<typeof temporaryStore>>;
  readonly #agentFile: string;
  #opened: Opened | null = null;

  constructor(folder: string, place: Awaited<ReturnType<typeof temporaryStore>>, agentFile: string) {
    this.folder = folder;
    this.wireFolder = join(place.folder, 'runs');
    this.pictures = new PictureFolder(join(place.folder, 'pictures'));
    this.#place = place;
    this.#agentFile = agentFile;
  }

  get kandev(): Kandev {
    return this.#current().kandev;
  }

  get store(): Store {
    return this.#current().store;
  }

  async open(): Promise<void> {
    const store = await this.#place.open({ triggers: { idleMs: 20, idleJournalBytes: 1 } });
    const errors = this.log;
    const events = new LocalEventBus('test', (error) => {
      errors.error('', String(error));
    });
    const boards = new Boards(store, events);
    const tasks = new TaskService(store, events, boards);
    const rules = new RuleBook(store, () => this.#agentTypes());
    const permissions = new PermissionDesk(store, events, rules);
    const questions = new QuestionDesk(events);
    const workspaces = await LocalWorkspaces.open({
      folder: join(this.#place.folder, 'workspaces'),
      environment: process.env,
      editors: diskFiles,
    });
    await workspaces.recover();
    const agentTypes = (): AgentType[] => this.#agentTypes();
    const mcpServers = () => resolveMcpServers(this.settings.mcpServers).servers;
    const credentials = new CredentialDesk({
      settings: this.#hostSettings(),
      consent: new ConsentFile(this.#place.folder),
      survey: ({ variables }) =>
        Promise.resolve([
          ...this.offers,
          ...variables.map((name) => {
            const id = `environment:${name}`;
            return { id, kind: 'environment' as const, name, found: '', missing: null };
          }),
        ]),
      secretsInFiles: () => Promise.resolve([]),
      agents: this.agents,
      events,
      agentTypes,
      serverVariables: () => variablesOf(mcpServers()),
    });
    const devcontainers = new DevcontainerDesk({
      settings: this.#hostSettings(),
      answers: new DevcontainerAnswers(this.#place.folder),
      events,
    });
    const orchestrator = new Orchestrator({
      store,
      events,
      tasks,
      permissions,
      questions,
      credentials,
      devcontainers,
      files: diskFiles,
      agents: this.agents,
      agentTools: new CardAgentTools({
        ...{ store, tasks, agentTypes },
        rules: () => this.settings.agentCards,
        actingAs: (agent) => kandev.actingAs(agent),
      }),
      workspaces,
      pictures: this.pictures,
      settings: this.#hostSettings(),
      agentTypes,
      mcpServers,
      log: this.log,
      clientVersion: '0.0.0-test',
      wireFolder: this.wireFolder,
    });
    const kandev: LocalKandev = new LocalKandev(
      {
        store,
        events,
        boards,
        tasks,
        orchestrator,
        permissions,
        rules,
        questions,
        credentials,
        devcontainers,
        checks: new AgentChecks({
          agents: this.agents,
          credentials,
          settings: this.#hostSettings(),
          log: this.log,
          storageFolder: join(this.agents.home, 'checks'),
          clientVersion: '0.0.0-test',
        }),
        agentTypes: () => this.#agentTypes(),
        leftovers: new Leftovers({ store, agents: this.agents }),
        workspaceModes: () => workspaceModesOf(this.folder),
        transfer: new BoardTransfer(store, boards, tasks),
        workspaces,
        pictures: this.pictures,
        containerLog: (runId) => readContainerLog(this.wireFolder, runId),
        onProblem: (text) => {
          this.log.error('', text);
        },
      },
      () => 'ann',
    );
    events.subscribe('>', (event) => this.events.push(event));
    this.#opened = { kandev, bus: events, store, orchestrator };
    await orchestrator.recover();
  }

  async card(script: readonly string[], agentTypeId = 'demo'): Promise<string> {
    const description = ['```kandev-script', ...script, '```'].join('\n');
    const title = script[0] ?? 'A card';
    const task = await this.kandev.execute('task.create', { title, description, agentTypeId });
    return task.id;
  }

  until(taskId: string, wanted: (card: CardView) => boolean): Promise<CardView> {
    return new Promise((resolve, reject) => {
      const look = async (): Promise<void> => {
        const { cards } = await this.kandev.query('cards', { taskIds: [taskId] });
        const [card] = cards;
        if (!card || !wanted(card)) return;
        subscription.dispose();
        resolve(card);
      };
      const subscription = this.kandev.subscribe('>', () => void look().catch(reject));
      look().catch(reject);
    });
  }

  actingAs(actor: string): Kandev {
    return this.#current().kandev.actingAs(actor);
  }

  publish<T extends EventType>(type: T, data: EventData[T]): void {
    this.#current().bus.publish(type, data);
  }

  async reopen(): Promise<void> {
    await this.#shut();
    await this.open();
  }

  async close(): Promise<void> {
    await this.#shut();
    await this.#place.remove();
    for (const folder of [this.folder, this.agents.home]) await rm(folder, { recursive: true, force: true });
  }

  async #shut(): Promise<void> {
    const { orchestrator, store } = this.#current();
    await orchestrator.dispose();
    await store.close();
  }

  #current(): Opened {
    if (!this.#opened) throw new Error('The services are not open.');
    return this.#opened;
  }

  #agentTypes(): AgentType[] {
    return Object.entries(flagsOf).map(([id, flags]) => ({
      id,
      name: `Agent ${id}`,
      image: 'none',
      buildContext: null,
      command: ['node', id === 'leaky' ? leakyAgent : this.#agentFile, ...flags],
      environment: ['TEST_TOKEN', 'KANDEV_DEMO_KEY'],
      resources: { cpus: 1, memoryMb: 512, pids: 512, network: 'bridge' as const },
      dialect: 'acp',
      firstMode: id === 'planner' ? 'plan' : null,
      ...(id === 'based' ? { base: 'devcontainer' as const } : {}),
    }));
  }

  #variables(names: readonly string[], fromHost: ReadonlySet<string>): Record<string, string> {
    const { environment, hostEnvironment } = this.settings;
    const ofHost = Object.entries(hostEnvironment).filter(([name]) => fromHost.has(name));
    const all = { ...Object.fromEntries(ofHost), ...environment };
    return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
  }

  #hostSettings(): HostSettings {
    return {
      folder: () => this.folder,
      dockerHost: () => null,
      gitPath: () => null,
      workspace: () => this.settings.workspace,
      maxConcurrentRuns: () => this.settings.maxConcurrentRuns,
      startTimeoutSeconds: () => this.settings.startTimeoutSeconds,
      runRules: () => this.settings.runRules,
      agentCards: () => this.settings.agentCards,
      whenClosed: () => 'stop',
      keepContainerMinutes: () => 10,
      wireRecordDays: () => 30,
      wireRecordMegabytes: () => 500,
      mcpServers: () => this.settings.mcpServers,
      userAgents: () => [],
      environment: (names, fromHost) => Promise.resolve(this.#variables(names, fromHost)),
      hostVariables: (names) =>
        Promise.resolve(names.filter((name) => name in this.settings.hostEnvironment)),
      optionDefaults: () => this.settings.optionDefaults,
    };
  }
}
