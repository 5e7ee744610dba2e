import { join } from 'node:path';
import type { AgentManagerOptions } from '../agents/agentManager.ts';
import { userOf } from '../credentials/gitIdentity.ts';
import { LocalEventBus, type EventBus } from '../events/eventBus.ts';
import type { AgentType } from '../model/agentType.ts';
import type { EditorFiles } from '../model/editor.ts';
import { AgentChecks } from '../orchestrator/agentCheckup.ts';
import { Orchestrator } from '../orchestrator/orchestrator.ts';
import { PermissionDesk } from '../orchestrator/permissionDesk.ts';
import { RuleBook } from '../orchestrator/ruleBook.ts';
import { QuestionDesk } from '../orchestrator/questionDesk.ts';
import { settingReaders } from '../orchestrator/settingReaders.ts';
import { failureOf, type Notice } from '../model/failure.ts';
import type { RunLog } from '../model/runLog.ts';
import type { HostSettings } from '../model/settings.ts';
import { readContainerLog } from '../store/containerLog.ts';
import { PictureFolder } from '../store/pictureFolder.ts';
import { pruneWireRecords, removeWireRecords } from '../store/wireRecord.ts';
import type { Store } from '../store/store.ts';
import { WorkerStore } from '../store/workerStore.ts';
import { Boards } from '../tasks/boards.ts';
import { TaskService } from '../tasks/taskService.ts';
import { DeferredWorkspaces } from '../workspaces/deferredWorkspaces.ts';
import { workspaceModesOf } from '../workspaces/findRepository.ts';
import { LocalWorkspaces } from '../workspaces/localWorkspaces.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import { CardAgentTools, type AgentToolServices } from './agentTools.ts';
import { BoardTransfer } from './boardTransfer.ts';
import type { Kandev } from './contract.ts';
import type { GatewayBoard, OpenableGateway } from './gatewayContract.ts';
import { Leftovers } from './leftovers.ts';
import { LocalKandev } from './localKandev.ts';
import { openAgents, thisHost } from './openAgents.ts';
import { careForWorkspaces, type WorkspaceCare } from './workspaceCare.ts';

export interface OpenKandevOptions {
  /** Where the board keeps its data; made when it is not there. */
  storageFolder: string;
  /** Whether this process may still write: another window may have taken the lead. */
  holdsLead: () => boolean;
  settings: HostSettings;
  /** Files as this window has them. */
  files: EditorFiles;
  /** The endpoint comes from the settings. */
  agents: Omit<AgentManagerOptions, 'engineSetting'>;
  log: RunLog;
  clientVersion: string;
  /** Something about the database that the user should read now: a damaged file, a full disk, room again. */
  onNotice: (notice: Notice) => void;
  /** Makes the switch of the API gateway; left out, there is none. */
  makeGateway?: (board: GatewayBoard) => OpenableGateway;
  /** Something in the settings or in this program that the user or we should know of. */
  onProblem: (text: string) => void;
}

export interface OpenedKandev {
  kandev: Kandev;
  /** Leaves the agents at work, or ends them, as the user has chosen, and closes the database; within a few seconds. */
  close(): Promise<void>;
}

/**
 * Opens the board of one folder: builds the services, and sets right what the last end left behind.
 * @throws UserError `storage` when the database cannot be opened
 */
