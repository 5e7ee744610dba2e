import { l10n, window } from 'vscode';
import type { Column, ColumnChange } from '../model/board.ts';
import { shownBoard, shownCards } from '../providers/boardState.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

/** The columns of the board that is shown: their names, their limits, and which are shown. */
export const columnCommands: CommandTable = {
  'kandev.renameColumn': async (context, argument) => {
    const column = await pickColumn(context, argument, l10n.t('Which column do you want to rename?'));
    if (!column) return;
    const title = await window.showInputBox({
      title: l10n.t('Rename Column'),
      prompt: l10n.t('What its cards can do and what leads to them stays as it is.'),
      value: column.title,
      validateInput: (value) => (value.trim() === '' ? l10n.t('A column needs a name.') : undefined),
    });
    if (title !== undefined) await change(context, column, { title });
  },

  'kandev.limitColumn': async (context, argument) => {
    const column = await pickColumn(context, argument, l10n.t('Which column do you want to limit?'));
    if (!column) return;
    const typed = await window.showInputBox({
      title: l10n.t('Limit of “{0}”', column.title),
      prompt: l10n.t(
        'How many cards should stand in it at most? Empty: any number. The board warns beyond that.',
      ),
      value: column.limit === undefined ? '' : String(column.limit),
      validateInput: (value) =>
        /^\s*([1-9]\d{0,3})?\s*$/.test(value)
          ? undefined
          : l10n.t('Type a number from 1 to 9999, or nothing.'),
    });
    if (typed === undefined) return;
    await change(context, column, { limit: typed.trim() === '' ? null : Number(typed) });
  },

  'kandev.collapseColumn': async (context, argument) => {
    const column = await pickColumn(context, argument, l10n.t('Which column do you want to collapse?'));
    if (column) await change(context, column, { isCollapsed: column.isCollapsed !== true });
  },

  'kandev.hideColumn': async (context, argument) => {
    const column = await pickColumn(context, argument, l10n.t('Which column do you want to hide?'));
    if (column) await change(context, column, { isHidden: true });
  },

  'kandev.chooseColumns': async (context) => {
    const items = columnsOf(context).map((column) => ({
      label: column.title,
      description: countText(context, column),
      picked: column.isHidden !== true,
      column,
    }));
    const picked = await window.showQuickPick(items, {
      canPickMany: true,
      title: l10n.t('Columns'),
      placeHolder: l10n.t('Which columns do you want to see?'),
    });
    if (!picked) return;
    const shown = new Set(picked.map(({ column }) => column.id));
    // First those that come back: one column has to be left to see at any time.
    const changed = items
      .map(({ column }) => column)
      .filter((column) => isShown(column) !== shown.has(column.id));
    for (const column of changed.sort((a, b) => Number(isShown(a)) - Number(isShown(b)))) {
      await change(context, column, { isHidden: isShown(column) });
    }
  },
};

function isShown({ isHidden }: Column): boolean {
  return isHidden !== true;
}

function columnsOf({ state }: CommandContext): readonly Column[] {
  return shownBoard(state)?.columns ?? [];
}

async function change(context: CommandContext, { id: columnId }: Column, to: ColumnChange): Promise<void> {
  const boardId = shownBoard(context.state)?.id;
  await context.kandev.execute('board.setColumn', { boardId, columnId, ...to });
}

function countText({ state }: CommandContext, column: Column): string {
  const count = shownCards(state).filter(({ task }) => column.states.includes(task.state)).length;
  return count === 1 ? l10n.t('1 card') : l10n.t('{0} cards', count);
}

/** The one it was called on, in the tree or on the board, else one the user picks. */
async function pickColumn(
  context: CommandContext,
  argument: unknown,
  placeHolder: string,
): Promise<Column | undefined> {
  const columns = columnsOf(context);
  const wanted = columnIdOf(argument);
  if (wanted !== null) return columns.find(({ id }) => id === wanted);
  const items = columns.map((column) => ({
    label: column.title,
    description: countText(context, column),
    column,
  }));
  return (await window.showQuickPick(items, { placeHolder }))?.column;
}

function columnIdOf(argument: unknown): string | null {
  if (typeof argument !== 'object' || argument === null) return null;
  if ('columnId' in argument && typeof argument.columnId === 'string') return argument.columnId;
  const column = 'column' in argument ? argument.column : null;
  if (typeof column !== 'object' || column === null || !('id' in column)) return null;
  return typeof column.id === 'string' ? column.id : null;
}
