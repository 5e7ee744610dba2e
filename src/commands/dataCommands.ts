import { l10n, Uri, window, workspace, type QuickPickItem } from 'vscode';
import type { QueryResults } from '../api/contract.ts';
import { UserError } from '../model/failure.ts';
import { boardsOf, shownBoard } from '../providers/boardState.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

/** What is kept: copies and backups of the database, boards as files, deleted cards. */
export const dataCommands: CommandTable = {
  'kandev.exportDatabase': async (context) => {
    const target = await window.showSaveDialog({
      title: l10n.t('Export Database Copy'),
      defaultUri: inFolder('kandev.sqlite'),
      filters: { [l10n.t('SQLite database')]: ['sqlite', 'db'] },
    });
    if (!target) return;
    await context.kandev.execute('database.exportCopy', { path: target.fsPath });
    void window.showInformationMessage(l10n.t('The database was copied to {0}.', target.fsPath));
  },

  'kandev.restoreBackup': restoreBackup,

  'kandev.exportBoard': async (context) => {
    const board = shownBoard(context.state);
    const target = await window.showSaveDialog({
      title: l10n.t('Export Board'),
      defaultUri: inFolder(`${fileNameOf(board?.name ?? '')}.kandev.json`),
      filters: { [l10n.t('Kandev board')]: ['json'] },
    });
    if (!target) return;
    const file = await context.kandev.query('board.file', { boardId: board?.id });
    await workspace.fs.writeFile(target, new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`));
    void window.showInformationMessage(
      l10n.t('The board with its {0} cards was written to {1}.', file.tasks.length, target.fsPath),
    );
  },

  'kandev.importBoard': importBoard,

  'kandev.showDeleted': showDeleted,
};

async function restoreBackup(context: CommandContext): Promise<void> {
  const backups = await context.kandev.query('backups', {});
  if (backups.length === 0) {
    void window.showInformationMessage(
      l10n.t('There is no backup yet. The first is made within a minute of the first change of a day.'),
    );
    return;
  }
  const items = backups.map(({ id, kind, at, bytes, cards }) => ({
    label: new Date(at).toLocaleString(),
    description: cards === 1 ? l10n.t('1 card') : l10n.t('{0} cards', cards),
    detail: `${backupKinds()[kind]} · ${l10n.t('{0} KB', Math.ceil(bytes / 1024))}`,
    id,
  }));
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Restore Backup'),
    placeHolder: l10n.t('Which board do you want back? What it is now becomes a backup, too.'),
  });
  if (!picked) return;
  const confirm = l10n.t('Restore');
  const question = l10n.t('Make the board what it was on {0}?', picked.label);
  const detail = l10n.t(
    'Agents that are at work are stopped. You can come back: the board as it is now is backed up first.',
  );
  if ((await window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  await context.kandev.execute('database.restoreBackup', { backupId: picked.id });
  void window.showInformationMessage(l10n.t('The board is again as it was on {0}.', picked.label));
}

async function importBoard(context: CommandContext): Promise<void> {
  const [source] =
    (await window.showOpenDialog({
      title: l10n.t('Import Board'),
      openLabel: l10n.t('Import'),
      filters: { [l10n.t('Kandev board')]: ['json'] },
    })) ?? [];
  if (!source) return;
  const file = parseJson(new TextDecoder().decode(await workspace.fs.readFile(source)), source.fsPath);
  const preview = await context.kandev.query('board.importPreview', { file });
  if (preview.added.length + preview.changed.length === 0) {
    void window.showInformationMessage(
      l10n.t('All {0} cards of this file are here already.', preview.unchanged),
    );
    return;
  }
  const target = await targetOf(context, preview);
  if (!target || !(await confirmImport(preview, target.name))) return;
  const { boardId, asNewBoard } = target;
  const result = await context.kandev.execute('board.import', { file, boardId, asNewBoard });
  if (result.added > 0) context.state.show(result.boardId);
  const kept = result.keptState.map(({ title, why }) => `“${title}”: ${why}`).join(' ');
  const done = l10n.t('{0} cards were added and {1} changed.', result.added, result.changed);
  void window.showInformationMessage(
    kept === '' ? done : `${done} ${l10n.t('Some keep their state.')} ${kept}`,
  );
}

type Preview = QueryResults['board.importPreview'];

async function confirmImport({ added, changed, unchanged }: Preview, name: string): Promise<boolean> {
  const lines = [
    ...added.map((title) => `+ ${title}`),
    ...changed.map(({ title, fields }) => `~ ${title} (${fields.join(', ')})`),
  ];
  const confirm = l10n.t('Import');
  const counts = [added.length, changed.length, unchanged] as const;
  const question =
    name === ''
      ? l10n.t('Add {0} cards and change {1}? {2} stay as they are.', ...counts)
      : l10n.t('Add {0} cards to “{3}” and change {1}? {2} stay as they are.', ...counts, name);
  const detail =
    lines.length > 20 ? [...lines.slice(0, 20), l10n.t('and {0} more', lines.length - 20)] : lines;
  const options = { modal: true, detail: detail.join('\n') };
  return (await window.showWarningMessage(question, options, confirm)) === confirm;
}

/** Where the new cards of a file go. */
interface Target {
  boardId?: string;
  asNewBoard?: boolean;
  /** As it is called where the user has a choice; empty where that goes without saying. */
  name: string;
}

/** Back to the board that they come from; where that is not here, the user says. Undefined when they change their mind. */
async function targetOf({ state }: CommandContext, { added, boardId }: Preview): Promise<Target | undefined> {
  const boards = boardsOf(state);
  const own = boards.find(({ id }) => id === boardId);
  if (added.length === 0) return { name: '' };
  if (own) return { boardId: own.id, name: boards.length > 1 ? own.name : '' };
  const shown = shownBoard(state)?.id;
  const items: (QuickPickItem & { target: Target })[] = [
    ...[...boards]
      .sort((a, b) => Number(b.id === shown) - Number(a.id === shown))
      .map(({ id, name }) => ({ label: name, target: { boardId: id, name } })),
    {
      label: `$(add) ${l10n.t('A New Board')}`,
      description: l10n.t('with the name and the columns of the file'),
      target: { asNewBoard: true, name: l10n.t('A New Board') },
    },
  ];
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Import Board'),
    placeHolder:
      added.length === 1
        ? l10n.t('To which board does the new card go?')
        : l10n.t('To which board do the {0} new cards go?', added.length),
  });
  return picked?.target;
}

async function showDeleted(context: CommandContext): Promise<void> {
  const deleted = await context.kandev.query('deletedTasks', {});
  if (deleted.length === 0) {
    void window.showInformationMessage(l10n.t('No card was deleted in the last 30 days.'));
    return;
  }
  const several = boardsOf(context.state).length > 1;
  const items: (QuickPickItem & { taskId: string })[] = deleted.map(({ task, board, deletedAt }) => ({
    label: task.title,
    description: [
      ...(several || board.isDeleted ? [board.name] : []),
      l10n.t('deleted on {0}', new Date(deletedAt).toLocaleString()),
      ...(board.isDeleted ? [l10n.t('its board was deleted, too')] : []),
    ].join(' · '),
    taskId: task.id,
  }));
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Deleted Cards'),
    placeHolder: l10n.t('Which cards do you want back? They are kept for 30 days.'),
    canPickMany: true,
    matchOnDescription: true,
  });
  for (const { taskId } of picked ?? []) await context.kandev.execute('task.restore', { taskId });
}

function backupKinds(): Record<'daily' | 'migration' | 'restore', string> {
  return {
    daily: l10n.t('Made by itself'),
    migration: l10n.t('Before an update of the format'),
    restore: l10n.t('Before another backup was restored'),
  };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError({
      reason: 'invalid-input',
      message: l10n.t('{0} is not a Kandev board: {1}.', path, (error as Error).message),
    });
  }
}

/** A board's name as that of a file. */
function fileNameOf(name: string): string {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
  return plain.replace(/^-|-$/g, '') || 'board';
}

function inFolder(name: string): Uri {
  const [folder] = workspace.workspaceFolders ?? [];
  return folder ? Uri.joinPath(folder.uri, name) : Uri.file(name);
}
