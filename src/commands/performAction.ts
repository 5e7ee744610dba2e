import { commands, env, l10n, ThemeIcon, Uri, window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { UserError, type UserAction } from '../model/failure.ts';
import { taskStates } from '../model/task.ts';
import type { EngineWatch } from '../providers/engineWatch.ts';
import type { OutputLog } from '../providers/outputLog.ts';
import type { BoardWindow } from './commandContext.ts';

export interface ActionContext {
  kandev: Kandev;
  board: BoardWindow;
  log: OutputLog;
  engine: EngineWatch;
}

/** Does what the button below a failure stands for. */
export async function performAction(context: ActionContext, action: UserAction): Promise<void> {
  switch (action.kind) {
    case 'retry':
      await context.kandev.execute('task.start', { taskId: action.taskId });
      return;
    case 'stop':
      await context.kandev.execute('task.stop', { taskId: action.taskId });
      return;
    case 'stopAndMove': {
      const to = taskStates.find((state) => state === action.to);
      if (to) await context.kandev.execute('task.move', { taskId: action.taskId, to, stopRun: true });
      return;
    }
    case 'editTask':
      context.board.startEdit(action.taskId);
      return;
    case 'workInCopy':
      await workInCopy(context.kandev, action.taskId);
      return;
    case 'openFolder':
      await commands.executeCommand('vscode.openFolder');
      return;
    case 'showLog':
      context.log.show();
      return;
    case 'openSetting':
      await commands.executeCommand('workbench.action.openSettings', action.setting);
      return;
    case 'openUrl':
      await env.openExternal(Uri.parse(action.url));
      return;
    case 'checkEngine':
      await checkEngine(context.engine);
      return;
    case 'registrySignIn':
      signInToRegistry(action.registry);
      return;
    case 'exportDatabase':
      await commands.executeCommand('kandev.exportDatabase');
      return;
    case 'reloadWindow':
      await commands.executeCommand('workbench.action.reloadWindow');
      return;
    default:
      beginDialog(action);
  }
}

/** Opens what takes as long as its user does, and tells of its failures itself. */
function beginDialog(
  action: Extract<
    UserAction,
    {
      kind:
        | 'chooseDependencies'
        | 'signIn'
        | 'credentials'
        | 'devcontainer'
        | 'allowHost'
        | 'editResources'
        | 'undoLast'
        | 'cleanUp';
    }
  >,
): void {
  switch (action.kind) {
    case 'chooseDependencies':
      void commands.executeCommand('kandev.chooseDependencies', { taskId: action.taskId });
      return;
    case 'signIn':
      void commands.executeCommand('kandev.signIn', action.agentTypeId);
      return;
    case 'credentials':
      void commands.executeCommand('kandev.credentials');
      return;
    case 'devcontainer':
      void commands.executeCommand('kandev.devcontainer');
      return;
    case 'allowHost':
      void commands.executeCommand('kandev.allowHost', action.taskId, action.entry);
      return;
    case 'editResources':
      void commands.executeCommand('kandev.editResources', action.taskId);
      return;
    case 'undoLast':
      void commands.executeCommand('kandev.undoLast');
      return;
    case 'cleanUp':
      void commands.executeCommand('kandev.cleanUpContainers');
      return;
  }
}

async function workInCopy(kandev: Kandev, taskId: string): Promise<void> {
  const { workspaceModes } = await kandev.query('boards', {});
  const workspaceMode = workspaceModes.includes('clone') ? 'clone' : 'copy';
  await kandev.execute('task.update', { taskId, workspaceMode });
  await kandev.execute('task.start', { taskId });
}

/** Not through a shell: the registry's name comes from an image's. */
function signInToRegistry(registry: string | null): void {
  const terminal = window.createTerminal({
    name: l10n.t('Sign In to {0}', registry ?? 'Docker Hub'),
    shellPath: 'docker',
    shellArgs: ['login', ...(registry === null ? [] : [registry])],
    iconPath: new ThemeIcon('key'),
    isTransient: true,
  });
  terminal.show();
}

/** Looks for the engine again; that it answers shows in the tree and on the board by itself. */
async function checkEngine(engine: EngineWatch): Promise<void> {
  const { failure } = await engine.check();
  if (failure) throw new UserError(failure);
}
