import { commands, l10n, ThemeIcon, Uri, window, type QuickPickItem } from 'vscode';
import type { QueryResults } from '../api/contract.ts';
import { boardWorkspaceModes, type BoardWorkspaceMode } from '../model/task.ts';
import { agoText } from '../providers/agoText.ts';
import { shownBoard } from '../providers/boardState.ts';
import { filesText } from '../providers/cardText.ts';
import { modeText, sizeText } from '../providers/workspaceText.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

type WorkspacesView = QueryResults['workspaces'];
type Entry = WorkspacesView['entries'][number];

/** Where agents work, and what that leaves on the disk. */
export const workspaceCommands: CommandTable = {
  'kandev.setDefaultWorkspace': async (context) => {
    const { workspaceModes } = await context.kandev.query('boards', {});
    const board = shownBoard(context.state);
    const modes = boardWorkspaceModes.filter((mode) => workspaceModes.includes(mode));
    const items: (QuickPickItem & { mode: BoardWorkspaceMode })[] = modes.map((mode) => {
      const { name, detail } = modeText(mode);
      const description = mode === board?.workspaceMode ? l10n.t('as it is') : '';
      return { label: name, detail, description, mode };
    });
    const picked = await window.showQuickPick(items, {
      title: l10n.t('Set Default Workspace'),
      placeHolder: l10n.t('Where shall the agents of new cards work? Each card can have it otherwise.'),
    });
    if (picked)
      await context.kandev.execute('board.setWorkspaceMode', { boardId: board?.id, mode: picked.mode });
  },

  'kandev.showWorkspaces': showWorkspaces,

  'kandev.clearWorkspaces': clear,
};

interface Item extends QuickPickItem {
  entry?: Entry;
}

async function showWorkspaces(context: CommandContext): Promise<void> {
  const view = await window.withProgress({ location: { viewId: 'kandev.cards' } }, () =>
    context.kandev.query('workspaces', {}),
  );
  const rest = l10n.t(
    'Checkpoints take {0}, repositories that were fetched {1}.',
    sizeText(view.checkpointBytes),
    sizeText(view.repositoryBytes),
  );
  if (view.entries.length === 0) {
    void window.showInformationMessage(`${l10n.t('No card has a workspace beside the folder.')} ${rest}`);
    return;
  }
  const safe = view.entries.filter(isSafe);
  const total = view.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const items: Item[] = [
    ...(safe.length === 0
      ? []
      : [
          {
            label: `$(trash) ${l10n.t('Clear What Is Safe')}`,
            detail: l10n.t(
              '{0} whose work was taken or given up, or that have none: {1}',
              safe.length,
              sizeText(safe.reduce((sum, { bytes }) => sum + bytes, 0)),
            ),
          },
        ]),
    ...view.entries.map((entry) => itemOf(entry)),
  ];
  const picked = await pick(items, l10n.t('Workspaces: {0} on the disk. {1}', sizeText(total), rest));
  if (!picked) return;
  if (!picked.entry) await clear(context);
  else if (await isMeant(picked.entry)) {
    await commands.executeCommand('vscode.openFolder', Uri.file(picked.entry.root), { forceNewWindow: true });
  }
}

/** An agent has written all that a window would read there. */
async function isMeant(entry: Entry): Promise<boolean> {
  const open = l10n.t('Open in New Window');
  const detail = [
    l10n.t(
      'An agent has written to these files. Tasks, settings and git there may run what it has put there: trust them in the new window only when you have looked at them.',
    ),
    entry.inUse
      ? l10n.t(
          'An agent has this workspace: what you change there while it works is mixed with what it changes.',
        )
      : l10n.t('What you change there is a part of the card’s result.'),
  ].join('\n\n');
  const question = l10n.t('Open the workspace of “{0}”?', nameOf(entry));
  return (await window.showWarningMessage(question, { modal: true, detail }, open)) === open;
}

const revealButton = { iconPath: new ThemeIcon('folder-opened'), tooltip: l10n.t('Reveal in File Explorer') };

function pick(items: readonly Item[], title: string): Promise<Item | undefined> {
  const picker = window.createQuickPick<Item>();
  picker.title = title;
  picker.placeholder = l10n.t('Open a workspace in a new window');
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  picker.items = items;
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]);
      picker.dispose();
    });
    picker.onDidTriggerItemButton(({ item }) => {
      if (item.entry) void commands.executeCommand('revealFileInOS', Uri.file(item.entry.root));
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
    picker.show();
  });
}

function itemOf(entry: Entry): Item {
  const { kind, bytes, root, inUse } = entry;
  return {
    label: nameOf(entry),
    description: [modeText(kind).name, sizeText(bytes), ...(inUse ? [l10n.t('in use')] : [])].join(' · '),
    // What counts comes first: the row is narrow, and the path is long.
    detail: [...workTexts(entry), root].join(' · '),
    buttons: [revealButton],
    entry,
  };
}

function nameOf({ title, state }: Entry): string {
  const name = title ?? l10n.t('A card that is gone');
  return state === 'DELETED' ? l10n.t('{0} (deleted)', name) : name;
}

/** What has become of its work, how much that is and how old. */
function workTexts({ work, held }: Entry): string[] {
  return [
    workText(work),
    ...(held === null ? [] : [filesText(held)]),
    ...(typeof held?.at === 'number' ? [agoText(Date.now() - held.at)] : []),
  ];
}

function workText(work: Entry['work']): string {
  switch (work) {
    case 'none':
      return l10n.t('nothing was changed');
    case 'untaken':
      return l10n.t('holds work that nobody has taken');
    case 'taken':
      return l10n.t('its work was taken');
    case 'discarded':
      return l10n.t('its work was given up');
    case 'unknown':
      return l10n.t('could not be looked through');
  }
}

function isSafe({ work, inUse }: Entry): boolean {
  return !inUse && work !== 'untaken' && work !== 'unknown';
}

async function clear(context: CommandContext): Promise<void> {
  const removed = await context.kandev.execute('workspaces.clear', {});
  void window.showInformationMessage(
    removed.length === 0
      ? l10n.t('There is nothing to clear: what is left is in use, or holds work that nobody has taken.')
      : removed.length === 1
        ? l10n.t('One workspace was removed. Work that nobody has taken is still there.')
        : l10n.t('{0} workspaces were removed. Work that nobody has taken is still there.', removed.length),
  );
}
