import { workspace, type Disposable, type ExtensionContext } from 'vscode';
import { DeferredKandev } from './api/deferredKandev.ts';
import type { Kandev } from './api/contract.ts';
import { performAction } from './commands/performAction.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { openHandwork, openInCode, openPanels, openPrompts, openReviews, openTree } from './faces.ts';
import type { UserAction } from './model/failure.ts';
import { openBoard } from './openBoard.ts';
import { LiveBoardState } from './providers/boardState.ts';
import { ContainerLogs } from './providers/containerLogs.ts';
import { registerChatTools } from './providers/chatTools.ts';
import { watchDevContainers } from './providers/devContainers.ts';
import { DisposableStore } from './providers/disposableStore.ts';
import { EngineWatch } from './providers/engineWatch.ts';
import { FailureMessages } from './providers/failureMessages.ts';
import { GatewayWatch } from './providers/gatewayWatch.ts';
import { OutputLog } from './providers/outputLog.ts';
import { PromptQueue } from './providers/promptQueue.ts';
import { RunMessages } from './providers/runMessages.ts';
import { RunStatusBar } from './providers/runStatusBar.ts';
import { SharedFilter } from './providers/sharedFilter.ts';
import { SecretEnvironment } from './providers/secretEnvironment.ts';
import { offerToModels } from './providers/mcpDefinitions.ts';
import { Settings } from './providers/settings.ts';
import { UsageFeed } from './providers/usageFeed.ts';
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
  const opening = openBoard(context, settings, log, failures, () => {
    // Another window leads now, or this one does: what is shown is read anew.
    void state.reload();
  });
  opened = opening;
  const kandev: Kandev = new DeferredKandev(opening.then((shared) => shared.kandev));
  const agents = async () => (await opening).tools;
  store.add(kandev.subscribe('>', log.record.bind(log)));
  const state = store.add(new LiveBoardState(kandev, context.workspaceState));
  log.useTitles(state);
  const engine = store.add(new EngineWatch(kandev, state));
  const asking = openPrompts(store, kandev, state, failures);
  const handwork = openHandwork(kandev, state, failures);
  const usage = store.add(new UsageFeed(kandev, state));
  const filter = store.add(new SharedFilter(context.workspaceState, state));
  const shared = { state, usage, filter, ...handwork };
  const view = openTree(store, {
    ...{ ...shared, failures, engine },
    runsOf: (taskId) => kandev.query('task.runs', { taskId }),
  });
  const review = openReviews(context, store, { kandev, state, failures });
  const { board, runs, insight } = openPanels(context, store, { ...shared, kandev, log, perform });
  const isWatched = (taskId: string): boolean => runs.isWatched(taskId);
  const wanted = (): ReturnType<Settings['notifications']> => settings.notifications();
  const asked = () => (wanted() === 'off' ? [] : [...asking.prompts.open(), ...asking.questions.open()]);
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
  const faces = { failures, ...asking, log, board, runs, insight, view };
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

export async function deactivate(): Promise<void> {
  const shared = await opened?.catch(() => null);
  await Promise.all([shared?.tools.close(), shared?.kandev.close()]);
}
