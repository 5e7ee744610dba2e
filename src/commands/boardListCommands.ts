import {
  l10n,
  QuickPickItemKind,
  ThemeIcon,
  window,
  type QuickInputButton,
  type QuickPick,
  type QuickPickItem,
} from 'vscode';
import { boardInUse, type Board } from '../model/board.ts';
import { needsUser } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import { isBusy } from '../model/run.ts';
import { boardsOf, cardsOnBoard, findCard, shownBoard } from '../providers/boardState.ts';
import { isForSelection, pickCard, selectedTaskIds } from './pickCard.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

/** The boards of the folder: which one this window shows, their names and their order, and which card stands where. */
export const boardListCommands: CommandTable = {
  'kandev.switchBoard': switchBoard,

  'kandev.newBoard': (context) => newBoard(context),

  'kandev.renameBoard': (context) => renameBoard(context, required(context)),

  'kandev.deleteBoard': (context) => deleteBoard(context, required(context)),

  'kandev.moveBoardUp': (context) => placeBoard(context, required(context), 'up'),

  'kandev.moveBoardDown': (context) => placeBoard(context, required(context), 'down'),

  'kandev.moveToBoard': async (context, clicked, selected) => {
    const taskIds = await wantedCards(context, clicked, selected);
    const target = taskIds.length > 0 ? await pickTarget(context, taskIds) : undefined;
    if (target) await context.moves.toBoard(taskIds, target);
  },

  'kandev.showBoardKeys': (context) => {
    context.board.showHelp();
    return Promise.resolve();
  },
};

type BoardAction = 'rename' | 'delete' | 'up' | 'down';

interface BoardButton extends QuickInputButton {
  action: BoardAction;
}

interface BoardItem extends QuickPickItem {
  /** The board that it stands for, or what else is done. */
  target: Board | 'new' | 'restore' | null;
}

/** Each board with how many cards it has and what waits for the user there; the list follows what happens meanwhile. */
async function switchBoard(context: CommandContext): Promise<void> {
  const canRestore = (await context.kandev.query('deletedBoards', {})).length > 0;
  const picker = window.createQuickPick<BoardItem>();
  picker.title = l10n.t('Switch Board');
  picker.placeholder = l10n.t('Which board do you want to see?');
  picker.matchOnDescription = true;
  const fill = (): void => {
    const active = boardIn(picker.activeItems[0]) ?? shownBoard(context.state);
    picker.items = boardItems(context, canRestore);
    picker.activeItems = picker.items.filter((item) => boardIn(item)?.id === active?.id);
  };
  fill();
  const following = context.state.onDidChange(fill);
  picker.onDidTriggerItemButton(({ item, button }) => {
    const board = boardIn(item);
    if (!board) return;
    const { action } = button as BoardButton;
    // Those that ask something take the place of the list.
    void context.failures.guard(() => boardActions[action](context, board));
  });
  const [item, typed] = await accepted(picker);
  following.dispose();
  const board = boardIn(item);
  if (board) context.state.show(board.id);
  else if (item?.target === 'new') await newBoard(context, typed);
  else if (item?.target === 'restore') await restoreBoard(context);
}

const boardActions: Readonly<
  Record<BoardAction, (context: CommandContext, board: Board) => Promise<unknown>>
> = {
  rename: renameBoard,
  delete: deleteBoard,
  up: (context, board) => placeBoard(context, board, 'up'),
  down: (context, board) => placeBoard(context, board, 'down'),
};

/** What was chosen, and what was typed then. */
function accepted(picker: QuickPick<BoardItem>): Promise<[BoardItem | undefined, string]> {
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve([picker.selectedItems[0], picker.value]);
      picker.dispose();
    });
    picker.onDidHide(() => {
      resolve([undefined, '']);
      picker.dispose();
    });
    picker.show();
  });
}

function boardItems(context: CommandContext, canRestore: boolean): BoardItem[] {
  const boards = boardsOf(context.state);
  const shown = shownBoard(context.state)?.id;
  return [
    ...boards.map((board, index): BoardItem => ({
      label: board.name,
      iconPath: new ThemeIcon(board.id === shown ? 'check' : 'blank'),
      description: countsText(context, board),
      buttons: boardButtons(index, boards.length),
      target: board,
    })),
    { label: '', kind: QuickPickItemKind.Separator, target: null },
    { label: `$(add) ${l10n.t('New Board…')}`, alwaysShow: true, target: 'new' },
    ...(canRestore
      ? [
          {
            label: `$(history) ${l10n.t('Restore Deleted Board…')}`,
            alwaysShow: true,
            target: 'restore' as const,
          },
        ]
      : []),
  ];
}

