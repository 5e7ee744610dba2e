import { l10n, window } from 'vscode';
import type { CommandInput } from '../api/contract.ts';
import type { CardView } from '../model/cardView.ts';
import type { Task, TaskState } from '../model/task.ts';
import { nextStates, stateNames } from '../model/taskState.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { useTemplate } from '../providers/templatePicker.ts';
import { askForNewCard } from './newCard.ts';
import { shownBoard } from '../providers/boardState.ts';
import { isForSelection, pickCard, selectedTaskIds } from './pickCard.ts';

const anyCard = (): boolean => true;

/** The entries of the "Move To" submenu; the manifest shows those that the table of states allows. */
const moveTargets = {
  'kandev.moveToBacklog': 'BACKLOG',
  'kandev.moveToToDo': 'TODO',
  'kandev.moveToInProgress': 'IN_PROGRESS',
  'kandev.moveToReview': 'REVIEW',
  'kandev.moveToDone': 'COMPLETED',
  'kandev.moveToCancelled': 'CANCELLED',
} as const satisfies Record<string, TaskState>;

const moveToCommands: CommandTable = Object.fromEntries(
  Object.entries(moveTargets).map(([id, to]) => [
    id,
    async (context: CommandContext, clicked: unknown, selected: unknown) => {
      const taskIds = selectedTaskIds(clicked, selected);
      await context.moves.move(taskIds.map((taskId) => ({ taskId, to, beforeTaskId: null })));
    },
  ]),
);

/** Cards: create, edit, move, delete. */
export const cardCommands: CommandTable = {
  'kandev.createTask': async (context, argument) => {
    const input = await askForNewCard(context, columnStateOf(argument));
    return input && createHere(context, input);
  },

  'kandev.createTaskFromTemplate': async (context) => {
    const template = await useTemplate(context.kandev);
    const input = template && (await askForNewCard(context, 'BACKLOG', template));
    return input && createHere(context, input);
  },

  'kandev.editTask': async (context, argument) => {
    const wanted = isForSelection(argument) ? context.view.selectedTaskIds()[0] : argument;
    const card = await pickCard(context, wanted, anyCard, {
      placeholder: l10n.t('Which card do you want to edit?'),
      none: l10n.t('There are no cards yet.'),
    });
    if (card) context.board.startEdit(card.task.id);
  },

  'kandev.moveTask': async (context, argument) => {
    const card = await pickCard(context, argument, anyCard, {
      placeholder: l10n.t('Which card do you want to move?'),
      none: l10n.t('There are no cards yet.'),
    });
    const to = card && (await pickState(card));
    if (to) await context.moves.move([{ taskId: card.task.id, to, beforeTaskId: null }]);
  },

  'kandev.deleteTask': async (context, clicked, selected) => {
    const taskIds = isForSelection(clicked)
      ? context.view.selectedTaskIds()
      : selectedTaskIds(clicked, selected);
    if (taskIds.length > 1) {
      await context.deletion.delete(taskIds);
      return;
    }
    const card = await pickCard(context, taskIds[0], anyCard, {
      placeholder: l10n.t('Which card do you want to delete?'),
      none: l10n.t('There are no cards yet.'),
    });
    if (card) await context.deletion.delete([card.task.id]);
  },

  ...moveToCommands,

  'kandev.undo': async (context) => {
    const step = await context.history.undo();
    const text = step ? l10n.t('Taken back: {0}', step.text) : l10n.t('There is nothing to take back.');
    window.setStatusBarMessage(text, 5000);
  },

  'kandev.addSampleCards': (context) =>
    context.kandev.execute('board.addSamples', { boardId: shownBoard(context.state)?.id }),
};

/** On the board that this window shows. */
function createHere(context: CommandContext, input: CommandInput<'task.create'>): Promise<Task> {
  return context.kandev.execute('task.create', { ...input, boardId: shownBoard(context.state)?.id });
}

async function pickState({ task }: CardView): Promise<TaskState | undefined> {
  const items = nextStates(task.state).map((state) => ({ label: stateNames[state], state }));
  const picked = await window.showQuickPick(items, {
    placeHolder: l10n.t('Move “{0}” from {1} to…', task.title, stateNames[task.state]),
  });
  return picked?.state;
}

/** From a column's menu a card goes to that column, where cards may begin there. */
function columnStateOf(argument: unknown): 'BACKLOG' | 'TODO' {
  const column =
    typeof argument === 'object' && argument !== null && 'column' in argument ? argument.column : null;
  const id = typeof column === 'object' && column !== null && 'id' in column ? column.id : null;
  return id === 'todo' ? 'TODO' : 'BACKLOG';
}
