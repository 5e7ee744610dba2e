import { l10n, window, type QuickPickItem } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { stateNames } from '../model/taskState.ts';
import { cardsOf, otherBoardName } from '../providers/boardState.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';

interface DependencyItem extends QuickPickItem {
  taskId: string;
}

/** Which cards have to be done before others. */
export const dependencyCommands: CommandTable = {
  'kandev.chooseDependencies': async (context, argument) => {
    const card = await pickCard(context, argument, () => true, {
      placeholder: l10n.t('Which card depends on others?'),
      none: l10n.t('There are no cards yet.'),
    });
    if (!card) return;
    const dependsOn = await pickDependencies(context, card);
    if (!dependsOn) return;
    await context.kandev.execute('task.setDependencies', { taskId: card.task.id, dependsOn });
  },
};

async function pickDependencies(context: CommandContext, card: CardView): Promise<string[] | undefined> {
  const now = new Set(card.dependencies.map(({ taskId }) => taskId));
  const { boardId } = card.task;
  const items = [...cardsOf(context.state)]
    .filter(({ task }) => task.id !== card.task.id)
    .sort((a, b) => Number(b.task.boardId === boardId) - Number(a.task.boardId === boardId))
    .map(({ task }): DependencyItem => ({
      label: task.title,
      description: [stateNames[task.state], otherBoardName(context.state, task.boardId)]
        .filter((part) => part !== '')
        .join(' · '),
      picked: now.has(task.id),
      taskId: task.id,
    }))
    .sort((a, b) => Number(b.picked) - Number(a.picked));
  if (items.length === 0) {
    void window.showInformationMessage(l10n.t('There is no other card yet.'));
    return undefined;
  }
  const picked = await window.showQuickPick(items, {
    canPickMany: true,
    matchOnDescription: true,
    title: l10n.t('“{0}” depends on', card.task.title),
    placeHolder: l10n.t('Choose the cards that have to be done before it; none: it waits for no other'),
  });
  return picked?.map(({ taskId }) => taskId);
}