function boardButtons(index: number, count: number): BoardButton[] {
  const button = (action: BoardAction, icon: string, tooltip: string): BoardButton => ({
    ...{ action, iconPath: new ThemeIcon(icon), tooltip },
  });
  return [
    ...(index > 0 ? [button('up', 'arrow-up', l10n.t('Move Up'))] : []),
    ...(index < count - 1 ? [button('down', 'arrow-down', l10n.t('Move Down'))] : []),
    button('rename', 'edit', l10n.t('Rename Board…')),
    ...(count > 1 ? [button('delete', 'trash', l10n.t('Delete Board…'))] : []),
  ];
}

function boardIn(item: BoardItem | undefined): Board | undefined {
  return typeof item?.target === 'object' && item.target !== null ? item.target : undefined;
}

/** How many cards it has, how many of them agents work on, and how many wait for the user. */
function countsText({ state }: CommandContext, { id }: Board): string {
  const cards = cardsOnBoard(state, id);
  const running = cards.filter(({ run }) => run !== null && isBusy(run.state)).length;
  const waiting = cards.filter(needsUser).length;
  return [
    cardCount(cards.length),
    ...(running > 0 ? [l10n.t('{0} running', running)] : []),
    ...(waiting === 0
      ? []
      : [`$(bell-dot) ${waiting === 1 ? l10n.t('1 needs you') : l10n.t('{0} need you', waiting)}`]),
  ].join(' · ');
}

function cardCount(count: number): string {
  return count === 1 ? l10n.t('1 card') : l10n.t('{0} cards', count);
}

/** The board that this window shows. @throws UserError while there is none */
function required({ state }: CommandContext): Board {
  const board = shownBoard(state);
  if (board) return board;
  throw new UserError({ reason: 'not-found', message: l10n.t('The board is not open yet.') });
}

/** Makes a board and shows it. Undefined when the user changes their mind. */
async function newBoard(context: CommandContext, name = ''): Promise<Board | undefined> {
  const wanted = await askName(context, { title: l10n.t('New Board'), value: name });
  if (wanted === undefined) return undefined;
  const board = await context.kandev.execute('board.create', { name: wanted });
  context.state.show(board.id);
  return board;
}

async function renameBoard(context: CommandContext, board: Board): Promise<void> {
  const name = await askName(context, { title: l10n.t('Rename Board'), value: board.name, board });
  if (name !== undefined && name !== board.name) {
    await context.kandev.execute('board.rename', { boardId: board.id, name });
  }
}

async function askName(
  { state }: CommandContext,
  { title, value, board }: { title: string; value: string; board?: Board },
): Promise<string | undefined> {
  const taken = new Set(boardsOf(state).flatMap(({ id, name }) => (id === board?.id ? [] : [name])));
  const typed = await window.showInputBox({
    title,
    value,
    prompt: l10n.t('What is the board called?'),
    validateInput: (text) => {
      const name = text.trim();
      if (name === '') return l10n.t('A board needs a name.');
      if (name.length > 60) return l10n.t('The name of a board has at most 60 characters.');
      return taken.has(name) ? l10n.t('There is a board “{0}” already.', name) : undefined;
    },
  });
  return typed?.trim();
}

async function placeBoard(
  context: CommandContext,
  { id: boardId }: Board,
  way: 'up' | 'down',
): Promise<void> {
  const ids = boardsOf(context.state).map(({ id }) => id);
  const index = ids.indexOf(boardId);
  const isAtEnd = way === 'up' ? index === 0 : index === ids.length - 1;
  if (isAtEnd) return;
  const beforeBoardId = (way === 'up' ? ids[index - 1] : ids[index + 2]) ?? null;
  await context.kandev.execute('board.place', { boardId, beforeBoardId });
}

/** Names what goes with it and asks; then there is a way back for as long as for a card. */
async function deleteBoard(context: CommandContext, board: Board): Promise<void> {
  // What is refused anyhow needs no question: the answer says why.
  if (boardsOf(context.state).length > 1) {
    const cards = cardsOnBoard(context.state, board.id);
    const working = cards.find(({ run }) => run !== null && isBusy(run.state));
    if (working) throw boardInUse(board.name, working.task);
    if (cards.length > 0 && !(await confirmDeletion(context, board))) return;
  }
  const wasShown = shownBoard(context.state)?.id === board.id;
  await context.kandev.execute('board.delete', { boardId: board.id });
  offerUndo(context, board, wasShown);
}