export async function openKandev(options: OpenKandevOptions): Promise<OpenedKandev> {
  const store = await openStore(options);
  const host = thisHost(options.agents.environment);
  const user = await userOf(host, options.settings.folder());
  await store.write('user.put', { user, at: Date.now() });
  const events = new LocalEventBus('kandev-vscode', (error) => {
    options.onProblem(error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
  const cards = cardServices(store, events);
  const readers = settingReaders(options.settings, options.onProblem);
  const desks = openDesks(store, events, readers.agentTypes);
  const wireFolder = join(options.storageFolder, 'runs');
  const { agents, credentials, devcontainers, channel } = openAgents(options, host, events, readers);
  const pictures = new PictureFolder(join(options.storageFolder, 'pictures'));
  const files = { workspaces: openWorkspaces(options), pictures };
  const shared = { store, events, ...cards, ...desks, credentials, devcontainers, ...files };
  const orchestrator = new Orchestrator({
    ...shared,
    ...pick(options),
    ...readers,
    agents,
    agentTools: agentTools({ store, tasks: cards.tasks, ...readers }, options.settings, () => kandev),
    wireFolder,
  });
  const leftovers = new Leftovers({ store, agents });
  const checks = new AgentChecks({ ...options, agents, credentials });
  const gateway = options.makeGateway?.(gatewayBoard(events, user.name, () => kandev));
  const kandev: LocalKandev = new LocalKandev(
    {
      ...shared,
      ...(gateway ? { gateway } : {}),
      orchestrator,
      agentTypes: readers.agentTypes,
      checks,
      leftovers,
      workspaceModes: () => workspaceModesOf(options.settings.folder()),
      transfer: new BoardTransfer(store, cards.boards, cards.tasks),
      containerLog: (runId) => readContainerLog(wireFolder, runId),
      onProblem: options.onProblem,
    },
    () => user.name,
  );
  await channel.reopen().catch((error: unknown) => {
    options.onProblem(`Agents' git cannot ask for passwords: ${failureOf(error).message}`);
  });
  await orchestrator.recover();
  void tellOfLeftovers(leftovers, options);
  await tidyUp({ ...shared, orchestrator }, wireFolder, options);
  beginGateway(gateway, options.onNotice);
  return {
    kandev,
    close: async () => {
      await gateway?.close();
      checks.cancelAll();
      await orchestrator.dispose();
      await channel.close();
      await store.close();
    },
  };
}

/** What agents ask, and the rules by which their user has answered some of it beforehand. */
function openDesks(
  store: Store,
  events: EventBus,
  agentTypes: () => readonly AgentType[],
): { permissions: PermissionDesk; rules: RuleBook; questions: QuestionDesk } {
  const rules = new RuleBook(store, agentTypes);
  return {
    permissions: new PermissionDesk(store, events, rules),
    rules,
    questions: new QuestionDesk(events),
  };
}

function cardServices(store: Store, events: EventBus): { boards: Boards; tasks: TaskService } {
  const boards = new Boards(store, events);
  return { boards, tasks: new TaskService(store, events, boards) };
}

/** Nobody waits for it. */
function beginGateway(gateway: OpenableGateway | undefined, onNotice: (notice: Notice) => void): void {
  gateway?.begin().catch((error: unknown) => {
    onNotice({ ...failureOf(error), severity: 'warning' });
  });
}

function pick({ files, settings, log, clientVersion }: OpenKandevOptions) {
  return { files, settings, log, clientVersion };
}

function agentTools(
  services: Pick<AgentToolServices, 'store' | 'tasks' | 'agentTypes'>,
  settings: HostSettings,
  find: () => LocalKandev,
): CardAgentTools {
  const actingAs = (agent: string): Kandev => find().actingAs(agent);
  return new CardAgentTools({ ...services, rules: () => settings.agentCards(), actingAs });
}

/** In their history cards have the name of the user, and that of the program's token. */
function gatewayBoard(events: EventBus, user: string, find: () => LocalKandev): GatewayBoard {
  return {
    subscribe: (pattern, listener) => events.subscribe(pattern, listener),
    kandevFor: (name) => find().actingAs(`${user} (${name})`),
    changed: (status) => {
      events.publish('gateway.changed', { status });
    },
  };
}

function openStore({ storageFolder, agents, holdsLead, onNotice }: OpenKandevOptions): Promise<WorkerStore> {
  return WorkerStore.open({
    folder: join(storageFolder, 'database'),
    legacyPath: join(storageFolder, 'board.db'),
    workerPath: join(agents.distFolder, 'storeWorker.js'),
    wasmPath: join(agents.distFolder, 'sql-wasm.wasm'),
    fence: holdsLead,
    onNotice,
  });
}

function openWorkspaces({ storageFolder, settings, agents, files, onNotice }: OpenKandevOptions): Workspaces {
  const open = (): Promise<Workspaces> => {
    const git = settings.gitPath();
    return LocalWorkspaces.open({
      folder: join(storageFolder, 'workspaces'),
      ...(git === null ? {} : { git }),
      environment: agents.environment,
      editors: files,
    });
  };
  return new DeferredWorkspaces(open, (interrupted) => {
    if (interrupted.length > 0) onNotice(cutOffNotice);
  });
}

const cutOffNotice: Notice = {
  severity: 'warning',
  message:
    'VS Code was ended while changes of an agent were being applied or taken back, so some files may be halfway. Undo it to have them as they were before.',
  action: { kind: 'undoLast' },
};

/** Removes what is gone for good; what takes long goes on by itself. */
async function tidyUp(
  care: WorkspaceCare & { pictures: PictureFolder },
  wireFolder: string,
  { settings, onProblem }: OpenKandevOptions,
): Promise<void> {
  const purged = await care.tasks.purgeDeleted();
  void prune(wireFolder, purged.runIds, settings, onProblem);
  void care.pictures.removeCards(purged.taskIds).catch((error: unknown) => {
    onProblem(`Old pictures could not be removed: ${String(error)}`);
  });
  void careForWorkspaces(care, purged).catch((error: unknown) => {
    onProblem(`Old workspaces could not be removed: ${failureOf(error).message}`);
  });
}

/** Without an engine there is nothing to be told of; that it is missing is told elsewhere. */
async function tellOfLeftovers(
  leftovers: Leftovers,
  { onNotice }: Pick<OpenKandevOptions, 'onNotice'>,
): Promise<void> {
  const { length } = await leftovers.find().catch(() => []);
  if (length === 0) return;
  const what = length === 1 ? 'Containers of one run are' : `Containers of ${length} runs are`;
  onNotice({
    severity: 'info',
    message: `${what} left over from cards or folders that are gone.`,
    action: { kind: 'cleanUp' },
  });
}

async function prune(
  folder: string,
  purgedRuns: readonly string[],
  settings: HostSettings,
  onProblem: (text: string) => void,
): Promise<void> {
  const limits = { days: settings.wireRecordDays(), bytes: settings.wireRecordMegabytes() * 1024 * 1024 };
  try {
    await removeWireRecords(folder, purgedRuns);
    await pruneWireRecords(folder, limits);
  } catch (error) {
    onProblem(`Old records of runs could not be removed: ${String(error)}`);
  }
}
