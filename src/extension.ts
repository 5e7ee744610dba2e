import { createHash, randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { window, workspace, type ExtensionContext } from 'vscode';
import { DeferredKandev } from './api/deferredKandev.ts';
import type { Kandev } from './api/contract.ts';
import { performAction } from './commands/performAction.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { UserError } from './model/failure.ts';
import { LiveBoardState } from './providers/boardState.ts';
import { BoardTreeView } from './providers/boardView.ts';
import { DisposableStore } from './providers/disposableStore.ts';
import { EngineWatch } from './providers/engineWatch.ts';
import { FailureMessages } from './providers/failureMessages.ts';
import { installationId } from './providers/installationId.ts';
import { OutputLog } from './providers/outputLog.ts';
import { PermissionPrompts } from './providers/permissionPrompts.ts';
import { RunMessages } from './providers/runMessages.ts';
import { RunStatusBar } from './providers/runStatusBar.ts';
import { Settings } from './providers/settings.ts';
import { TaskTree } from './providers/taskTree.ts';
import { storageFolder } from './store/storageFolder.ts';
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
  opened = open(context, settings, log, () => {
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
    }),
  );
  store.add(window.registerWebviewPanelSerializer(boardViewType, board));
  store.add(new RunStatusBar(state));
  store.add(new RunMessages(kandev, failures, state));
  for (const command of registerCommands({ kandev, state, failures, prompts, log, board, engine, view })) {
    store.add(command);
  }
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
  onChange: () => void,
): Promise<SharedKandev> {
  const storage = context.storageUri?.fsPath;
  if (storage === undefined) throw noFolder();
  await trusted(context);
  // The services and the clients of Docker and the database: only now, not before the first frame.
  const [{ openKandev }, { SharedKandev }] = await Promise.all([
    import('./api/openKandev.ts'),
    import('./windows/sharedKandev.ts'),
  ]);
  const folder = storageFolder(storage);
  const distFolder = context.asAbsolutePath('dist');
  const onProblem = (text: string): void => {
    log.failure(text);
  };
  const owner = {
    installation: await installationId(context.globalStorageUri.fsPath),
    workspace: createHash('sha256').update(folder).digest('hex').slice(0, 16),
    // Not `env.sessionId`: in a browser that is the same for everybody.
    owner: randomUUID(),
  };
  const board = new SharedKandev({
    folder: join(folder, 'windows'),
    open: () =>
      openKandev({
        storageFolder: folder,
        settings,
        agents: { distFolder, storageFolder: join(folder, 'containers'), owner, environment: process.env },
        log,
        clientVersion: (context.extension.packageJSON as { version: string }).version,
        actor: () => userInfo().username,
        onProblem,
      }),
    onChange,
    onProblem,
  });
  await board.ready();
  return board;
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