async function confirmDeletion(context: CommandContext, { id, name }: Board): Promise<boolean> {
  const cards = cardsOnBoard(context.state, id);
  const titles = cards.map(({ task }) => `• ${task.title}`);
  const shown =
    titles.length > 6 ? [...titles.slice(0, 5), l10n.t('and {0} more', titles.length - 5)] : titles;
  const untaken = await untakenCount(
    context,
    cards.map(({ task }) => task.id),
  );
  const detail = [
    shown.join('\n'),
    ...(untaken === 0
      ? []
      : [
          l10n.t(
            'Nobody has taken what agents have done for {0} of them. The work is kept all the same: “Kandev: Show Workspaces…” lists it.',
            untaken,
          ),
        ]),
    l10n.t('The board and its cards can be brought back for 30 days.'),
  ].join('\n\n');
  const question =
    cards.length === 1
      ? l10n.t('Delete the board “{0}” with its card?', name)
      : l10n.t('Delete the board “{0}” with its {1} cards?', name, cards.length);
  const confirm = l10n.t('Delete Board');
  return (await window.showWarningMessage(question, { modal: true, detail }, confirm)) === confirm;
}

/** How many of the cards have a workspace of their own with work that nobody has taken. */
async function untakenCount({ kandev, state }: CommandContext, taskIds: readonly string[]): Promise<number> {
  let count = 0;
  for (const taskId of taskIds) {
    const workspace = findCard(state, taskId)?.run?.workspace;
    if (!workspace || workspace.kind === 'folder') continue;
    const work = await kandev.query('workspace.work', { taskId });
    if (work === 'untaken' || work === 'unknown') count++;
  }
  return count;
}

function offerUndo(context: CommandContext, { id: boardId, name }: Board, wasShown: boolean): void {
  const text = l10n.t('The board “{0}” was deleted.', name);
  const undo = async (): Promise<void> => {
    await context.kandev.execute('board.restore', { boardId });
    if (wasShown) context.state.show(boardId);
  };
  const step = { text, isOffered: true, undo };
  context.history.add(step);
  const label = l10n.t('Undo');
  void window.showInformationMessage(text, label).then(async (chosen) => {
    if (chosen === label) await context.failures.guard(() => context.history.undo(step));
  });
}

async function restoreBoard(context: CommandContext): Promise<void> {
  const deleted = await context.kandev.query('deletedBoards', {});
  const items = deleted.map(({ board, deletedAt, cards }) => ({
    label: board.name,
    description: [cardCount(cards), l10n.t('deleted on {0}', new Date(deletedAt).toLocaleString())].join(
      ' · ',
    ),
    boardId: board.id,
  }));
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Restore Deleted Board'),
    placeHolder: l10n.t('Which board do you want back? They are kept for 30 days.'),
  });
  if (!picked) return;
  await context.kandev.execute('board.restore', { boardId: picked.boardId });
  context.state.show(picked.boardId);
}

async function wantedCards(context: CommandContext, clicked: unknown, selected: unknown): Promise<string[]> {
  const taskIds = isForSelection(clicked)
    ? context.view.selectedTaskIds()
    : selectedTaskIds(clicked, selected);
  if (taskIds.length > 0) return taskIds;
  const card = await pickCard(context, undefined, () => true, {
    placeholder: l10n.t('Which card do you want to move to another board?'),
    none: l10n.t('There are no cards yet.'),
  });
  return card ? [card.task.id] : [];
}

/** Another board than that of the cards, or a new one. */
async function pickTarget(context: CommandContext, taskIds: readonly string[]): Promise<Board | undefined> {
  const { state } = context;
  const cards = taskIds.flatMap((taskId) => findCard(state, taskId) ?? []);
  const title = cards[0]?.task.title ?? '';
  const targets = boardsOf(state).filter(({ id }) => cards.some(({ task }) => task.boardId !== id));
  const items: BoardItem[] = [
    ...targets.map((board) => ({
      label: board.name,
      description: countsText(context, board),
      target: board,
    })),
    { label: `$(add) ${l10n.t('New Board…')}`, alwaysShow: true, target: 'new' },
  ];
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Move to Board'),
    placeHolder:
      cards.length === 1
        ? l10n.t('To which board do you want to move “{0}”?', title)
        : l10n.t('To which board do you want to move {0} cards?', cards.length),
  });
  if (picked?.target !== 'new') return boardIn(picked);
  const name = await askName(context, { title: l10n.t('New Board'), value: '' });
  return name === undefined ? undefined : context.kandev.execute('board.create', { name });
}
