import { window, workspace, type ExtensionContext } from 'vscode';
import { DeferredKandev } from './api/deferredKandev.ts';
import type { Kandev } from './api/contract.ts';
import { performAction } from './commands/performAction.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { UserError } from './model/failure.ts';
import { LiveBoardState } from './providers/boardState.ts';
import { BoardTreeView } from './providers/boardView.ts';
import { CardDeletion } from './providers/cardDeletion.ts';
import { DisposableStore } from './providers/disposableStore.ts';
import { EngineWatch } from './providers/engineWatch.ts';
import { FailureMessages } from './providers/failureMessages.ts';
import { OutputLog } from './providers/outputLog.ts';
import { PermissionPrompts } from './providers/permissionPrompts.ts';
import { RunMessages } from './providers/runMessages.ts';
import { RunStatusBar } from './providers/runStatusBar.ts';
import { Settings } from './providers/settings.ts';
import { TaskTree } from './providers/taskTree.ts';
import { BoardPanels, boardViewType } from './webview/host/boardPanel.ts';
import type { SharedKandev } from './windows/sharedKandev.ts';

let opened: Promise<SharedKandev> | null = null;

/** Builds the faces, which show "loading" until the board behind them is open. Does no I/O of its own. */
export function activate(context: ExtensionContext): void {
  const store = new DisposableStore();
  context.subscriptions.push(store);
  const settings = new Settings(process.env);
  const log = store.add(new OutputLog(() => settings.acpTrace()));
  const failures = new FailureMessages(
    (action) => performAction({ kandev, board, log, engine }, action),
    (text) => {
      log.failure(text);
    },
  );
  opened = open(context, settings, log, failures, () => {
    // Another window leads now, or this one does: what is shown is read anew.
    void state.reload();
  });
  const kandev: Kandev = new DeferredKandev(opened);
  store.add(
    kandev.subscribe('>', (event) => {
      log.record(event);
    }),
  );
  const state = store.add(new LiveBoardState(kandev));
  log.useTitles(state);
  const engine = store.add(new EngineWatch(kandev, state));
  const prompts = store.add(new PermissionPrompts(state, kandev, failures));
  const deletion = new CardDeletion(kandev, state, failures);
  const tree = store.add(new TaskTree(state, kandev, failures));
  const view = store.add(
    new BoardTreeView(tree, state, () => {
      engine.look();
    }),
  );
  const board: BoardPanels = store.add(
    new BoardPanels({
      kandev,
      state,
      extensionUri: context.extensionUri,
      drafts: context.workspaceState,
      log,
      runAction: (action) => performAction({ kandev, board, log, engine }, action),
      deleteCard: (taskId) => deletion.delete([taskId]),
    }),
  );
  store.add(window.registerWebviewPanelSerializer(boardViewType, board));
  store.add(new RunStatusBar(state));
  store.add(new RunMessages(kandev, failures, state));
  const actions = { kandev, state, failures, prompts, deletion, log, board, engine, view };
  for (const command of registerCommands(actions)) store.add(command);
  store.add(
    workspace.onDidChangeConfiguration((change) => {
      if (!change.affectsConfiguration('kandev')) return;
      void state.reload();
      engine.look();
    }),
  );
}

export async function deactivate(): Promise<void> {
  const board = await opened?.catch(() => null);
  await board?.close();
}

/** Opens the board as soon as there is a folder that may have one; where another window has it open, through that one. */
async function open(
  context: ExtensionContext,
  settings: Settings,
  log: OutputLog,
  failures: FailureMessages,
  onChange: () => void,
): Promise<SharedKandev> {
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
