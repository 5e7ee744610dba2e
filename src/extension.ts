import { languages, window, workspace, type Disposable, type ExtensionContext } from 'vscode';
import { checkField } from './acp/elicitation.ts';
import { DeferredKandev } from './api/deferredKandev.ts';
import type { Kandev } from './api/contract.ts';
import { performAction } from './commands/performAction.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { UserError, type UserAction } from './model/failure.ts';
import { LiveBoardState } from './providers/boardState.ts';
import { BoardTreeView } from './providers/boardView.ts';
import { CardDeletion } from './providers/cardDeletion.ts';
import { CardMoves } from './providers/cardMoves.ts';
import { CardCodeActions } from './providers/codeActions.ts';
import { ContainerLogs } from './providers/containerLogs.ts';
import { registerChatTools } from './providers/chatTools.ts';
import { CredentialPrompts } from './providers/credentialPrompts.ts';
import { DevcontainerPrompts } from './providers/devcontainerPrompts.ts';
import { watchDevContainers } from './providers/devContainers.ts';
import { DisposableStore } from './providers/disposableStore.ts';
import { editorFiles } from './providers/editorFiles.ts';
import { EngineWatch } from './providers/engineWatch.ts';
import { FailureMessages } from './providers/failureMessages.ts';
import { GatewayWatch } from './providers/gatewayWatch.ts';
import { OutputLog } from './providers/outputLog.ts';
import { resultScheme, ResultFiles } from './providers/resultFiles.ts';
import { PermissionPrompts } from './providers/permissionPrompts.ts';
import { PromptQueue } from './providers/promptQueue.ts';
import { QuestionPrompts } from './providers/questionPrompts.ts';
import { QuickCards } from './providers/quickCards.ts';
import { ReviewComments } from './providers/reviewComments.ts';
import { ReviewDocuments } from './providers/reviewDocuments.ts';
import { ReviewWalk } from './providers/reviewWalk.ts';
import { RunMessages } from './providers/runMessages.ts';
import { RunStatusBar } from './providers/runStatusBar.ts';
import { SharedFilter } from './providers/sharedFilter.ts';
import { SecretEnvironment } from './providers/secretEnvironment.ts';
import { offerToModels } from './providers/mcpDefinitions.ts';
import { Settings } from './providers/settings.ts';
import { TaskTree, type TaskTreeOptions } from './providers/taskTree.ts';
import { UndoHistory } from './providers/undoHistory.ts';
import { UsageFeed } from './providers/usageFeed.ts';
import { WorkingFiles } from './providers/workingFiles.ts';
import { BoardPanels, boardViewType } from './webview/host/boardPanel.ts';
import { RunPanels, runViewType } from './webview/host/runPanels.ts';
import type { SharedBoard } from './windows/openSharedBoard.ts';

let opened: Promise<SharedBoard> | null = null;

/** Builds the faces, which show "loading" until the board behind them is open. Does no I/O of its own. */
export function activate(context: ExtensionContext): void {
  const store = new DisposableStore();
  context.subscriptions.push(store);
  const environment = new SecretEnvironment(context.secrets, process.env, (text) => {
    log.failure(text);
  });
  const settings = new Settings(environment);
  const log = store.add(new OutputLog(() => settings.acpTrace()));
  const perform = (action: UserAction): Promise<void> =>
    performAction({ kandev, board, log, engine }, action);
  const failures = new FailureMessages(perform, log.failure.bind(log));
  const opening = open(context, settings, log, failures, () => {
    // Another window leads now, or this one does: what is shown is read anew.
    void state.reload();
  });
  opened = opening;
  const kandev: Kandev = new DeferredKandev(opening.then((shared) => shared.kandev));
  const agents = async () => (await opening).tools;
  store.add(kandev.subscribe('>', log.record.bind(log)));
  const state = store.add(new LiveBoardState(kandev));
  log.useTitles(state);
  const engine = store.add(new EngineWatch(kandev, state));
  const prompts = new PermissionPrompts(state, kandev, failures);
  const questions = store.add(new QuestionPrompts(state, kandev, failures, checkField));
  const credentials = store.add(new CredentialPrompts(kandev, state, failures));
  const devcontainers = store.add(new DevcontainerPrompts(kandev, state, failures));
  const handwork = openHandwork(kandev, state, failures);
  const usage = store.add(new UsageFeed(kandev, state));
  const filter = store.add(new SharedFilter(context.workspaceState));
  const shared = { state, usage, filter, ...handwork };
  const view = openTree(store, {
    ...{ ...shared, failures, engine },
    runsOf: (taskId) => kandev.query('task.runs', { taskId }),
  });
  const review = openReviews(context, store, { kandev, state, failures });
  const { board, runs } = openPanels(context, store, { ...shared, kandev, log, perform });
  const isWatched = (taskId: string): boolean => runs.isWatched(taskId);
  const wanted = (): ReturnType<Settings['notifications']> => settings.notifications();
  const asked = () => (wanted() === 'off' ? [] : [...prompts.open(), ...questions.open()]);
  const queue = store.add(new PromptQueue(state, asked, isWatched));
  runs.onDidChangeWatched(() => {
    queue.look();
  });
  const gateway = store.add(new GatewayWatch(kandev, failures));
  store.add(new RunStatusBar(state, gateway));
  store.add(offerToModels(kandev, gateway));
  store.add(registerChatTools(kandev));
  store.add(watchDevContainers());
  const containerLogs = store.add(new ContainerLogs(kandev));
  openInCode(store, kandev, state);
  store.add(new RunMessages({ kandev, failures, state, isWatched, wanted }));
  const faces = { failures, prompts, questions, credentials, devcontainers, log, board, runs, view };
  const actions = { ...faces, ...shared, ...review, kandev, engine, agents, environment, containerLogs };
  for (const command of registerCommands({ ...actions, gateway })) store.add(command);
  store.add(followSettings(state, engine));
}

