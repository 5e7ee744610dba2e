import { workspace, type ExtensionContext } from 'vscode';
import { UserError } from './model/failure.ts';
import { editorFiles } from './providers/editorFiles.ts';
import type { FailureMessages } from './providers/failureMessages.ts';
import type { OutputLog } from './providers/outputLog.ts';
import type { Settings } from './providers/settings.ts';
import type { SharedBoard } from './windows/openSharedBoard.ts';

/** Opens the board as soon as there is a folder that may have one; where another window has it open, through that one. */
export async function openBoard(
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