function followSettings(state: LiveBoardState, engine: EngineWatch): Disposable {
  return workspace.onDidChangeConfiguration((change) => {
    if (!change.affectsConfiguration('kandev')) return;
    void state.reload();
    engine.look();
  });
}

/** What people do with cards by hand, with one history of what can be taken back. */
interface Handwork {
  history: UndoHistory;
  deletion: CardDeletion;
  moves: CardMoves;
  creation: QuickCards;
}

function openHandwork(kandev: Kandev, state: LiveBoardState, failures: FailureMessages): Handwork {
  const history = new UndoHistory();
  const deletion = new CardDeletion(kandev, state, failures, history);
  const moves = new CardMoves(kandev, state, history);
  return { history, deletion, moves, creation: new QuickCards(kandev, deletion, history) };
}

interface TreeOptions extends TaskTreeOptions {
  engine: EngineWatch;
}

/** The tree in the sidebar. The engine is looked at when somebody sees it for the first time. */
function openTree(store: DisposableStore, { engine, ...options }: TreeOptions): BoardTreeView {
  const tree = store.add(new TaskTree(options));
  return store.add(
    new BoardTreeView(tree, options.state, options.filter, () => {
      engine.look();
    }),
  );
}

/** What of Kandev is in the editor and in the Explorer. */
function openInCode(store: DisposableStore, kandev: Kandev, state: LiveBoardState): void {
  const actions = new CardCodeActions();
  const files = { scheme: 'file' };
  store.add(languages.registerCodeActionsProvider(files, actions, CardCodeActions.metadata));
  store.add(window.registerFileDecorationProvider(store.add(new WorkingFiles(kandev, state))));
}

/** The files of agents' results, and what people say about them. */
function openReviews(
  { workspaceState }: ExtensionContext,
  store: DisposableStore,
  { kandev, state, failures }: { kandev: Kandev; state: LiveBoardState; failures: FailureMessages },
): { review: ReviewComments; walk: ReviewWalk } {
  store.add(workspace.registerTextDocumentContentProvider(resultScheme, new ResultFiles(kandev)));
  const documents = new ReviewDocuments(state, workspaceState);
  return {
    review: store.add(new ReviewComments(kandev, state, documents, failures)),
    walk: store.add(new ReviewWalk(kandev, state, documents)),
  };
}

interface PanelsOptions extends Handwork {
  kandev: Kandev;
  state: LiveBoardState;
  usage: UsageFeed;
  filter: SharedFilter;
  log: OutputLog;
  /** Does what the button of a failure says. */
  perform: (action: UserAction) => Promise<void>;
}

/** The pages that are shown in editor tabs. */
function openPanels(
  { extensionUri, workspaceState: drafts }: ExtensionContext,
  store: DisposableStore,
  { kandev, state, usage, filter, log, perform, ...handwork }: PanelsOptions,
): { board: BoardPanels; runs: RunPanels } {
  const options = { kandev, state, usage, extensionUri, drafts, log, runAction: perform };
  const board = new BoardPanels({
    ...options,
    filter,
    history: handwork.history,
    deleteCards: (taskIds) => handwork.deletion.delete(taskIds),
    moveCards: (moves, how) => handwork.moves.move(moves, how),
    createCards: (cards) => handwork.creation.create(cards),
  });
  const runs = new RunPanels(options);
  for (const panels of [board, runs]) store.add(panels);
  store.add(window.registerWebviewPanelSerializer(boardViewType, board));
  store.add(window.registerWebviewPanelSerializer(runViewType, runs));
  return { board, runs };
}

export async function deactivate(): Promise<void> {
  const shared = await opened?.catch(() => null);
  await Promise.all([shared?.tools.close(), shared?.kandev.close()]);
}

/** Opens the board as soon as there is a folder that may have one; where another window has it open, through that one. */
async function open(
  context: ExtensionContext,
  settings: Settings,
  log: OutputLog,
  failures: FailureMessages,
  onChange: () => void,
): Promise<SharedBoard> {
  const storage = context.storageUri?.fsPath;
  if (storage === undefined) throw noFolder();
  await trusted(context);
  // The services and the clients of Docker and the database: only when VS Code is done with activating us, so that the
  // extensions that come after need not wait for them.
  await new Promise(setImmediate);
  const { openSharedBoard } = await import('./windows/openSharedBoard.ts');
  return openSharedBoard({
    storage,
    globalStorage: context.globalStorageUri.fsPath,
    distFolder: context.asAbsolutePath('dist'),
    version: (context.extension.packageJSON as { version: string }).version,
    settings,
    secrets: context.secrets,
    files: editorFiles,
    log,
    onChange,
    onNotice: (notice) => {
      failures.notify(notice);
    },
    onProblem: (text) => {
      log.failure(text);
    },
  });
}

async function trusted(context: ExtensionContext): Promise<void> {
  if (workspace.isTrusted) return;
  await new Promise<void>((resolve) => {
    context.subscriptions.push(
      workspace.onDidGrantWorkspaceTrust(() => {
        resolve();
      }),
    );
  });
}

function noFolder(): UserError {
  return new UserError({
    reason: 'no-folder',
    message: 'Cards belong to a folder, and none is open.',
    action: { kind: 'openFolder' },
  });
}
